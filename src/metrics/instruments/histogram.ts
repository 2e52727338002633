import { timed, Timer } from '../../base/duration-timer.js'
import type { BucketSearch } from '../cells/bucket-search.js'
import type { Epochs } from '../cells/cells.js'
import { DistributionCells } from '../cells/distribution-cells.js'
import { asNumber, observedFault, type Instrument, type InstrumentKind, type InstrumentOptions, type LabelsFor } from './instrument.js'
import { InstrumentHandle, InstrumentSeries, swapped, type ValueAndLabels } from './instrument-handle.js'
import type { SeriesRef } from '../store/series-ref.js'
import { type Labels, mergeLabels } from '../labels/shared-tag-map.js'
import { recordSketched } from '../cells/sketch-cells.js'

export interface HistogramOptions<K extends string = never> extends InstrumentOptions<K> {
  /**
   * Upper bounds of the buckets in the unit, finite and increasing, at most 512; a final infinity is dropped, and so are bounds below 0
   * unless `signed` is true. Default: for `s` 0.005 to 10, for `ms`, `us`, `ns` the same times, for `By` 256 to 64 Mi, otherwise 1 to 10 000.
   */
  readonly bounds?: readonly number[]
  /** True if values below 0 are accepted; OpenMetrics then has no sum. Default false: they are dropped and counted. */
  readonly signed?: boolean
}

/** @param search The search in the bounds of all its series. */
export function histogramKind(search: BucketSearch, isSigned: boolean, epochs: Epochs): InstrumentKind {
  return {
    type: 'CUMULATIVE_DISTRIBUTION',
    cells: (rows) => new DistributionCells(rows, search, epochs),
    bounds: search.bounds,
    isSigned,
    ownOptions: ['bounds', 'signed'],
    startsAtZero: true,
  }
}

/** Base class of histograms and summaries, which observe values or durations. */
export abstract class ObservingInstrument<K extends string> extends InstrumentHandle<K, ObservingSeries> {
  /** Observes a finite number, from 0 unless the instrument is signed. Other values are dropped and counted. */
  observe(...given: ValueAndLabels<K>): void
  observe(value: unknown, labels?: unknown): void {
    if (this.only !== undefined && labels === undefined && typeof value === 'number') this.only.observe(value)
    else observeIn(this.instrument, value, labels)
  }

  /** @internal */
  protected makeSeries(labels: Labels): ObservingSeries {
    return new ObservingSeries(this.instrument, labels)
  }

  /**
   * Starts to measure time. `stop()`, or the end of a `using` block, observes it. Pass labels that are known only later to `stop()`.
   * @throws {@link DefinitionError} `ERR_TIMER_UNIT` unless the unit is s, ms, us, ns, min or h.
   */
  startTimer(labels?: Partial<LabelsFor<K>>): Timer<Partial<LabelsFor<K>>> {
    const { instrument } = this
    const { name, unit } = instrument.descriptor
    const record = (value: number, all: Partial<LabelsFor<K>> | undefined): void => observeIn(instrument, value, all)
    return new Timer({ name, unit, clock: instrument.store.epochs.clock, merge: mergeLabels, record }, labels)
  }

  /**
   * Observes how long `fn` takes, until it returns or its promise settles, also if it fails.
   * @throws {@link DefinitionError} `ERR_TIMER_UNIT`, and what `fn` throws.
   * @example
   * const user = await duration.time({ queue: 'mail' }, () => send(message))
   */
  time<R>(...given: [K] extends [never] ? [fn: () => R] | [labels: LabelsFor<K>, fn: () => R] : [labels: LabelsFor<K>, fn: () => R]): R
  time<R>(first: unknown, second?: unknown): R {
    const [labels, fn] = typeof first === 'function' ? [undefined, first] : [first, second]
    return timed(this.startTimer(labels as Partial<LabelsFor<K>>), fn as () => R)
  }
}

/**
 * Counts values in buckets, and keeps their count and sum. Created by `registry.histogram()`.
 * @example
 * const duration = registry.histogram('job/duration', { unit: 's', labelKeys: ['queue'], bounds: exponentialBounds(0.01, 2, 10) })
 * duration.observe(0.2, { queue: 'mail' })
 */
export class Histogram<K extends string = never> extends ObservingInstrument<K> {}

/** One series of a histogram or a summary. If its row was removed, the next value makes it again. */
export class ObservingSeries extends InstrumentSeries {
  /** Observes a finite number, from 0 unless the instrument is signed. Other values are dropped and counted. */
  observe(value: number): void {
    const number = asNumber(value)
    const { instrument, ref } = this
    const fault = observedFault(number, instrument)
    if (fault !== undefined) return instrument.drop(fault)
    ref.locate()
    observeInCell(instrument, ref, number)
  }

  /** The number of observed values. */
  get count(): number {
    return this.ref.read((cells, cell) => cells.count(cell))
  }

  /** The sum of observed values. */
  get sum(): number {
    return this.ref.read((cells, cell) => cells.value(cell))
  }
}

function observeIn(instrument: Instrument, value: unknown, labels: unknown): void {
  const number = asNumber(value as number)
  const fault = observedFault(number, instrument)
  if (fault !== undefined) return typeof value === 'object' && value !== null ? swapped(instrument) : instrument.drop(fault)
  const row = instrument.rowOf(labels as Labels | undefined)
  if (row < 0) return
  const chunk = instrument.store.chunkOf(row)
  observeInCell(instrument, { chunk, cell: row - chunk.start }, number)
}

function observeInCell(instrument: Instrument, { chunk, cell }: Pick<SeriesRef, 'chunk' | 'cell'>, value: number): void {
  chunk.lastEpochs[cell] = chunk.epochs.current
  const { distribution } = chunk
  const isTaken = distribution === undefined ? recordSketched(chunk.columns[0]!, cell, value) : distribution.record(cell, value)
  if (!isTaken) instrument.drop('too large')
}
