import { warnOnce } from '../../base/logger.js'
import type { Instrument, LabelsFor } from './instrument.js'
import { SeriesRef } from '../store/series-ref.js'
import { type Labels, labelsOf } from '../labels/shared-tag-map.js'

/** Labels, which are required if the instrument has label keys. */
export type LabelArguments<K extends string> = [K] extends [never] ? [labels?: LabelsFor<K>] : [labels: LabelsFor<K>]

/** A value and labels. The labels are required if the instrument has label keys. */
export type ValueAndLabels<K extends string> = [K] extends [never]
  ? [value: number, labels?: LabelsFor<K>]
  : [value: number, labels: LabelsFor<K>]

/** The same with an optional value: labels may be the only argument. */
export type OptionalValueAndLabels<K extends string> = [K] extends [never]
  ? [value?: number | undefined, labels?: LabelsFor<K>]
  : [labels: LabelsFor<K>] | [value: number | undefined, labels: LabelsFor<K>]

/** Base class of instruments: returns and removes their series. */
export abstract class InstrumentHandle<K extends string, S> {
  /** @internal */
  protected readonly instrument: Instrument
  /**
   * The series of an instrument without label keys, so that its values need no look-up. A gauge has it after its first value. It is never
   * cleared: it checks its row.
   * @internal
   */
  protected only: S | undefined

  /** @internal */
  constructor(instrument: Instrument) {
    this.instrument = instrument
    this.only = instrument.startsAtZero ? this.makeSeries({}) : undefined
  }

  /** @internal */
  protected abstract makeSeries(labels: Labels): S

  /**
   * Returns the series of these labels, which the caller should keep: the fastest way. It starts at 0 and is exposed from now on. A value that
   * is an object, a function or a symbol is left out, and counted in `tallyscope_refused_tags_total`.
   */
  timeSeries(...given: LabelArguments<K>): S
  timeSeries(labels?: unknown): S {
    return this.makeSeries((labels ?? {}) as Labels)
  }

  /** The series without labels. */
  defaultTimeSeries(): S {
    return this.makeSeries({})
  }

  /**
   * Removes the series of these labels, or the only one of an instrument without label keys. Returns false if there is none. If the series is
   * recorded again, it starts from 0.
   */
  remove(...given: LabelArguments<K>): boolean
  remove(labels?: unknown): boolean {
    return this.instrument.remove(labels as Labels | undefined)
  }

  /** Removes every series that has all of these labels. Returns the number of removed series. */
  removeMatching(labels: Partial<LabelsFor<K>>): number {
    return this.instrument.removeMatching(labels as Record<string, string>)
  }

  /** Removes all series. Counters, histograms and summaries without label keys are then exposed as 0. */
  clear(): void {
    this.instrument.clear()
  }
}

/** One series of an instrument. It creates its row again, from 0, if that was removed. */
export abstract class InstrumentSeries {
  /** @internal */
  protected readonly instrument: Instrument
  /** @internal */
  protected readonly ref: SeriesRef

  /** @internal */
  constructor(instrument: Instrument, labels: Labels) {
    this.instrument = instrument
    this.ref = new SeriesRef(instrument.store, labels)
  }
}

/** True if the only argument is an object of labels, and not a wrong value such as a date. Never throws. */
export function areLabels(instrument: Instrument, given: object): boolean {
  const { labelKeys } = instrument.store
  if (labelKeys.length === 0) return false
  try {
    if (labelKeys[0]! in given) return true
    const prototype: unknown = Object.getPrototypeOf(given)
    if (prototype === Object.prototype || prototype === null) return true
    return labelsOf(given as Labels) !== given || labelKeys.some((key) => key in given)
  } catch {
    return true // a proxy that throws: reading the labels fails too, which is counted
  }
}

/** Drops a value that was passed after its labels, as in `inc(labels, 3)`. Counting 1 instead would be worse. */
export function swapped(instrument: Instrument): void {
  instrument.countDropped('not a number')
  const { name } = instrument.descriptor
  const rule = instrument.store.labelKeys.length === 0 ? 'it has no label keys' : 'the value must be first'
  warnOnce('TALLYSCOPE_LABELS', `${name} swapped`, `${name} was given labels before the value, which is dropped: ${rule}`)
}
