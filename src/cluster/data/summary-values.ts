import type { SummaryValue } from '../../metrics/data/metric.js'
import type { PayloadReader } from './payload-reader.js'
import { type RowValues, rounded } from './row-values.js'

type Quantiles = SummaryValue['quantiles']

const NO_QUANTILES: Quantiles = Object.freeze([])
const NOTHING: SummaryValue = Object.freeze({ kind: 'summary', count: 0, sum: 0, quantiles: NO_QUANTILES })

/**
 * Counts and sums of rows, and quantiles as long as they are those of one member: the quantiles of several cannot be made of
 * theirs, neither by averages nor in any other way.
 */
export class SummaryValues implements RowValues {
  readonly #rows = new Map<number, SummaryValue>()

  read(reader: PayloadReader, row: number): void {
    const count = reader.varint()
    const sum = reader.double()
    const length = reader.varintUpTo(reader.remainingBytes / 16, 'the number of quantiles')
    const quantiles = Array.from({ length }, () => ({ quantile: reader.double(), value: reader.double() }))
    this.#rows.set(row, { kind: 'summary', count, sum, quantiles })
  }

  clear(row: number): void {
    this.#rows.delete(row)
  }

  copy(row: number, from: SummaryValues, fromRow: number): void {
    this.#rows.set(row, from.summary(fromRow))
  }

  add(row: number, from: SummaryValues, fromRow: number): void {
    const [own, theirs] = [this.#rows.get(row), from.summary(fromRow)]
    if (own === undefined) this.#rows.set(row, theirs)
    else this.#rows.set(row, { kind: 'summary', count: own.count + theirs.count, sum: own.sum + theirs.sum, quantiles: NO_QUANTILES })
  }

  isBelow(row: number, other: SummaryValues, otherRow: number): boolean {
    return this.count(row) < other.count(otherRow)
  }

  keepRounded(row: number, before: SummaryValues, beforeRow: number): void {
    const own = this.summary(row)
    const sum = rounded(own.sum, before.value(beforeRow))
    if (sum !== own.sum) this.#rows.set(row, { ...own, sum })
  }

  value(row: number): number {
    return this.summary(row).sum
  }

  count(row: number): number {
    return this.summary(row).count
  }

  sumOfSquaredDeviation(): number {
    return 0
  }

  bucket(): number {
    return 0
  }

  summary(row: number): SummaryValue {
    return this.#rows.get(row) ?? NOTHING
  }
}
