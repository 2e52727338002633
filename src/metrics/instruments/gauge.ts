import { LastValueCells } from '../cells/last-value-cells.js'
import type { MergeRule } from '../data/metric.js'
import { asNumber, gaugeFault, type Instrument, type InstrumentKind, type InstrumentOptions } from './instrument.js'
import {
  areLabels,
  InstrumentHandle,
  InstrumentSeries,
  type OptionalValueAndLabels,
  swapped,
  type ValueAndLabels,
} from './instrument-handle.js'
import type { Labels } from '../labels/shared-tag-map.js'
import type { StoreChunk } from '../store/store-chunk.js'

export interface GaugeOptions<K extends string = never> extends InstrumentOptions<K> {
  /** How gauges of several processes are combined: `sum`, `min`, `max`, `latest` or `each`; see docs/many-processes.md. Default `sum`. */
  readonly merge?: MergeRule
}

export const GAUGE: InstrumentKind = { type: 'GAUGE_DOUBLE', cells: (rows) => new LastValueCells(rows), ownOptions: ['merge'] }

/**
 * A value that increases and decreases. Created by `registry.gauge()`.
 * @example
 * const depth = registry.gauge('queue/depth', { labelKeys: ['queue'] })
 * depth.set(3, { queue: 'mail' })
 */
export class Gauge<K extends string = never> extends InstrumentHandle<K, GaugeSeries> {
  /** Sets the value to any number, also NaN and infinities; −0 becomes 0. */
  set(...given: ValueAndLabels<K>): void
  set(value: unknown, labels?: unknown): void {
    if (this.only !== undefined && labels === undefined && typeof value === 'number') return this.only.set(value)
    const number = asNumber(value as number)
    const instrument = this.instrument
    if (!isSettable(instrument, number)) return
    const row = instrument.rowOf(labels as Labels | undefined)
    if (row < 0) return
    const chunk = instrument.store.chunkOf(row)
    setCell(chunk, row - chunk.start, number)
    this.keepOnly(labels)
  }

  /** Adds a finite number, which may be negative. */
  add(...given: ValueAndLabels<K>): void
  add(value: unknown, labels?: unknown): void {
    if (this.only !== undefined && labels === undefined && typeof value === 'number') this.only.add(value)
    else this.addSlowly(value, labels, 1)
  }

  /** Adds a finite number, by default 1. */
  inc(...given: OptionalValueAndLabels<K>): void
  inc(first?: unknown, second?: unknown): void {
    if (this.only !== undefined && second === undefined && typeof first !== 'object') this.only.inc(first as number | undefined)
    else this.step(first, second, 1)
  }

  /** Subtracts a finite number, by default 1. */
  dec(...given: OptionalValueAndLabels<K>): void
  dec(first?: unknown, second?: unknown): void {
    if (this.only !== undefined && second === undefined && typeof first !== 'object') this.only.dec(first as number | undefined)
    else this.step(first, second, -1)
  }

  /** @internal */
  protected makeSeries(labels: Labels): GaugeSeries {
    return new GaugeSeries(this.instrument, labels)
  }

  /** Labels may be the only argument. @internal */
  protected step(first: unknown, second: unknown, sign: 1 | -1): void {
    const { instrument } = this
    if (typeof first !== 'object' || first === null) this.addSlowly(first === undefined ? 1 : first, second, sign)
    else if (second === undefined && areLabels(instrument, first)) this.addSlowly(1, first, sign)
    else swapped(instrument)
  }

  /** @internal */
  protected addSlowly(value: unknown, labels: unknown, sign: 1 | -1): void {
    const number = asNumber(value as number)
    const { instrument } = this
    if (!isAddable(instrument, number)) return
    const row = instrument.rowOf(labels as Labels | undefined)
    if (row < 0) return
    const chunk = instrument.store.chunkOf(row)
    addToCell(instrument, chunk, row - chunk.start, sign * number)
    this.keepOnly(labels)
  }

  /** Called after a value without labels was accepted, so there are no label keys. @internal */
  protected keepOnly(labels: unknown): void {
    if (labels === undefined) this.only ??= this.makeSeries({})
  }
}

/** One series of a gauge. If its row was removed, the next value makes it again. */
export class GaugeSeries extends InstrumentSeries {
  /** Replaces the value. */
  set(value: number): void {
    const ref = this.ref
    if (ref.isCurrent() && typeof value === 'number' && !this.instrument.isInteger) {
      cellsOf(ref.chunk).record(ref.cell, value)
      return
    }
    const number = asNumber(value)
    if (!isSettable(this.instrument, number)) return
    ref.locate()
    setCell(ref.chunk, ref.cell, number)
  }

  /** Adds a finite number, by default 1. */
  inc(value = 1): void {
    this.add(value)
  }

  /** Subtracts a finite number, by default 1. */
  dec(value = 1): void {
    const number = asNumber(value)
    this.add(typeof number === 'number' ? -number : number) // the minus would make a number of a string
  }

  /** Adds a value, which may be negative. */
  add(value: number): void {
    const ref = this.ref
    if (ref.isCurrent() && typeof value === 'number' && value - value === 0 && !this.instrument.isInteger) {
      if (cellsOf(ref.chunk).add(ref.cell, value)) return
    }
    const number = asNumber(value)
    if (!isAddable(this.instrument, number)) return
    ref.locate()
    addToCell(this.instrument, ref.chunk, ref.cell, number)
  }

  get value(): number {
    return this.ref.read((cells, cell) => cells.value(cell))
  }
}

function setCell(chunk: StoreChunk, cell: number, value: number): void {
  chunk.lastEpochs[cell] = chunk.epochs.current
  cellsOf(chunk).record(cell, value)
}

function addToCell(instrument: Instrument, chunk: StoreChunk, cell: number, value: number): void {
  chunk.lastEpochs[cell] = chunk.epochs.current
  if (!cellsOf(chunk).add(cell, value)) instrument.drop('too large')
}

function cellsOf(chunk: StoreChunk): LastValueCells {
  return chunk.columns[0] as LastValueCells
}

function isSettable(instrument: Instrument, value: unknown): boolean {
  const fault = gaugeFault(value, instrument.isInteger)
  if (fault === undefined) return true
  if (typeof value === 'object' && value !== null) swapped(instrument)
  else instrument.drop(fault)
  return false
}

function isAddable(instrument: Instrument, value: unknown): boolean {
  if (!isSettable(instrument, value)) return false
  if ((value as number) - (value as number) === 0) return true
  instrument.drop(value !== value ? 'nan' : 'infinite')
  return false
}
