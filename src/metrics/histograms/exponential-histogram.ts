import { checkNumber } from '../../base/check-options.js'
import { coarserIndex, finestIndex, MAX_SCHEMA, MIN_SCHEMA, upperBound } from './exponential-bounds.js'
import { type ExponentialOptions, type ExponentialSettings, exponentialSettings } from './exponential-options.js'
import type { ExponentialValue } from '../data/metric.js'
import { SparseBuckets } from './sparse-buckets.js'

/** The content of an exponential histogram as plain data, which can be merged into another one without loss. */
export interface ExponentialSnapshot extends ExponentialValue {
  readonly count: number
  readonly sum: number
}

/**
 * Counts positive and negative values in buckets whose bounds grow exponentially, and keeps their count and sum.
 *
 * No bounds have to be chosen, and the relative error of a quantile is at most the width of one bucket for values of any magnitude. If
 * there are too many buckets, those nearest to zero are first moved into the zero bucket, up to a limit. Then buckets are merged in pairs,
 * which doubles their width. Count and sum stay exact.
 *
 * @see https://prometheus.io/docs/specs/native_histograms/
 * @example
 * const histogram = new ExponentialHistogram({ schema: 5 })
 * histogram.record(0.0125)
 * histogram.quantile(0.99)
 */
export class ExponentialHistogram {
  readonly #settings: ExponentialSettings
  readonly #positive = new SparseBuckets()
  readonly #negative = new SparseBuckets()
  #schema: number
  #zeroThreshold: number
  #zeroCount = 0
  #count = 0
  #sum = 0

  /** @throws {@link DefinitionError} `ERR_EXPONENTIAL` for options out of range. */
  constructor(options: ExponentialOptions = {}) {
    this.#settings = exponentialSettings(options)
    this.#schema = this.#settings.schema
    this.#zeroThreshold = this.#settings.zeroThreshold
  }

  get count(): number {
    return this.#count
  }

  get sum(): number {
    return this.#sum
  }

  /** -4 … 8. It is lowered if there are too many buckets. */
  get schema(): number {
    return this.#schema
  }

  get zeroThreshold(): number {
    return this.#zeroThreshold
  }

  /** The number of non-empty buckets, without the zero bucket. */
  get bucketCount(): number {
    return this.#positive.size + this.#negative.size
  }

