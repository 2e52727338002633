import { contextState, exemplarLabels } from '../base/context.js'
import type { Clock } from '../base/clock.js'
import type { BucketSearch } from './bucket-search.js'
import { ChunkMemory, type MemoryKind } from './memory.js'
import type { Exemplar } from './metric.js'

/** What all cells of a store need to know of their surroundings. */
export interface Epochs {
  /** Rises with each gathering. Rows are marked with it; exemplars are taken once per bucket and epoch. */
  current: number
  /** Rises, together with the epoch, when rows or columns go or move: whoever keeps the place of a row must find it again. */
  structure: number
  restructure(): void
  readonly clock: Clock
}

/**
 * The running data of one column (a view or an instrument) for the rows of one chunk.
 *
 * `record` is the record path: it allocates nothing, makes no closure or string, reads no clock and cannot
 * throw; it answers false where it could not take the value. Four classes implement it and no more are to:
 * with a fifth, V8 looks the method up at each call; a further kind gets a call site of its own.
 */
export interface Cells {
  record(cell: number, value: number): boolean
  /** Ties what was just recorded to its origin. */
  attach(cell: number, value: number, attachments: Readonly<Record<string, string>>, epochs: Epochs): void
  value(cell: number): number
  count(cell: number): number
  sumOfSquaredDeviation(cell: number): number
  bucket(cell: number, bucket: number): number
  exemplar(cell: number, bucket: number): Exemplar | undefined
  clear(cell: number): void
  copy(cell: number, from: Cells, fromCell: number): void
}

/**
 * Running sums. Small whole numbers are added in an Int32 slot, four times as fast as a double, and carried
 * over at 2^31; see bench/metrics/cells.bench.js.
 */
export class SumCells implements Cells {
  readonly #rest: Float64Array
  /** The whole part of each sum, below 2^31; what a bound record adds to by itself. @internal */
  readonly slots: Int32Array
  #exemplars: Map<number, Exemplar> | undefined

  constructor(rows: number, kind: MemoryKind) {
    const memory = new ChunkMemory(rows, rows, kind)
    this.#rest = memory.doubles(rows)
    this.slots = memory.words(rows)
  }

  record(cell: number, value: number): boolean {
    if ((value | 0) === value && value >= 0) {
      const sum = (this.slots[cell]! + value) | 0
      this.slots[cell] = sum
      if (sum < 0) this.carry(cell) // past 2^31 it reads negative; unsigned it is still right
      return true
    }
    const sum = this.#rest[cell]! + value
    if (sum - sum !== 0) return false // would be infinite
    this.#rest[cell] = sum
    return true
  }

  /** Moves the whole part to where there is room for more. */
  protected carry(cell: number): void {
    this.#rest[cell]! += this.slots[cell]! >>> 0
    this.slots[cell] = 0
  }

  attach(cell: number, value: number, attachments: Readonly<Record<string, string>>, epochs: Epochs): void {
    this.#exemplars ??= new Map()
    this.#exemplars.set(cell, exemplarOf(value, attachments, epochs))
  }

  value(cell: number): number {
    return this.#rest[cell]! + this.slots[cell]!
  }

  count(): number {
    return 0
  }

  sumOfSquaredDeviation(): number {
    return 0
  }

  bucket(): number {
    return 0
  }

  exemplar(cell: number): Exemplar | undefined {
    return this.#exemplars?.get(cell)
  }

  clear(cell: number): void {
    this.#rest[cell] = 0
    this.slots[cell] = 0
    this.#exemplars?.delete(cell)
  }

  copy(cell: number, from: Cells, fromCell: number): void {
    this.slots[cell] = 0
    this.#rest[cell] = from.value(fromCell)
    const exemplar = from.exemplar(fromCell, 0)
    if (exemplar !== undefined) (this.#exemplars ??= new Map()).set(cell, exemplar)
  }
}

/** Running counts of values, whatever the values are. */
export class CountCells extends SumCells {
  // No call of `super`: V8 looks such a call up each time, which would cost more than all the rest.
  override record(cell: number, _value?: number): boolean {
    const count = (this.slots[cell]! + 1) | 0
    this.slots[cell] = count
    if (count < 0) this.carry(cell)
    return true
  }

  override attach(cell: number, _value: number, attachments: Readonly<Record<string, string>>, epochs: Epochs): void {
    super.attach(cell, 1, attachments, epochs)
  }
}

/** The newest value of each row; takes any number. */
export class LastValueCells implements Cells {
  readonly #values: Float64Array

  constructor(rows: number, kind: MemoryKind) {
    this.#values = new ChunkMemory(rows, 0, kind).doubles(rows)
  }

  record(cell: number, value: number): boolean {
    this.#values[cell] = value + 0 // −0 becomes 0
    return true
  }

  /** For gauges that count up and down; false where that would make a finite value infinite. */
  add(cell: number, value: number): boolean {
    const before = this.#values[cell]!
    const sum = before + value
    if (sum - sum !== 0 && before - before === 0) return false
    this.#values[cell] = sum
    return true
  }

  attach(): void {}

  value(cell: number): number {
    return this.#values[cell]!
  }

  count(): number {
    return 0
  }

  sumOfSquaredDeviation(): number {
    return 0
  }

  bucket(): number {
    return 0
  }

  exemplar(): undefined {}

  clear(cell: number): void {
    this.#values[cell] = 0
  }

