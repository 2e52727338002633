// A number's sign, exponent and first bits of mantissa, read through one shared pair of views.
const NUMBER = new Float64Array(1)
const WORDS = new Int32Array(NUMBER.buffer)
const HIGH = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 1 : 0
const SHIFT = 17 // keeps the sign, 11 bits of exponent and three of mantissa

/**
 * Finds a value's bucket: the first whose upper bound is not below the value.
 *
 * A table by the value's exponent and three bits more says where to begin; from there it is rarely more than a
 * step. The way there has no branch that depends on the value: the processor could not foresee it, and each wrong
 * guess costs as much as all the rest. For 12 bounds that takes a third of a scan from the beginning, and 512 bounds
 * cost hardly more; see bench/metrics/bucket-search.bench.js.
 */
export class BucketSearch {
  readonly bounds: readonly number[]
  readonly #bounds: Float64Array
  /** Where to begin: first for all that is below the positive bounds, then for each prefix, last for all above the bounds. */
  readonly #starts: Uint16Array
  readonly #last: number
  /** The prefix that the last start is for. */
  readonly #above: number

  constructor(bounds: readonly number[]) {
    this.bounds = bounds
    this.#bounds = Float64Array.from([...bounds, Number.POSITIVE_INFINITY])
    const positive = bounds.filter((bound) => bound > 0)
    const lowest = positive.length === 0 ? 0 : prefix(positive[0]!)
    this.#above = positive.length === 0 ? 0 : prefix(positive.at(-1)!) + 1
    this.#last = positive.length === 0 ? 0 : this.#above - lowest + 1
    this.#starts = new Uint16Array(this.#last + 1)
    let bucket = 0
    for (let at = 1; at <= this.#last; at++) {
      // No value with this prefix is below the smallest number that has it.
      const smallest = smallestWith(lowest + at - 1)
      while (this.#bounds[bucket]! < smallest) bucket++
      this.#starts[at] = bucket
    }
  }

  find(value: number): number {
    // Both ends by masks, and the first step by a comparison made a number.
    const below = (prefix(value) - this.#above) | 0
    const at = (this.#last + (below & (below >> 31))) | 0
    const start = this.#starts[at & ~(at >> 31)]!
    const bounds = this.#bounds
    let bucket = (start + Number(value > bounds[start]!)) | 0
    while (value > bounds[bucket]!) bucket++
    return bucket
  }
}

function prefix(value: number): number {
  NUMBER[0] = value
  return WORDS[HIGH]! >> SHIFT
}

function smallestWith(numberPrefix: number): number {
  WORDS[1 - HIGH] = 0
  WORDS[HIGH] = numberPrefix << SHIFT
  return NUMBER[0]!
}
