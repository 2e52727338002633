import type { ExponentialValue, SummaryValue } from '../../metrics/data/metric.js'
import type { PercentileWindow } from '../../metrics/data/row-source.js'
import type { PayloadReader } from './payload-reader.js'

/** The values of the rows of one family: what a member sent, what departed members left, or what all come to. */
export interface RowValues {
  /** Reads a row's value from a frame. Throws a FrameError if it is damaged; the row is then of no use. */
  read(reader: PayloadReader, row: number): void
  clear(row: number): void
  copy(row: number, from: this, fromRow: number): void
  /** Adds another row's value to this one. */
  add(row: number, from: this, fromRow: number): void
  /** Whether a row has less than another one of the same cumulative: it is an older state, or began anew. */
  isBelow(row: number, other: this, otherRow: number): boolean
  /** Keeps the greater of two sums that differ by what doubles lose if they are added in another order. */
  keepRounded(row: number, before: this, beforeRow: number): void
  value(row: number): number
  count(row: number): number
  sumOfSquaredDeviation(row: number): number
  bucket(row: number, bucket: number): number
  exponential?(row: number): ExponentialValue | undefined
  summary?(row: number): SummaryValue
  percentileWindows?(row: number): readonly PercentileWindow[] | undefined
}

/** More than rounding can lose, less than anybody would notice. */
const ROUNDING = 1e-12

export function rounded(now: number, before: number): number {
  return now < before && before - now <= before * ROUNDING ? before : now
}