  copy(cell: number, from: Cells, fromCell: number): void {
    this.#values[cell] = from.value(fromCell)
  }
}

/**
 * Buckets, count, sum and sum of squared deviations of each row. Everything of a row is written in one
 * go, so that whoever reads between two records finds buckets that add up to the count.
 */
export class DistributionCells implements Cells {
  /** Count, sum, sum of squared deviations of each row, side by side: one line of the processor's cache. */
  readonly #moments: Float64Array
  readonly #buckets: Int32Array
  readonly #search: BucketSearch
  readonly #width: number
  readonly #epochs: Epochs
  /** Counts of buckets beyond 2^31, by place; most programs never make this map. */
  #carried: Map<number, number> | undefined
  #exemplars: Map<number, Exemplar> | undefined
  #exemplarEpochs: Map<number, number> | undefined

  constructor(rows: number, kind: MemoryKind, search: BucketSearch, epochs: Epochs) {
    this.#search = search
    this.#epochs = epochs
    this.#width = search.bounds.length + 1
    const memory = new ChunkMemory(rows * 3, rows * this.#width, kind)
    this.#moments = memory.doubles(rows * 3)
    this.#buckets = memory.words(rows * this.#width)
  }

  record(cell: number, value: number): boolean {
    const moments = this.#moments
    const at = cell * 3
    const count = moments[at]!
    const before = moments[at + 1]!
    const sum = before + value
    if (sum - sum !== 0) return false // would be infinite
    moments[at] = count + 1
    moments[at + 1] = sum
    // Youngs and Cramer's update: needs no mean, and stays exact where sums of squares cancel.
    const deviation = count * value - before
    moments[at + 2] = moments[at + 2]! + (count === 0 ? 0 : (deviation * deviation) / (count * (count + 1)))
    const place = cell * this.#width + this.#search.find(value)
    const buckets = this.#buckets
    const bucket = (buckets[place]! + 1) | 0
    buckets[place] = bucket
    if (bucket < 0 || contextState.openSampledSpans > 0) this.#recordRarely(place, value)
    return true
  }

  /** What few values need, apart from what all do: the compiler then has room to put the latter where it is called. */
  #recordRarely(place: number, value: number): void {
    if (this.#buckets[place]! < 0) this.#carry(place)
    if (contextState.openSampledSpans > 0) this.#takeExemplar(place, value)
  }

  #carry(place: number): void {
    this.#carried ??= new Map()
    this.#carried.set(place, (this.#carried.get(place) ?? 0) + 2 ** 31)
    this.#buckets[place] = 0
  }

  /** Keeps the first value of a bucket since the last gathering, where it was recorded inside a sampled span. */
  #takeExemplar(place: number, value: number): void {
    if (this.#exemplarEpochs?.get(place) === this.#epochs.current) return
    const attachments = exemplarLabels()
    if (attachments !== undefined) this.#keep(place, value, attachments)
  }

  #keep(place: number, value: number, attachments: Readonly<Record<string, string>>): void {
    this.#exemplars ??= new Map()
    this.#exemplarEpochs ??= new Map()
    this.#exemplars.set(place, exemplarOf(value, attachments, this.#epochs))
    this.#exemplarEpochs.set(place, this.#epochs.current)
  }

  attach(cell: number, value: number, attachments: Readonly<Record<string, string>>): void {
    this.#keep(cell * this.#width + this.#search.find(value), value, attachments)
  }

  value(cell: number): number {
    return this.#moments[cell * 3 + 1]!
  }

  count(cell: number): number {
    return this.#moments[cell * 3]!
  }

  sumOfSquaredDeviation(cell: number): number {
    return this.#moments[cell * 3 + 2]!
  }

  bucket(cell: number, bucket: number): number {
    const place = cell * this.#width + bucket
    const count = this.#buckets[place]!
    return this.#carried === undefined ? count : count + (this.#carried.get(place) ?? 0)
  }

  exemplar(cell: number, bucket: number): Exemplar | undefined {
    return this.#exemplars?.get(cell * this.#width + bucket)
  }

  clear(cell: number): void {
    this.#moments.fill(0, cell * 3, cell * 3 + 3)
    const start = cell * this.#width
    for (let place = start; place < start + this.#width; place++) {
      this.#buckets[place] = 0
      this.#carried?.delete(place)
      this.#exemplars?.delete(place)
      this.#exemplarEpochs?.delete(place)
    }
  }

  copy(cell: number, from: Cells, fromCell: number): void {
    if (!(from instanceof DistributionCells)) throw new Error('BUG: copied a distribution from another kind')
    this.#moments.set(from.#moments.subarray(fromCell * 3, fromCell * 3 + 3), cell * 3)
    for (let bucket = 0; bucket < this.#width; bucket++) {
      const place = cell * this.#width + bucket
      const count = from.bucket(fromCell, bucket)
      this.#buckets[place] = count % 2 ** 31
      if (count >= 2 ** 31) {
        this.#carried ??= new Map()
        this.#carried.set(place, count - (count % 2 ** 31))
      }
      const exemplar = from.exemplar(fromCell, bucket)
      if (exemplar !== undefined) (this.#exemplars ??= new Map()).set(place, exemplar)
    }
  }
}

/** Frozen, since snapshots hand out the very one that is kept. */
function exemplarOf(value: number, attachments: Readonly<Record<string, string>>, epochs: Epochs): Exemplar {
  return Object.freeze({ value: value + 0, timeUnixMs: epochs.clock.unixMs(), attachments })
}
