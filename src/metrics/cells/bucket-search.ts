// Sign, exponent and first bits of the mantissa of a number, read through two views of one buffer. In single precision, because a CPU
// forwards four written bytes faster than half of eight.
const NUMBER = new Float32Array(1)
const BITS = new Int32Array(NUMBER.buffer)
const SHIFT = 20 // keeps the sign, 8 bits of exponent and three of mantissa
/** The prefix of numbers that are too large for single precision. */
const INFINITE = 0x7f8
/** The smallest number that is infinite in single precision. */
const TOO_LARGE = 2 ** 128 - 2 ** 103

/** Flag of a prefix with several bounds, which are compared one after the other. */
const SEVERAL = 1 << 15

/**
 * Finds a value's bucket: the first whose upper bound is not below the value.
 *
 * The prefix of a number is its exponent and three more bits, in single precision. A table has, for each prefix, the first bucket of its
 * numbers, and the bound among them if there is only one. No branch depends on the value: the CPU could not predict it, and a misprediction
 * takes as long as the rest. For 12 bounds this takes a third of the time of a scan, and hardly more for 512 bounds; see
 * bench/metrics/bucket-search.bench.js.
 */
export class BucketSearch {
  readonly bounds: readonly number[]
  /** By prefix. The first entry is for all numbers below the positive bounds, the last one for all above the bounds. */
  private readonly starts: Uint16Array
  /** By prefix: the bound of the bucket in `starts`. */
  private readonly pivots: Float64Array
  private readonly last: number
  /** The prefix that the last start is for. */
  private readonly above: number

  constructor(bounds: readonly number[]) {
    this.bounds = bounds
    const all = [...bounds, Number.POSITIVE_INFINITY]
    const positive = bounds.filter((bound) => bound > 0)
    const lowest = positive.length === 0 ? 0 : prefix(positive[0]!)
    this.above = positive.length === 0 ? 0 : prefix(positive.at(-1)!) + 1
    this.last = positive.length === 0 ? 0 : this.above - lowest + 1
    this.starts = new Uint16Array(this.last + 1)
    this.pivots = new Float64Array(this.last + 1)
    let bucket = 0
    for (let at = 0; at <= this.last; at++) {
      // All values with this prefix are between the smallest number with this prefix and that with the next.
      const smallest = at === 0 ? Number.NEGATIVE_INFINITY : smallestWith(lowest + at - 1)
      const next = at === this.last ? Number.POSITIVE_INFINITY : smallestWith(lowest + at)
      while (all[bucket]! < smallest) bucket++
      const isSeveral = bucket + 1 < all.length && all[bucket + 1]! < next
      this.starts[at] = isSeveral ? bucket | SEVERAL : bucket
      this.pivots[at] = all[bucket]!
    }
  }

  find(value: number): number {
    NUMBER[0] = value
    // Without branches: masks limit the index, and a comparison that becomes a number adds 1 above the bound.
    const below = ((BITS[0]! >> SHIFT) - this.above) | 0
    const at = (this.last + (below & (below >> 31))) | 0
    const place = at & ~(at >> 31)
    const bucket = (this.starts[place]! + +(value > this.pivots[place]!)) | 0
    return bucket < SEVERAL ? bucket : this.scan(value, bucket)
  }

  private scan(value: number, found: number): number {
    let bucket = found & ~SEVERAL
    while (bucket < this.bounds.length && value > this.bounds[bucket]!) bucket++
    return bucket
  }
}

function prefix(value: number): number {
  NUMBER[0] = value
  return BITS[0]! >> SHIFT
}

/** The smallest number that has this prefix after rounding to single precision: half-way to the previous one, which is odd. */
function smallestWith(numberPrefix: number): number {
  if (numberPrefix <= 0) return 0
  if (numberPrefix >= INFINITE) return numberPrefix === INFINITE ? TOO_LARGE : Number.POSITIVE_INFINITY
  BITS[0] = numberPrefix << SHIFT
  const rounded = NUMBER[0]!
  BITS[0] = (numberPrefix << SHIFT) - 1
  return (rounded + NUMBER[0]!) / 2
}
