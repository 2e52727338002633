import { warnOnce } from '../../base/logger.js'
import type { Instrument, LabelsFor } from './instrument.js'
import { SeriesRef } from '../store/series-ref.js'
import type { Labels } from '../store/shared-tag-map.js'

/** Labels: must be given if there are label keys. */
export type LabelArguments<K extends string> = [K] extends [never] ? [labels?: LabelsFor<K>] : [labels: LabelsFor<K>]

/** A value and labels; the latter must be given if there are label keys. */
export type ValueAndLabels<K extends string> = [K] extends [never]
  ? [value: number, labels?: LabelsFor<K>]
  : [value: number, labels: LabelsFor<K>]

/** The same with a default for the value: labels may be given alone. */
export type OptionalValueAndLabels<K extends string> = [K] extends [never]
  ? [value?: number | undefined, labels?: LabelsFor<K>]
  : [labels: LabelsFor<K>] | [value: number | undefined, labels: LabelsFor<K>]

/** What all instruments have in common: series are kept by the caller, and go away by their labels. */
export abstract class InstrumentHandle<K extends string, S> {
  /** @internal */
  protected readonly instrument: Instrument

  /** @internal */
  constructor(instrument: Instrument) {
    this.instrument = instrument
  }

  /** @internal */
  protected abstract makeSeries(labels: Labels): S

  /** The series of these labels, to be kept by the caller: the fastest way. It begins at 0 and is shown from now on. */
  timeSeries(...[labels]: LabelArguments<K>): S {
    return this.makeSeries((labels ?? {}) as Labels)
  }

  /** The series without labels. */
  defaultTimeSeries(): S {
    return this.makeSeries({})
  }

  /** Removes the series of these labels; false if there is none. One that comes back starts anew. */
  remove(labels: LabelsFor<K>): boolean {
    return this.instrument.remove(labels as Labels)
  }

  /** Removes every series whose labels match all that are given; returns how many. */
  removeMatching(labels: Partial<LabelsFor<K>>): number {
    return this.instrument.removeMatching(labels as Record<string, string>)
  }

  /** Removes all series. Counters, histograms and summaries without label keys are shown from 0 again. */
  clear(): void {
    this.instrument.clear()
  }
}

/** One series of an instrument. It makes its row anew, from 0, if that was removed. */
export abstract class InstrumentSeries {
  /** @internal */
  protected readonly instrument: Instrument
  /** @internal */
  protected readonly place: SeriesRef

  /** @internal */
  constructor(instrument: Instrument, labels: Labels) {
    this.instrument = instrument
    this.place = new SeriesRef(instrument.store, labels)
  }
}

/** Whether what was given alone are labels, rather than something that should have been a number, such as a date. Never throws. */
export function areLabels(instrument: Instrument, given: object): boolean {
  const { labelKeys } = instrument.store
  if (labelKeys.length === 0) return false
  try {
    return labelKeys[0]! in given || Object.getPrototypeOf(given) === Object.prototype || labelKeys.some((key) => key in given)
  } catch {
    return true // a proxy: reading the labels fails too, and is counted
  }
}

/** Drops a value that came after its labels, as `inc(labels, 3)`: to count 1 instead would be worse. */
export function swapped(instrument: Instrument): void {
  instrument.drop('not a number')
  const { name } = instrument.descriptor
  warnOnce('TALLYSCOPE_LABELS', `${name} swapped`, `${name} was given labels before a value, which is dropped: the value comes first`)
}
