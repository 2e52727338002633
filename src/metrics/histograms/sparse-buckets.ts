import type { ExponentialBuckets } from '../data/metric.js'

const START_ROOM = 16

/** The counts of non-empty buckets, in the order of their indexes. */
export class SparseBuckets {
  #indexes = new Int32Array(START_ROOM)
  #counts = new Float64Array(START_ROOM)
  #size = 0
  /** The position of the newest value's bucket, which the next value often needs too. */
  #last = 0

  get size(): number {
    return this.#size
  }

  index(at: number): number {
    return this.#indexes[at]!
  }

  count(at: number): number {
    return this.#counts[at]!
  }

  /** Returns true if the bucket is new. */
  add(index: number, count: number): boolean {
    const last = this.#last
    if (last < this.#size && this.#indexes[last] === index) {
      this.#counts[last]! += count
      return false
    }
    const at = this.#find(index)
    this.#last = at
    if (at < this.#size && this.#indexes[at] === index) {
      this.#counts[at]! += count
      return false
    }
    this.#insert(at, index, count)
    return true
  }

  /** Merges buckets in pairs, which lowers the schema by one. */
  halve(): void {
    let to = -1
    for (let at = 0; at < this.#size; at++) {
      const index = (this.#indexes[at]! + 1) >> 1
      const count = this.#counts[at]!
      if (to >= 0 && this.#indexes[to] === index) {
        this.#counts[to]! += count
      } else {
        this.#indexes[++to] = index
        this.#counts[to] = count
      }
    }
    this.#size = to + 1
    this.#last = 0
  }

  /** Removes the buckets up to `index`, and returns the sum of their counts. */
  removeUpTo(index: number): number {
    let removed = 0
    let at = 0
    while (at < this.#size && this.#indexes[at]! <= index) removed += this.#counts[at++]!
    this.#indexes.copyWithin(0, at, this.#size)
    this.#counts.copyWithin(0, at, this.#size)
    this.#size -= at
    this.#last = 0
    return removed
  }

  clear(): void {
    this.#size = 0
    this.#last = 0
  }

  value(): ExponentialBuckets {
    return { indexes: [...this.#indexes.subarray(0, this.#size)], counts: [...this.#counts.subarray(0, this.#size)] }
  }

  #find(index: number): number {
    let low = 0
    let high = this.#size
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#indexes[middle]! < index) low = middle + 1
      else high = middle
    }
    return low
  }

  #insert(at: number, index: number, count: number): void {
    if (this.#size === this.#indexes.length) {
      const indexes = new Int32Array(this.#size * 2)
      const counts = new Float64Array(this.#size * 2)
      indexes.set(this.#indexes)
      counts.set(this.#counts)
      this.#indexes = indexes
      this.#counts = counts
    }
    this.#indexes.copyWithin(at + 1, at, this.#size)
    this.#counts.copyWithin(at + 1, at, this.#size)
    this.#indexes[at] = index
    this.#counts[at] = count
    this.#size++
  }
}
