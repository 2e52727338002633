import type { ExponentialValue, SummaryValue } from '../../metrics/data/metric.js'
import type { PercentileWindow } from '../../metrics/data/row-source.js'
import type { PayloadReader } from './payload-reader.js'

/** The values of the rows of one family: those of one member, the departed totals, or the merged ones. */
export interface RowValues {
  /** Reads a row's value from a frame. Throws a FrameError if it is damaged; the value of the row is then undefined. */
  read(reader: PayloadReader, row: number): void
  clear(row: number): void
  copy(row: number, from: this, fromRow: number): void
  /** Adds another row's value to this one. */
  add(row: number, from: this, fromRow: number): void
  /** True if a row has less than another one of the same cumulative: it is outdated, or began at 0 again. */
  isBelow(row: number, other: this, otherRow: number): boolean
  /** Keeps the greater of two sums that differ only by rounding errors, since sums of doubles depend on the order. */
  keepRounded(row: number, before: this, beforeRow: number): void
  value(row: number): number
  count(row: number): number
  sumOfSquaredDeviation(row: number): number
  bucket(row: number, bucket: number): number
  exponential?(row: number): ExponentialValue | undefined
  summary?(row: number): SummaryValue
  percentileWindows?(row: number): readonly PercentileWindow[] | undefined
}

/** Relative difference that counts as a rounding error. */
const ROUNDING_ERROR = 1e-12

export function rounded(now: number, before: number): number {
  return now < before && before - now <= before * ROUNDING_ERROR ? before : now
}
