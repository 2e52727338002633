import { contextState } from '../../base/context.js'
import type { BucketSearch } from '../cells/bucket-search.js'
import type { Epochs } from '../cells/cells.js'
import { Exemplars } from '../cells/exemplars.js'
import { ExponentialHistogram } from './exponential-histogram.js'
import type { ExponentialOptions } from './exponential-options.js'
import type { Exemplar, ExponentialValue } from '../data/metric.js'
import type { Sketch } from '../cells/sketch-cells.js'

/**
 * The running data of one row of an exponential aggregation: exponential buckets, and counts for fixed bounds for formats that do not have
 * exponential buckets. The counts cannot be computed from the exponential buckets: when the resolution is lowered, counts below a bound
 * would fall, and Prometheus would take that for a restart.
 */
export class ExponentialData implements Sketch {
  readonly #histogram: ExponentialHistogram
  readonly #search: BucketSearch
  readonly #exemplars: Exemplars
  readonly #counts: Float64Array
  #sumOfSquaredDeviation = 0

  constructor(options: ExponentialOptions, search: BucketSearch, epochs: Epochs) {
    this.#histogram = new ExponentialHistogram(options)
    this.#search = search
    this.#counts = new Float64Array(search.bounds.length + 1)
    this.#exemplars = new Exemplars(this.#counts.length, epochs)
  }

  get count(): number {
    return this.#histogram.count
  }

  get sum(): number {
    return this.#histogram.sum
  }

  get sumOfSquaredDeviation(): number {
    return this.#sumOfSquaredDeviation
  }

  record(value: number): boolean {
    const { count, sum } = this.#histogram
    if (!this.#histogram.record(value)) return false
    if (count !== 0) {
      // As in DistributionCells: Youngs and Cramer's update.
      const deviation = count * value - sum
      this.#sumOfSquaredDeviation += (deviation * deviation) / (count * (count + 1))
    }
    const bucket = this.#search.find(value)
    this.#counts[bucket]!++
    if (contextState.openSampledSpans > 0) this.#exemplars.take(bucket, value)
    return true
  }

  /** Keeps the attachments of the value that was just recorded, as an exemplar. */
  attach(value: number, attachments: Readonly<Record<string, string>>): void {
    this.#exemplars.keep(this.#search.find(value), value, attachments)
  }

  bucket(bucket: number): number {
    return this.#counts[bucket]!
  }

  exemplar(bucket: number): Exemplar | undefined {
    return this.#exemplars.at(bucket)
  }

  exponential(): ExponentialValue {
    return this.#histogram.value()
  }

  merge(other: ExponentialData): void {
    const [count, theirs] = [this.count, other.count]
    if (theirs === 0) return
    const apart = count === 0 ? 0 : this.sum / count - other.sum / theirs
    this.#sumOfSquaredDeviation += other.#sumOfSquaredDeviation + (apart * apart * count * theirs) / (count + theirs)
    this.#histogram.merge(other.#histogram)
    other.#counts.forEach((inBucket, bucket) => (this.#counts[bucket]! += inBucket))
    for (let bucket = 0; bucket < this.#counts.length; bucket++) {
      if (this.#exemplars.at(bucket) === undefined) this.#exemplars.copy(bucket, other.#exemplars.at(bucket))
    }
  }
}
