import { contextState } from '../../base/context.js'
import type { BucketSearch } from './bucket-search.js'
import type { Cells, Epochs } from './cells.js'
import { Exemplars } from './exemplars.js'
import type { Exemplar } from '../data/metric.js'

// V8 knows the value of a module's constant when it compiles; an imported binding would be loaded and checked each time.
const context = contextState

/**
 * Buckets, count, sum and sum of squared deviations of each row. A record updates all of them at once, so that readers always find buckets
 * that add up to the count.
 */
export class DistributionCells implements Cells {
  /** Count, sum, and sum of squared deviations of each row, next to each other in one cache line. */
  private readonly moments: Float64Array
  private readonly buckets: Int32Array
  private readonly search: BucketSearch
  private readonly width: number
  private readonly exemplars: Exemplars
  /** Counts of buckets beyond 2^31, by index of the bucket. Few programs need this map. */
  private carried: Map<number, number> | undefined = undefined

  constructor(rows: number, search: BucketSearch, epochs: Epochs) {
    this.search = search
    this.width = search.bounds.length + 1
    this.exemplars = new Exemplars(rows * this.width, epochs)
    this.moments = new Float64Array(rows * 3)
    this.buckets = new Int32Array(rows * this.width)
  }

  record(cell: number, value: number): boolean {
    const moments = this.moments
    const at = (cell * 3) | 0
    const second = at + 1
    const count = moments[at]!
    const before = moments[second]!
    const sum = before + value
    if (sum - sum !== 0) return false // would be infinite
    moments[at] = count + 1
    moments[second] = sum
    if (count !== 0) {
      // Youngs and Cramer's update needs no mean, and is not affected by cancellation.
      const deviation = count * value - before
      moments[at + 2]! += (deviation * deviation) / (count * (count + 1))
    }
    const place = (cell * this.width + this.search.find(value)) | 0
    const buckets = this.buckets
    const bucket = (buckets[place]! + 1) | 0
    buckets[place] = bucket
    if (bucket < 0 || context.openSampledSpans > 0) this.recordRarely(place, value)
    return true
  }

  /** The rare cases, apart from `record`, so that `record` is small enough to be inlined. */
  private recordRarely(place: number, value: number): void {
    if (this.buckets[place]! < 0) this.carry(place)
    if (context.openSampledSpans > 0) this.exemplars.take(place, value)
  }

  private carry(place: number): void {
    this.carried ??= new Map()
    this.carried.set(place, (this.carried.get(place) ?? 0) + 2 ** 31)
    this.buckets[place] = 0
  }

  attach(cell: number, value: number, attachments: Readonly<Record<string, string>>): void {
    this.exemplars.keep(cell * this.width + this.search.find(value), value, attachments)
  }

  value(cell: number): number {
    return this.moments[cell * 3 + 1]!
  }

  count(cell: number): number {
    return this.moments[cell * 3]!
  }

  sumOfSquaredDeviation(cell: number): number {
    return this.moments[cell * 3 + 2]!
  }

  bucket(cell: number, bucket: number): number {
    const place = cell * this.width + bucket
    const count = this.buckets[place]!
    return this.carried === undefined ? count : count + (this.carried.get(place) ?? 0)
  }

  exemplar(cell: number, bucket: number): Exemplar | undefined {
    return this.exemplars.at(cell * this.width + bucket)
  }

  clear(cell: number): void {
    this.moments.fill(0, cell * 3, cell * 3 + 3)
    const start = cell * this.width
    for (let place = start; place < start + this.width; place++) {
      this.buckets[place] = 0
      this.carried?.delete(place)
      this.exemplars.delete(place)
    }
  }

  copy(cell: number, from: Cells, fromCell: number): void {
    if (!(from instanceof DistributionCells)) throw new Error('BUG: copied a distribution from another kind')
    this.moments.set(from.moments.subarray(fromCell * 3, fromCell * 3 + 3), cell * 3)
    for (let bucket = 0; bucket < this.width; bucket++) {
      const place = cell * this.width + bucket
      const count = from.bucket(fromCell, bucket)
      this.buckets[place] = count % 2 ** 31
      if (count >= 2 ** 31) {
        this.carried ??= new Map()
        this.carried.set(place, count - (count % 2 ** 31))
      }
      this.exemplars.copy(place, from.exemplar(fromCell, bucket))
    }
  }
}
