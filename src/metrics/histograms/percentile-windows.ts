import type { PercentileWindow } from '../data/row-source.js'
import type { PercentilesConfig } from './percentiles-options.js'

/** A window of one or several processes with the time when it expires. */
export interface KeptWindow extends Omit<PercentileWindow, 'remainingMs'> {
  readonly expiresMs: number
}

/** Windows whose ends are rounded to the same part of a window are merged. */
const STEPS_PER_WINDOW = 4

/** When a window expires, rounded up to a quarter of its length, so that windows of several processes can be merged. */
export function expiryOf(nowMs: number, remainingMs: number, { windowMs }: Pick<PercentilesConfig, 'windowMs'>): number {
  const stepMs = windowMs / STEPS_PER_WINDOW
  return Math.ceil((nowMs + remainingMs) / stepMs) * stepMs
}

/** Joins two lists of windows. Windows that expire at the same time are merged. */
export function joinWindows(one: readonly KeptWindow[], other: readonly KeptWindow[]): readonly KeptWindow[] {
  if (one.length === 0) return other
  const joined = [...one]
  for (const window of other) {
    const at = joined.findIndex(({ expiresMs }) => expiresMs === window.expiresMs)
    if (at < 0) joined.push(window)
    else joined[at] = joinTwo(joined[at]!, window)
  }
  return joined
}

function joinTwo(one: KeptWindow, other: KeptWindow): KeptWindow {
  const { indexes, counts } = sumOfCounts([one, other])
  return { indexes, counts, min: Math.min(one.min, other.min), max: Math.max(one.max, other.max), expiresMs: one.expiresMs }
}

type Counts = Pick<PercentileWindow, 'indexes' | 'counts'>

function sumOfCounts(windows: readonly Counts[]): Counts {
  const all = new Map<number, number>()
  for (const { indexes, counts } of windows)
    for (const [at, index] of indexes.entries()) all.set(index, (all.get(index) ?? 0) + counts[at]!)
  const indexes = [...all.keys()].sort((a, b) => a - b)
  return { indexes, counts: indexes.map((index) => all.get(index)!) }
}

type QuantilesConfig = Pick<PercentilesConfig, 'quantiles' | 'scale' | 'significantDigits'>

/** The quantiles of all values in some windows; NaN if there are none. */
export function quantilesOf(config: QuantilesConfig, windows: readonly KeptWindow[]): { quantile: number; value: number }[] {
  const { indexes, counts } = sumOfCounts(windows)
  let at = -1
  let passed = 0
  return quantilesIn(config, {
    least: Math.min(...windows.map(({ min }) => min)),
    greatest: Math.max(...windows.map(({ max }) => max)),
    total: counts.reduce((sum, count) => sum + count, 0),
    bucketOf: (rank) => {
      while (passed < rank && at + 1 < indexes.length) passed += counts[++at]!
      return indexes[at]!
    },
  })
}

/** Values in the buckets of an HdrHistogram. */
interface CountedValues {
  readonly least: number
  readonly greatest: number
  readonly total: number
  /** Returns the index of the bucket with the value of a rank. Called with rising ranks. */
  bucketOf(rank: number): number
}

/** The quantiles of counted values; NaN if there are none. */
export function quantilesIn(config: QuantilesConfig, values: CountedValues): { quantile: number; value: number }[] {
  const { least, greatest, total } = values
  const valueAt = (quantile: number): number => {
    if (total === 0) return Number.NaN
    if (quantile === 0) return least
    if (quantile === 1) return greatest
    const middle = middleOf(values.bucketOf(rankOf(quantile, total)), config.significantDigits)
    return Math.min(greatest, Math.max(least, middle / config.scale))
  }
  return config.quantiles.map((quantile) => ({ quantile, value: valueAt(quantile) }))
}

/** The rank of the value at a quantile, corrected for the rounding error of the multiplication. */
function rankOf(quantile: number, total: number): number {
  return Math.max(1, Math.ceil(quantile * total * (1 - 2 ** -51)))
}

/** The middle of a bucket of an HdrHistogram whose lowest value is 1. */
export function middleOf(index: number, significantDigits: number): number {
  const halfCount = 2 ** (Math.ceil(Math.log2(2 * 10 ** significantDigits)) - 1)
  const bucket = Math.max(0, Math.floor(index / halfCount) - 1)
  const width = 2 ** bucket
  const from = (index - bucket * halfCount) * width
  return from + (width - 1) / 2
}
