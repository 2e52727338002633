// A number's sign, exponent and first bits of mantissa, read through one shared pair of views.
const NUMBER = new Float64Array(1)
const WORDS = new Uint32Array(NUMBER.buffer)
const HIGH = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 1 : 0
const SHIFT = 17 // keeps the sign, 11 bits of exponent and three of mantissa

const FEW_BOUNDS = 3

/**
 * Finds a value's bucket: the first whose upper bound is not below the value.
 *
 * A table by the value's exponent and three bits more says where to begin; from there it is rarely more than a
 * step. For 12 bounds that takes half of a scan from the beginning, whose end the processor cannot foresee, and
 * 512 bounds cost hardly more; see bench/metrics/bucket-search.bench.js.
 */
export class BucketSearch {
  readonly bounds: readonly number[]
  readonly #bounds: Float64Array
  readonly #starts: Uint16Array | undefined
  readonly #lowest: number = 0
  readonly #highest: number = 0

  constructor(bounds: readonly number[]) {
    this.bounds = bounds
    this.#bounds = Float64Array.from([...bounds, Number.POSITIVE_INFINITY])
    const positive = bounds.filter((bound) => bound > 0)
    if (bounds.length <= FEW_BOUNDS || positive.length === 0) return
    this.#lowest = prefix(positive[0]!)
    this.#highest = prefix(positive.at(-1)!)
    const firstPositive = bounds.length - positive.length
    this.#starts = new Uint16Array(this.#highest - this.#lowest + 1)
    let bucket = firstPositive
    for (let at = 0; at < this.#starts.length; at++) {
      // No value with this prefix is below the smallest number that has it.
      const smallest = smallestWith(this.#lowest + at)
      while (this.#bounds[bucket]! < smallest) bucket++
      this.#starts[at] = bucket
    }
  }

  find(value: number): number {
    const bounds = this.#bounds
    let bucket = 0
    if (this.#starts !== undefined && value > 0) {
      const at = prefix(value)
      if (at > this.#highest) return bounds.length - 1
      if (at >= this.#lowest) bucket = this.#starts[at - this.#lowest]!
    }
    while (value > bounds[bucket]!) bucket++
    return bucket
  }
}

function prefix(value: number): number {
  NUMBER[0] = value
  return WORDS[HIGH]! >>> SHIFT
}

function smallestWith(numberPrefix: number): number {
  WORDS[1 - HIGH] = 0
  WORDS[HIGH] = numberPrefix << SHIFT
  return NUMBER[0]!
}
