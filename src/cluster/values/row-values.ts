import type { ExponentialValue, SummaryValue } from '../../metrics/data/metric.js'
import type { PercentileWindow } from '../../metrics/data/row-source.js'
import type { PayloadReader } from '../frames/payload-reader.js'

/** The values of the rows of one family: those of one member, of departed members, or of all members. */
export interface RowValues {
  /** Reads the value of a row from a frame. Throws a FrameError if it is damaged. The value of the row is not defined then. */
  read(reader: PayloadReader, row: number): void
  /** Reads the values of so many rows from 0 on. */
  readAll(reader: PayloadReader, rows: number): void
  clear(row: number): void
  /** Copies the values of another one's rows from 0 on, at most {@link PAGE_ROWS}, to as many rows from `first` on. */
  copyRun(first: number, from: this, rows: number): void
  copy(row: number, from: this, fromRow: number): void
  /** Adds the value of another row to that of this one. */
  add(row: number, from: this, fromRow: number): void
  /** True if a row has less than another one of the same cumulative, because it is outdated or began at 0 again. */
  isBelow(row: number, other: this, otherRow: number): boolean
  /** Sets the sum to its former value if that is greater by a rounding error only. Sums of doubles depend on their order. */
  keepRounded(row: number, before: this, beforeRow: number): void
  value(row: number): number
  count(row: number): number
  sumOfSquaredDeviation(row: number): number
  bucket(row: number, bucket: number): number
  exponential?(row: number): ExponentialValue | undefined
  summary?(row: number): SummaryValue
  percentileWindows?(row: number): readonly PercentileWindow[] | undefined
}

/** The greatest relative difference that counts as a rounding error. */
const ROUNDING_ERROR = 1e-12

export function rounded(now: number, before: number): number {
  return now < before && before - now <= before * ROUNDING_ERROR ? before : now
}
