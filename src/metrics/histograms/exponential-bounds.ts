/** The finest schema: 2^8 buckets from one power of two to the next. */
export const MAX_SCHEMA = 8
/** The coarsest schema: each bound is 2^16 times the one before. */
export const MIN_SCHEMA = -4

const STEPS = 2 ** MAX_SCHEMA
const FRACTION_BITS = 128n

/**
 * The bucket bounds between 1 and 2: 2^(i/256) for i = 0 … 255, correctly rounded. `Math.pow` may be wrong in the last place, and a value
 * that equals a bound would then be in the wrong bucket.
 */
const STEP_BOUNDS: Float64Array = stepBounds()

/** The number of step bounds below 1 + i/256, where the search for a value in this interval begins. */
const SEARCH_STARTS: Uint16Array = Uint16Array.from({ length: STEPS }, (_, i) => countBelow(1 + i / STEPS))

const double = new Float64Array(1)
const words = new Uint32Array(double.buffer)
double[0] = 1
const HIGH = words[0] === 0 ? 1 : 0

/**
 * The index of a value's bucket at the finest schema: the smallest i with value <= 2^(i/256). The value must be above 0. Computed from the
 * bits of the value: unlike a logarithm, that is exact for powers of two, for bounds, and for their neighbours.
 */
export function finestIndex(value: number): number {
  let exponent = -1_023
  double[0] = value
  if (words[HIGH]! < 0x0010_0000) {
    double[0] = value * 2 ** 54 // subnormal
    exponent -= 54
  }
  const high = words[HIGH]!
  exponent += high >>> 20
  words[HIGH] = (high & 0x000f_ffff) | 0x3ff0_0000
  const fraction = double[0]!
  let step = SEARCH_STARTS[(high >>> 12) & 0xff]!
  while (step < STEPS && STEP_BOUNDS[step]! < fraction) step++
  return exponent * STEPS + step
}

/** The index of the bucket that has this one in it, `by` schemas coarser. */
export function coarserIndex(index: number, by: number): number {
  return (index + (1 << by) - 1) >> by
}

/** The upper bound of a bucket, 2^(index / 2^schema); Infinity beyond the largest double. */
export function upperBound(index: number, schema: number): number {
  const finest = index * 2 ** (MAX_SCHEMA - schema)
  const power = Math.floor(finest / STEPS)
  if (power >= 1_024) return Infinity
  // In two steps, because 2^power may be too small for a double although the product is not.
  return STEP_BOUNDS[finest - power * STEPS]! * 2 ** Math.max(power, -1_000) * 2 ** Math.min(power + 1_000, 0)
}

function stepBounds(): Float64Array {
  // The 256th root of 2 by eight square roots, in fixed-point arithmetic with 128 fraction bits.
  let root = 2n << FRACTION_BITS
  for (let i = 0; i < MAX_SCHEMA; i++) root = squareRoot(root << FRACTION_BITS)
  const dropped = FRACTION_BITS - 52n
  let bound = 1n << FRACTION_BITS
  return Float64Array.from({ length: STEPS }, () => {
    const rounded = Number((bound + (1n << (dropped - 1n))) >> dropped) / 2 ** 52
    bound = (bound * root) >> FRACTION_BITS
    return rounded
  })
}

function squareRoot(of: bigint): bigint {
  let root = 1n << BigInt((of.toString(2).length + 1) >> 1)
  for (;;) {
    const next = (root + of / root) >> 1n
    if (next >= root) return root
    root = next
  }
}

function countBelow(value: number): number {
  let count = 0
  while (count < STEPS && STEP_BOUNDS[count]! < value) count++
  return count
}
