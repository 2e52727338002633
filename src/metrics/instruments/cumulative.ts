import { SumCells } from '../store/sum-cells.js'
import { asNumber, countable, type Instrument, type InstrumentKind, type LabelsFor } from './instrument.js'
import type { Labels } from '../store/row-index.js'
import type { StoreChunk } from '../store/store-chunk.js'
import { SeriesPlace } from '../store/series-ref.js'

export const CUMULATIVE: InstrumentKind = { type: 'CUMULATIVE_DOUBLE', cells: (rows, memory) => new SumCells(rows, memory) }

/**
 * A sum that only rises. Made by `registry.cumulative()`.
 * @example
 * registry.cumulative('jobs/done').add(1)
 */
export class Cumulative<K extends string = never> {
  private readonly instrument: Instrument

  /** @internal */
  constructor(instrument: Instrument) {
    this.instrument = instrument
  }

  /** Adds a finite number from 0; others are dropped and counted. Default 1. */
  add(value = 1, labels?: LabelsFor<K>): void {
    const number = asNumber(value)
    const instrument = this.instrument
    const fault = countable(number, instrument.whole)
    if (fault !== undefined) return instrument.drop(fault)
    const row = instrument.rowOf(labels as Labels | undefined)
    if (row < 0) return
    const chunk = instrument.store.chunkOf(row)
    addToCell(instrument, chunk, row - chunk.start, number)
  }

  /** The series of these labels, to be kept by the caller: the fastest way. It begins at 0 and is shown from now on. */
  timeSeries(labels: LabelsFor<K>): CumulativeSeries {
    return new CumulativeSeries(this.instrument, labels as Labels)
  }

  /** The series without labels. */
  defaultTimeSeries(): CumulativeSeries {
    return new CumulativeSeries(this.instrument, {})
  }

  /** Removes the series of these labels; false where there is none. One that comes back starts anew at 0. */
  remove(labels: LabelsFor<K>): boolean {
    return this.instrument.remove(labels as Labels)
  }

  /** Removes every series whose labels match all that are given; answers how many. */
  removeMatching(labels: Partial<LabelsFor<K>>): number {
    return this.instrument.removeMatching(labels as Record<string, string>)
  }

  /** Removes all series. */
  clear(): void {
    this.instrument.store.clear()
  }
}

/** One series of a cumulative. It makes its row anew, from 0, where that was removed. */
export class CumulativeSeries {
  private readonly instrument: Instrument
  private readonly place: SeriesPlace

  /** @internal */
  constructor(instrument: Instrument, labels: Labels) {
    this.instrument = instrument
    this.place = new SeriesPlace(instrument.store, labels)
    this.place.find()
  }

  add(value = 1): void {
    const number = asNumber(value)
    const fault = countable(number, this.instrument.whole)
    if (fault !== undefined) return this.instrument.drop(fault)
    const place = this.place
    place.locate()
    addToCell(this.instrument, place.chunk, place.cell, number)
  }

  get value(): number {
    const place = this.place
    place.find()
    return place.chunk.columns[0]!.value(place.cell)
  }
}

function addToCell(instrument: Instrument, chunk: StoreChunk, cell: number, value: number): void {
  chunk.marks[cell] = chunk.epochs.current
  if (!(chunk.columns[0] as SumCells).record(cell, value)) instrument.drop('too large')
}
