import { checkOptions, type OptionNames } from '../../base/check-options.js'
import { inspectValue } from '../../base/inspect-value.js'
import { DefinitionError } from '../../base/errors.js'

/** How values become percentiles. All of it has a default. */
export interface PercentilesOptions {
  /** Quantiles that are shown, each 0 to 1. Default `[0.5, 0.9, 0.99]`. */
  readonly quantiles?: readonly number[]
  /** Correct decimal digits of a shown value, 1 to 5. Each further digit needs ten times the memory. Default 2. */
  readonly significantDigits?: number
  /** How long a value counts for the quantiles at most, in milliseconds; at least this long less one window. Default 600 000. */
  readonly maxAgeMs?: number
  /** Windows that `maxAgeMs` is divided into; the oldest is dropped as a whole. 1 to 60, default 2. */
  readonly windows?: number
  /**
   * The smallest difference that is kept, in the unit of the measure. Default: a nanosecond for units of time, 1 for bytes, 1e-6
   * otherwise.
   */
  readonly lowest?: number
  /** Quantiles show greater values as this one; count and sum stay exact. Default, and at most, `lowest` × 2^52: 52 days for units of time. */
  readonly highest?: number
  /**
   * Expected time between two values, in milliseconds, for measures of time. A longer value also represents the values that it kept from
   * being recorded (coordinated omission), and the quantiles are corrected for them. Count and sum are not. Default: no correction.
   */
  readonly expectedIntervalMs?: number
  /** Whether snapshots carry the histograms themselves, for an HlogExporter. Default false. */
  readonly intervals?: boolean
}

const PERCENTILES_OPTIONS: OptionNames<PercentilesOptions> = {
  quantiles: true,
  significantDigits: true,
  maxAgeMs: true,
  windows: true,
  lowest: true,
  highest: true,
  expectedIntervalMs: true,
  intervals: true,
}

/** The same with everything decided, for one unit. */
export interface PercentilesConfig {
  /** Increasing. */
  readonly quantiles: readonly number[]
  readonly significantDigits: number
  readonly windowMs: number
  readonly windows: number
  /** Values are multiplied by this to make whole numbers. */
  readonly scale: number
  readonly highest: number
  /** In the unit of the measure; 0 for none. */
  readonly expectedInterval: number
  readonly intervals: boolean
}

/** Rows of a percentiles view by default: each keeps several kilobytes. */
export const PERCENTILES_ROW_LIMIT = 100

/** The smallest difference that counts, by unit. */
const LOWEST: Readonly<Record<string, number>> = { s: 1e-9, ms: 1e-6, us: 1e-3, ns: 1, By: 1 }

const UNITS_PER_SECOND: Readonly<Record<string, number>> = { s: 1, ms: 1e3, us: 1e6, ns: 1e9 }

/**
 * Decides what the options leave open.
 * @throws {@link DefinitionError} `ERR_PERCENTILES` when an option is out of its range.
 */
export function resolvePercentiles(options: PercentilesOptions, unit: string): PercentilesConfig {
  checkOptions('percentiles', options, PERCENTILES_OPTIONS)

  const { quantiles = [0.5, 0.9, 0.99], significantDigits = 2, maxAgeMs = 600_000, windows = 2, expectedIntervalMs = 0 } = options
  const lowest = options.lowest ?? LOWEST[unit] ?? 1e-6
  check(Array.isArray(quantiles) && quantiles.length > 0 && quantiles.length <= 100, 'quantiles must be 1 to 100 numbers', quantiles)
  check(
    quantiles.every((quantile) => quantile >= 0 && quantile <= 1),
    'quantiles must lie between 0 and 1',
    quantiles,
  )
  check(new Set(quantiles).size === quantiles.length, 'quantiles must differ', quantiles)
  check(isWhole(significantDigits, 1, 5), 'significantDigits must be 1 to 5', significantDigits)
  check(isWhole(windows, 1, 60), 'windows must be 1 to 60', windows)
  check(maxAgeMs > 0 && maxAgeMs <= Number.MAX_SAFE_INTEGER, 'maxAgeMs must be positive', maxAgeMs)
  check(lowest >= 1e-300 && lowest <= 1e300, 'lowest must be positive', lowest)
  const scale = scaleOf(lowest)
  const greatest = 2 ** 52 / scale // twice as much would still be a whole number, but its neighbours would not
  const highest = options.highest ?? greatest
  check(highest >= 2 * lowest && highest <= greatest, `highest must be from ${2 * lowest} to ${greatest}, as lowest is ${lowest}`, highest)
  check(expectedIntervalMs >= 0 && Number.isFinite(expectedIntervalMs), 'expectedIntervalMs must not be negative', expectedIntervalMs)
  check(expectedIntervalMs === 0 || unit in UNITS_PER_SECOND, 'expectedIntervalMs needs a measure in s, ms, us or ns', unit)
  return Object.freeze({
    quantiles: Object.freeze([...quantiles].sort((a, b) => a - b)),
    significantDigits,
    windowMs: maxAgeMs / windows,
    windows,
    scale,
    highest,
    expectedInterval: expectedIntervalMs === 0 ? 0 : (expectedIntervalMs / 1e3) * UNITS_PER_SECOND[unit]!,
    intervals: options.intervals === true,
  })
}

/** What two histograms must have in common to be added: of the configuration. */
export type PercentilesSettings = Pick<PercentilesConfig, 'quantiles' | 'significantDigits' | 'windowMs' | 'windows' | 'scale'>

export function percentilesSettings({ quantiles, significantDigits, windowMs, windows, scale }: PercentilesConfig): PercentilesSettings {
  return { quantiles, significantDigits, windowMs, windows, scale }
}

/** Settings that another process has sent; undefined if they cannot be right. */
export function readPercentilesSettings(given: Readonly<Record<string, unknown>>): PercentilesSettings | undefined {
  const { quantiles, significantDigits, windowMs, windows, scale } = given
  const areRight =
    Array.isArray(quantiles) &&
    quantiles.length <= 100 &&
    quantiles.every((quantile, at) => quantile >= 0 && quantile <= 1 && (at === 0 || quantile > quantiles[at - 1])) &&
    isWhole(significantDigits, 1, 5) &&
    isWhole(windows, 1, 60) &&
    isAbove0(windowMs) &&
    isAbove0(scale)
  return areRight ? ({ quantiles, significantDigits, windowMs, windows, scale } as PercentilesSettings) : undefined
}

function isAbove0(value: unknown): boolean {
  return Number.isFinite(value) && (value as number) > 0
}

/** 1 / lowest, and exactly the power of ten if that is what was meant: 1 / 1e-9 is not 1e9. */
function scaleOf(lowest: number): number {
  const scale = 1 / lowest
  const whole = Math.round(scale)
  return Math.abs(scale - whole) < whole * 1e-12 ? whole : scale
}

function isWhole(value: unknown, from: number, to: number): boolean {
  return Number.isInteger(value) && (value as number) >= from && (value as number) <= to
}

function check(holds: boolean, rule: string, given: unknown): void {
  if (!holds) throw new DefinitionError('ERR_PERCENTILES', `${rule}: ${inspectValue(given)} was given`)
}
