import { ExponentialHistogram, type ExponentialSnapshot } from '../../metrics/histograms/exponential-histogram.js'
import type { ExponentialOptions } from '../../metrics/histograms/exponential-options.js'
import type { ExponentialValue } from '../../metrics/data/metric.js'
import { readExponential } from '../frames/sketch-frames.js'
import { doubles, unsignedWords } from './pages.js'
import type { PayloadReader } from '../frames/payload-reader.js'
import { type RowValues, rounded } from './row-values.js'

const WORD = 2 ** 32

/** The buckets, sums and sums of squared deviations of rows. The count of a row is the sum of its buckets. */
export class DistributionValues implements RowValues {
  readonly #width: number
  readonly #settings: ExponentialOptions
  /** Sum and sum of squared deviations. */
  readonly #moments = doubles(2)
  readonly #buckets
  /** Multiples of 2^32 in counts of buckets, by row and bucket. */
  readonly #highParts = new Map<number, number>()
  #exponentials: Map<number, ExponentialSnapshot> | undefined

  constructor(width: number, settings: Readonly<Record<string, unknown>> | undefined) {
    this.#width = width
    this.#settings = (settings ?? {}) as ExponentialOptions
    this.#buckets = unsignedWords(width)
  }

  read(reader: PayloadReader, row: number): void {
    this.#moments.set(row, reader.double(), 0)
    this.#moments.set(row, reader.double(), 1)
    for (let bucket = 0; bucket < this.#width; bucket++) this.#setBucket(row, bucket, reader.varint())
    const exponential = readExponential(reader)
    this.#setExponential(row, exponential && { ...exponential, count: this.count(row), sum: this.value(row) })
  }

  readAll(reader: PayloadReader, rows: number): void {
    for (let row = 0; row < rows; row++) this.read(reader, row)
  }

  copyRun(first: number, from: DistributionValues, rows: number): void {
    for (let row = 0; row < rows; row++) this.copy(first + row, from, row)
  }

  clear(row: number): void {
    this.#moments.set(row, 0, 0)
    this.#moments.set(row, 0, 1)
    for (let bucket = 0; bucket < this.#width; bucket++) this.#setBucket(row, bucket, 0)
    this.#exponentials?.delete(row)
  }

  copy(row: number, from: DistributionValues, fromRow: number): void {
    this.#moments.set(row, from.value(fromRow), 0)
    this.#moments.set(row, from.sumOfSquaredDeviation(fromRow), 1)
    for (let bucket = 0; bucket < this.#width; bucket++) this.#setBucket(row, bucket, from.bucket(fromRow, bucket))
    this.#setExponential(row, from.#exponentials?.get(fromRow))
  }

  add(row: number, from: DistributionValues, fromRow: number): void {
    const [count, theirCount] = [this.count(row), from.count(fromRow)]
    if (theirCount === 0) return
    const [sum, theirSum] = [this.value(row), from.value(fromRow)]
    // https://en.wikipedia.org/wiki/Algorithms_for_calculating_variance#Parallel_algorithm
    const meanDifference = count === 0 ? 0 : sum / count - theirSum / theirCount
    const squares = from.sumOfSquaredDeviation(fromRow) + (meanDifference ** 2 * count * theirCount) / (count + theirCount)
    this.#moments.set(row, sum + theirSum, 0)
    this.#moments.set(row, this.sumOfSquaredDeviation(row) + squares, 1)
    for (let bucket = 0; bucket < this.#width; bucket++) {
      const more = from.bucket(fromRow, bucket)
      if (more !== 0) this.#setBucket(row, bucket, this.bucket(row, bucket) + more)
    }
    const theirExponential = from.#exponentials?.get(fromRow)
    if (theirExponential !== undefined) this.#addExponential(row, theirExponential)
  }

  #addExponential(row: number, theirs: ExponentialSnapshot): void {
    const histogram = new ExponentialHistogram(this.#settings)
    const ours = this.#exponentials?.get(row)
    if (ours !== undefined) histogram.merge(ours)
    histogram.merge(theirs)
    this.#setExponential(row, histogram.snapshot())
  }

  #setExponential(row: number, value: ExponentialSnapshot | undefined): void {
    if (value !== undefined) (this.#exponentials ??= new Map()).set(row, value)
    else this.#exponentials?.delete(row)
  }

  isBelow(row: number, other: DistributionValues, otherRow: number): boolean {
    return this.count(row) < other.count(otherRow)
  }

  keepRounded(row: number, before: DistributionValues, beforeRow: number): void {
    this.#moments.set(row, rounded(this.value(row), before.value(beforeRow)), 0)
  }

  value(row: number): number {
    return this.#moments.get(row, 0)
  }

  sumOfSquaredDeviation(row: number): number {
    return this.#moments.get(row, 1)
  }

  count(row: number): number {
    let count = 0
    for (let bucket = 0; bucket < this.#width; bucket++) count += this.bucket(row, bucket)
    return count
  }

  bucket(row: number, bucket: number): number {
    const count = this.#buckets.get(row, bucket)
    return this.#highParts.size === 0 ? count : count + (this.#highParts.get(row * this.#width + bucket) ?? 0)
  }

  exponential(row: number): ExponentialValue | undefined {
    return this.#exponentials?.get(row)
  }

  #setBucket(row: number, bucket: number, count: number): void {
    const low = count % WORD
    this.#buckets.set(row, low, bucket)
    if (count >= WORD) this.#highParts.set(row * this.#width + bucket, count - low)
    else if (this.#highParts.size > 0) this.#highParts.delete(row * this.#width + bucket)
  }
}
