import { checkNumber } from '../../base/check-options.js'
import { DefinitionError } from '../../base/errors.js'
import { inspectValue } from '../../base/strings/inspect-value.js'

/** More bounds are refused, because each series has memory for all buckets. */
const MAX_BOUNDS = 512

/**
 * Returns bucket bounds with equal distances.
 * @param start The first bound, in the unit of the measure.
 * @param width The distance between two bounds, above 0.
 * @param count The number of bounds, 1 to 512.
 * @throws {@link DefinitionError} `ERR_BUCKET_BOUNDS` if one of them is out of its range.
 * @example
 * linearBounds(10, 10, 4) // [10, 20, 30, 40]
 */
export function linearBounds(start: number, width: number, count: number): readonly number[] {
  check(Number.isFinite(start), 'start must be a finite number', start)
  check(Number.isFinite(width) && width > 0, 'width must be a finite number above 0', width)
  return generated(count, (at) => start + at * width)
}

/**
 * Returns bucket bounds with equal ratios.
 * @param start The first bound, above 0, in the unit of the measure.
 * @param factor The ratio of a bound to the one before, above 1.
 * @param count The number of bounds, 1 to 512.
 * @throws {@link DefinitionError} `ERR_BUCKET_BOUNDS` if one of them is out of its range.
 * @example
 * exponentialBounds(0.01, 2, 5) // [0.01, 0.02, 0.04, 0.08, 0.16]
 */
export function exponentialBounds(start: number, factor: number, count: number): readonly number[] {
  check(Number.isFinite(start) && start > 0, 'start must be a finite number above 0', start)
  check(Number.isFinite(factor) && factor > 1, 'factor must be a finite number above 1', factor)
  return generated(count, (at) => start * factor ** at)
}

function generated(count: number, bound: (at: number) => number): readonly number[] {
  checkNumber('ERR_BUCKET_BOUNDS', 'count', count, { min: 1, max: MAX_BOUNDS, integer: true })
  // Rounded, because rounding errors in the sixteenth digit would be shown in every label.
  const bounds = Array.from({ length: count }, (_, at) => Number(bound(at).toPrecision(15)))
  check(Number.isFinite(bounds.at(-1)), 'every bound must be finite', bounds.at(-1))
  return checkedBounds(bounds)
}

function check(holds: boolean, rule: string, given: unknown): void {
  if (!holds) throw new DefinitionError('ERR_BUCKET_BOUNDS', `${rule}: it is ${inspectValue(given)}`)
}

/**
 * Returns a frozen copy of the bounds, without a final infinity.
 * @throws {@link DefinitionError} `ERR_BUCKET_BOUNDS` unless they are at most 512 finite numbers, each above the one before.
 */
export function checkedBounds(bounds: readonly number[]): readonly number[] {
  if (!Array.isArray(bounds)) {
    throw new DefinitionError('ERR_BUCKET_BOUNDS', `bucket bounds must be an array, such as [0.1, 1]: they are ${inspectValue(bounds)}`)
  }
  const kept = bounds.at(-1) === Number.POSITIVE_INFINITY ? bounds.slice(0, -1) : bounds.slice()
  if (kept.length > MAX_BOUNDS) {
    throw new DefinitionError('ERR_BUCKET_BOUNDS', `at most ${MAX_BOUNDS} bucket bounds are allowed: ${kept.length} were given`)
  }
  for (const [at, bound] of kept.entries()) {
    const previous = at === 0 ? Number.NEGATIVE_INFINITY : kept[at - 1]!
    if (typeof bound !== 'number' || !Number.isFinite(bound) || bound <= previous) {
      const after = at === 0 ? '' : ` after ${previous}`
      throw new DefinitionError(
        'ERR_BUCKET_BOUNDS',
        `bucket bounds must be finite and increase: bound ${at} is ${inspectValue(bound)}${after}`,
      )
    }
  }
  return Object.freeze(kept.map((bound) => bound + 0))
}

/** 5 ms to 10 s, in seconds: typical response times. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
/** 256 bytes to 64 MiB. */
const BYTES = exponentialBounds(256, 4, 10)
const PLAIN = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000]

const BY_UNIT: ReadonlyMap<string, readonly number[]> = new Map([
  ['s', SECONDS],
  ['ms', SECONDS.map((bound) => bound * 1e3)],
  ['us', SECONDS.map((bound) => bound * 1e6)],
  ['ns', SECONDS.map((bound) => bound * 1e9)],
  ['By', BYTES],
])

/** The default bounds of a distribution, by the unit of its measure. */
export function defaultBounds(unit: string): readonly number[] {
  return BY_UNIT.get(unit) ?? PLAIN
}
