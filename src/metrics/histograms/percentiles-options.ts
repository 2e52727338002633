import { checkBooleans, checkOptions, type OptionNames, optionNames } from '../../base/check-options.js'
import { inspectValue } from '../../base/strings/inspect-value.js'
import { DefinitionError } from '../../base/errors.js'

/** Options of percentiles. All have defaults. */
export interface PercentilesOptions {
  /** Quantiles that are shown, each 0 to 1; none for count and sum alone. Default `[0.5, 0.9, 0.99]`. */
  readonly quantiles?: readonly number[]
  /** Significant decimal digits of quantiles, 1 to 5. Each further digit takes ten times the memory. Default 2. */
  readonly significantDigits?: number
  /** Maximum age of values in quantiles, in milliseconds. A value counts at least for this time minus one window. Default 600 000. */
  readonly maxAgeMs?: number
  /** Number of windows into which `maxAgeMs` is divided; the oldest is dropped as a whole. 1 to 60. Default 2. */
  readonly windows?: number
  /**
   * The smallest difference between two values that is kept, in the unit of the measure. Default: a nanosecond for units of time, 1 for
   * bytes, otherwise 1e-6.
   */
  readonly lowest?: number
  /** In quantiles, greater values count as this one; count and sum stay exact. Default and maximum: `lowest` × 2^52, 52 days for units of time. */
  readonly highest?: number
  /**
   * Expected time between two values, in milliseconds, for measures of time. Quantiles are corrected for the values that a longer one has
   * delayed (coordinated omission); count and sum are not. Default: no correction.
   */
  readonly expectedIntervalMs?: number
  /** True if snapshots include the histograms, for an HlogExporter. Default false. */
  readonly intervals?: boolean
}

export const PERCENTILES_OPTIONS: OptionNames<PercentilesOptions> = optionNames(
  'quantiles significantDigits maxAgeMs windows lowest highest expectedIntervalMs intervals',
)

/** The options with their defaults for one unit. */
export interface PercentilesConfig {
  /** Increasing. */
  readonly quantiles: readonly number[]
  readonly significantDigits: number
  readonly windowMs: number
  readonly windows: number
  /** Values are multiplied by this factor to become whole numbers. */
  readonly scale: number
  readonly highest: number
  /** In the unit of the measure; 0 for none. */
  readonly expectedInterval: number
  readonly intervals: boolean
}

/** Default limit of rows of a percentiles view, since each row takes several kilobytes. */
export const PERCENTILES_ROW_LIMIT = 100

/** The default of `lowest` by unit. */
const LOWEST: ReadonlyMap<string, number> = new Map(Object.entries({ s: 1e-9, ms: 1e-6, us: 1e-3, ns: 1, By: 1 }))

const UNITS_PER_SECOND: ReadonlyMap<string, number> = new Map(Object.entries({ s: 1, ms: 1e3, us: 1e6, ns: 1e9 }))

/**
 * Checks the options, and adds defaults for the unit.
 * @throws {@link DefinitionError} `ERR_PERCENTILES` if an option is out of range.
 */
export function resolvePercentiles(options: PercentilesOptions, unit: string): PercentilesConfig {
  checkOptions('percentiles', options, PERCENTILES_OPTIONS)

  const { quantiles = [0.5, 0.9, 0.99], significantDigits = 2, maxAgeMs = 600_000, windows = 2, expectedIntervalMs = 0 } = options
  const lowest = options.lowest ?? LOWEST.get(unit) ?? 1e-6
  check(Array.isArray(quantiles) && quantiles.length <= 100, 'quantiles must be at most 100 numbers', quantiles)
  check(
    quantiles.every((quantile) => isBetween(quantile, 0, 1)),
    'quantiles must lie between 0 and 1',
    quantiles,
  )
  check(new Set(quantiles).size === quantiles.length, 'quantiles must differ', quantiles)
  check(isWhole(significantDigits, 1, 5), 'significantDigits must be 1 to 5', significantDigits)
  check(isWhole(windows, 1, 60), 'windows must be 1 to 60', windows)
  check(isBetween(maxAgeMs, Number.MIN_VALUE, Number.MAX_SAFE_INTEGER), 'maxAgeMs must be positive', maxAgeMs)
  check(isBetween(lowest, 1e-300, 1e300), 'lowest must be positive', lowest)
  const scale = scaleOf(lowest)
  const greatest = 2 ** 52 / scale // twice as much would still be a safe integer, but its neighbours would not be distinct
  const highest = options.highest ?? greatest
  check(isBetween(highest, 2 * lowest, greatest), `highest must be from ${2 * lowest} to ${greatest}, as lowest is ${lowest}`, highest)
  check(isBetween(expectedIntervalMs, 0, Number.MAX_VALUE), 'expectedIntervalMs must not be negative', expectedIntervalMs)
  check(expectedIntervalMs === 0 || UNITS_PER_SECOND.has(unit), 'expectedIntervalMs needs a measure in s, ms, us or ns', unit)
  checkBooleans('ERR_PERCENTILES', { intervals: options.intervals })
  return Object.freeze({
    quantiles: Object.freeze([...quantiles].sort((a, b) => a - b)),
    significantDigits,
    windowMs: maxAgeMs / windows,
    windows,
    scale,
    highest,
    expectedInterval: expectedIntervalMs === 0 ? 0 : (expectedIntervalMs / 1e3) * UNITS_PER_SECOND.get(unit)!,
    intervals: options.intervals === true,
  })
}

/** Settings that must be equal for two histograms to be merged. */
export type PercentilesSettings = Pick<PercentilesConfig, 'quantiles' | 'significantDigits' | 'windowMs' | 'windows' | 'scale'>

export function percentilesSettings({ quantiles, significantDigits, windowMs, windows, scale }: PercentilesConfig): PercentilesSettings {
  return { quantiles, significantDigits, windowMs, windows, scale }
}

/** Settings that another process has sent; undefined if they are not valid. */
export function readPercentilesSettings(given: Readonly<Record<string, unknown>>): PercentilesSettings | undefined {
  const { quantiles, significantDigits, windowMs, windows, scale } = given
  const areRight =
    Array.isArray(quantiles) &&
    quantiles.length <= 100 &&
    quantiles.every((quantile, at) => isBetween(quantile, 0, 1) && (at === 0 || quantile > quantiles[at - 1])) &&
    isWhole(significantDigits, 1, 5) &&
    isWhole(windows, 1, 60) &&
    isAbove0(windowMs) &&
    isAbove0(scale)
  return areRight ? ({ quantiles, significantDigits, windowMs, windows, scale } as PercentilesSettings) : undefined
}

function isAbove0(value: unknown): boolean {
  return Number.isFinite(value) && (value as number) > 0
}

/** 1 / lowest, rounded to a power of ten if it is one except for a rounding error: 1 / 1e-9 is not exactly 1e9. */
function scaleOf(lowest: number): number {
  const scale = 1 / lowest
  const whole = Math.round(scale)
  return Math.abs(scale - whole) < whole * 1e-12 ? whole : scale
}

function isWhole(value: unknown, from: number, to: number): boolean {
  return Number.isInteger(value) && isBetween(value, from, to)
}

function isBetween(value: unknown, from: number, to: number): boolean {
  return typeof value === 'number' && value >= from && value <= to
}

function check(holds: boolean, rule: string, given: unknown): void {
  if (!holds) throw new DefinitionError('ERR_PERCENTILES', `${rule}: ${inspectValue(given)} was given`)
}