  /** Records a value. Returns false and changes nothing if the value is not a finite number, or if the sum would not be finite. */
  record(value: number): boolean {
    if (typeof value !== 'number') return false
    const sum = this.#sum + value
    if (sum - sum !== 0) return false
    this.#sum = sum
    this.#count++
    const size = value < 0 ? -value : value
    if (size <= this.#zeroThreshold) {
      this.#zeroCount++
      return true
    }
    const buckets = value < 0 ? this.#negative : this.#positive
    if (buckets.add(coarserIndex(finestIndex(size), MAX_SCHEMA - this.#schema), 1)) this.#limit()
    return true
  }

  /**
   * Adds all values of another histogram. If its resolution is lower, this one is lowered to it.
   * @throws {@link DefinitionError} `ERR_EXPONENTIAL` if its schema is not an integer from -4 to 8.
   */
  merge(other: ExponentialHistogram | ExponentialSnapshot): void {
    const theirs = other instanceof ExponentialHistogram ? other.snapshot() : other
    checkNumber('ERR_EXPONENTIAL', 'schema', theirs.schema, { min: MIN_SCHEMA, max: MAX_SCHEMA, integer: true })
    while (this.#schema > theirs.schema) this.#coarsen()
    const coarser = theirs.schema - this.#schema
    this.#zeroThreshold = this.#commonZeroThreshold(theirs)
    const widest = this.#zeroThreshold
    const isZero = (index: number): boolean => upperBound(index, this.#schema) <= widest
    for (const buckets of [this.#positive, this.#negative]) {
      while (buckets.size > 0 && isZero(buckets.index(0))) this.#zeroCount += buckets.removeUpTo(buckets.index(0))
    }
    this.#zeroCount += theirs.zeroCount
    for (const [into, { indexes, counts }] of [
      [this.#positive, theirs.positive],
      [this.#negative, theirs.negative],
    ] as const) {
      indexes.forEach((finer, i) => {
        const index = coarserIndex(finer, coarser)
        if (isZero(index)) this.#zeroCount += counts[i]!
        else into.add(index, counts[i]!)
      })
    }
    this.#count += theirs.count
    this.#sum += theirs.sum
    this.#limit()
  }

  /**
   * The value at a quantile: 0.5 for the median. Interpolated exponentially within a bucket, so that the relative error is less than the
   * width of one bucket. NaN if nothing was recorded.
   * @param quantile 0 … 1
   */
  quantile(quantile: number): number {
    if (this.#count === 0 || !(quantile >= 0 && quantile <= 1)) return Number.NaN
    const rank = quantile * this.#count
    let below = 0
    for (let at = this.#negative.size - 1; at >= 0; at--) {
      const count = this.#negative.count(at)
      if (below + count >= rank) return -this.#within(this.#negative.index(at), 1 - (rank - below) / count)
      below += count
    }
    if (this.#zeroCount > 0) {
      if (below + this.#zeroCount >= rank) return this.#withinZero((rank - below) / this.#zeroCount)
      below += this.#zeroCount
    }
    for (let at = 0; at < this.#positive.size; at++) {
      const count = this.#positive.count(at)
      if (below + count >= rank || at === this.#positive.size - 1)
        return this.#within(this.#positive.index(at), Math.min((rank - below) / count, 1))
      below += count
    }
    return this.#withinZero(1)
  }

  /** The value for exporters. */
  value(): ExponentialValue {
    return {
      schema: this.#schema,
      zeroThreshold: this.#zeroThreshold,
      zeroCount: this.#zeroCount,
      positive: this.#positive.value(),
      negative: this.#negative.value(),
    }
  }

  /** The buckets, count and sum as plain data. */
  snapshot(): ExponentialSnapshot {
    return { ...this.value(), count: this.#count, sum: this.#sum }
  }

  /** Removes all values, and restores the initial resolution. */
  clear(): void {
    this.#positive.clear()
    this.#negative.clear()
    this.#schema = this.#settings.schema
    this.#zeroThreshold = this.#settings.zeroThreshold
    this.#zeroCount = 0
    this.#count = 0
    this.#sum = 0
  }

  #limit(): void {
    const { maxBuckets, maxZeroThreshold } = this.#settings
    while (this.bucketCount > maxBuckets) {
      if (!this.#widenZero(maxZeroThreshold) && !this.#coarsen()) this.#widenZero(Infinity)
    }
  }

  /** Moves the lowest buckets into the zero bucket, if its limit allows it. */
  #widenZero(limit: number): boolean {
    const lowest = Math.min(
      this.#positive.size > 0 ? this.#positive.index(0) : Infinity,
      this.#negative.size > 0 ? this.#negative.index(0) : Infinity,
    )
    const threshold = upperBound(lowest, this.#schema)
    if (!(threshold <= limit)) return false
    this.#zeroThreshold = threshold
    this.#zeroCount += this.#positive.removeUpTo(lowest) + this.#negative.removeUpTo(lowest)
    return true
  }

  #coarsen(): boolean {
    if (this.#schema === MIN_SCHEMA) return false
    this.#schema--
    this.#positive.halve()
    this.#negative.halve()
    return true
  }

  /** The zero threshold of the merged histogram: the greater one, widened so that it does not divide a bucket of the other histogram. */
  #commonZeroThreshold(theirs: ExponentialValue): number {
    const wider = Math.max(this.#zeroThreshold, theirs.zeroThreshold)
    const narrower = Math.min(this.#zeroThreshold, theirs.zeroThreshold)
    if (wider === narrower) return wider
    const { positive, negative, schema } = narrower === this.#zeroThreshold ? this.value() : theirs
    const cut = coarserIndex(finestIndex(wider), MAX_SCHEMA - this.#schema)
    const isCut = [...positive.indexes, ...negative.indexes].some((index) => coarserIndex(index, schema - this.#schema) === cut)
    return isCut ? upperBound(cut, this.#schema) : wider
  }

  #within(index: number, share: number): number {
    const upper = Math.min(upperBound(index, this.#schema), Number.MAX_VALUE)
    const lower = Math.max(upperBound(index - 1, this.#schema), this.#zeroThreshold, Number.MIN_VALUE)
    return lower * (upper / lower) ** share
  }

  // If all values have one sign, those in the zero bucket have it too.
  #withinZero(share: number): number {
    const lower = this.#negative.size > 0 ? -this.#zeroThreshold : 0
    const upper = this.#positive.size > 0 || this.#negative.size === 0 ? this.#zeroThreshold : 0
    return lower + (upper - lower) * share
  }
}
