import { addWhole } from '../cells/cell-kinds.js'
import { SumCells } from '../cells/sum-cells.js'
import { asNumber, cumulativeFault, type Instrument, type InstrumentKind } from './instrument.js'
import { areLabels, InstrumentHandle, InstrumentSeries, type OptionalValueAndLabels, swapped } from './instrument-handle.js'
import type { Labels } from '../labels/shared-tag-map.js'
import type { StoreChunk } from '../store/store-chunk.js'

export const CUMULATIVE: InstrumentKind = { type: 'CUMULATIVE_DOUBLE', cells: (rows) => new SumCells(rows), startsAtZero: true }

/**
 * A counter: a sum that only increases. Created by `registry.counter()` or its alias `registry.cumulative()`.
 * @example
 * registry.counter('jobs/done', { labelKeys: ['queue'] }).inc({ queue: 'mail' })
 */
export class Cumulative<K extends string = never> extends InstrumentHandle<K, CumulativeSeries> {
  /** Adds a finite number from 0, by default 1. Other values are dropped and counted. The same as {@link add}. */
  inc(...given: OptionalValueAndLabels<K>): void
  inc(first?: unknown, second?: unknown): void {
    if (this.only !== undefined && second === undefined && typeof first !== 'object') this.only.add(first as number | undefined)
    else addGiven(this.instrument, first, second)
  }

  /** Adds a finite number from 0, by default 1. Other values are dropped and counted. */
  add(...given: OptionalValueAndLabels<K>): void
  add(first?: unknown, second?: unknown): void {
    if (this.only !== undefined && second === undefined && typeof first !== 'object') this.only.add(first as number | undefined)
    else addGiven(this.instrument, first, second)
  }

  /** @internal */
  protected makeSeries(labels: Labels): CumulativeSeries {
    return new CumulativeSeries(this.instrument, labels)
  }
}

function addGiven(instrument: Instrument, first: unknown, second: unknown): void {
  if (typeof first !== 'object' || first === null) addTo(instrument, first === undefined ? 1 : first, second)
  else if (second === undefined && areLabels(instrument, first)) addTo(instrument, 1, first)
  else swapped(instrument)
}

function addTo(instrument: Instrument, value: unknown, labels: unknown): void {
  const number = asNumber(value as number)
  const fault = cumulativeFault(number, instrument.isInteger)
  if (fault !== undefined) return instrument.drop(fault)
  const row = instrument.rowOf(labels as Labels | undefined)
  if (row < 0) return
  const chunk = instrument.store.chunkOf(row)
  addToCell(instrument, chunk, row - chunk.start, number)
}

/** One series of a counter. If its row was removed, the next value makes it again, from 0. */
export class CumulativeSeries extends InstrumentSeries {
  /** The same as {@link add}. */
  inc(value = 1): void {
    this.add(value)
  }

  /** Adds a finite value from 0, by default 1. Other values are dropped and counted. */
  add(value = 1): void {
    const ref = this.ref
    if (typeof value === 'number' && value >= 0 && (value | 0) === value && ref.isCurrent()) {
      if (addWhole(ref.chunk.slots, ref.cell, value)) return
    }
    const number = asNumber(value)
    const fault = cumulativeFault(number, this.instrument.isInteger)
    if (fault !== undefined) return this.instrument.drop(fault)
    ref.locate()
    addToCell(this.instrument, ref.chunk, ref.cell, number)
  }

  get value(): number {
    return this.ref.read((cells, cell) => cells.value(cell))
  }
}

function addToCell(instrument: Instrument, chunk: StoreChunk, cell: number, value: number): void {
  chunk.lastEpochs[cell] = chunk.epochs.current
  if (!(chunk.columns[0] as SumCells).record(cell, value)) instrument.drop('too large')
}
