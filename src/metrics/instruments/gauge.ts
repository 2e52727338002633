import { LastValueCells } from '../store/last-value-cells.js'
import { asNumber, settable, type Instrument, type InstrumentKind, type LabelsFor } from './instrument.js'
import type { Labels } from '../store/row-index.js'
import type { StoreChunk } from '../store/store-chunk.js'
import { SeriesPlace } from '../store/series-ref.js'

export const GAUGE: InstrumentKind = { type: 'GAUGE_DOUBLE', cells: (rows, memory) => new LastValueCells(rows, memory) }

/**
 * A value that goes up and down. Made by `registry.gauge()`.
 * @example
 * const depth = registry.gauge('queue/depth', { labelKeys: ['queue'] })
 * depth.set(3, { queue: 'mail' })
 */
export class Gauge<K extends string = never> {
  private readonly instrument: Instrument

  /** @internal */
  constructor(instrument: Instrument) {
    this.instrument = instrument
  }

  /** Any number is taken, NaN and infinities too; −0 counts as 0. */
  set(value: number, labels?: LabelsFor<K>): void {
    const number = asNumber(value)
    const instrument = this.instrument
    if (!isSettable(instrument, number)) return
    const row = instrument.rowOf(labels as Labels | undefined)
    if (row < 0) return
    const chunk = instrument.store.chunkOf(row)
    setCell(chunk, row - chunk.start, number)
  }

  /** Adds a finite number, which may be negative. */
  add(value: number, labels?: LabelsFor<K>): void {
    const number = asNumber(value)
    const instrument = this.instrument
    if (!isAddable(instrument, number)) return
    const row = instrument.rowOf(labels as Labels | undefined)
    if (row < 0) return
    const chunk = instrument.store.chunkOf(row)
    addToCell(instrument, chunk, row - chunk.start, number)
  }

  /** The series of these labels, to be kept by the caller: the fastest way. It begins at 0 and is shown from now on. */
  timeSeries(labels: LabelsFor<K>): GaugeSeries {
    return new GaugeSeries(this.instrument, labels as Labels)
  }

  /** The series without labels. */
  defaultTimeSeries(): GaugeSeries {
    return new GaugeSeries(this.instrument, {})
  }

  /** Removes the series of these labels; false where there is none. */
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

/** One series of a gauge. It makes its row anew where that was removed. */
export class GaugeSeries {
  private readonly instrument: Instrument
  private readonly place: SeriesPlace

  /** @internal */
  constructor(instrument: Instrument, labels: Labels) {
    this.instrument = instrument
    this.place = new SeriesPlace(instrument.store, labels)
    this.place.find()
  }

  set(value: number): void {
    const number = asNumber(value)
    if (!isSettable(this.instrument, number)) return
    const place = this.place
    place.locate()
    setCell(place.chunk, place.cell, number)
  }

  add(value: number): void {
    const number = asNumber(value)
    if (!isAddable(this.instrument, number)) return
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

function setCell(chunk: StoreChunk, cell: number, value: number): void {
  chunk.marks[cell] = chunk.epochs.current
  cellsOf(chunk).record(cell, value)
}

function addToCell(instrument: Instrument, chunk: StoreChunk, cell: number, value: number): void {
  chunk.marks[cell] = chunk.epochs.current
  if (!cellsOf(chunk).add(cell, value)) instrument.drop('too large')
}

function cellsOf(chunk: StoreChunk): LastValueCells {
  return chunk.columns[0] as LastValueCells
}

function isSettable(instrument: Instrument, value: unknown): boolean {
  const fault = settable(value, instrument.whole)
  if (fault !== undefined) instrument.drop(fault)
  return fault === undefined
}

function isAddable(instrument: Instrument, value: unknown): boolean {
  if (!isSettable(instrument, value)) return false
  if ((value as number) - (value as number) === 0) return true
  instrument.drop(value !== value ? 'nan' : 'infinite')
  return false
}
