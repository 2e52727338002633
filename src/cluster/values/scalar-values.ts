import { ScalarCells } from '../../metrics/cells/cells.js'
import { doubles, PAGE_ROWS } from './pages.js'
import type { PayloadReader } from '../frames/payload-reader.js'
import { type RowValues, rounded } from './row-values.js'

/** The numbers of counters, sums and gauges. */
export class ScalarValues extends ScalarCells implements RowValues {
  readonly #values = doubles()
  readonly #isCumulative: boolean

  constructor(isCumulative: boolean) {
    super()
    this.#isCumulative = isCumulative
  }

  /** A counter that is NaN or negative, as other libraries allow, counts as 0. The total would stay NaN after its member has departed. */
  read(reader: PayloadReader, row: number): void {
    const value = reader.double()
    this.#values.set(row, this.#isCumulative && !(value >= 0) ? 0 : value)
  }

  readAll(reader: PayloadReader, rows: number): void {
    const values = reader.doubles(rows)
    if (this.#isCumulative) clearInvalid(values)
    this.#values.setRun(0, values)
  }

  copyRun(first: number, from: ScalarValues, rows: number): void {
    this.#values.setRun(first, from.#values.firstRows(rows))
  }

  set(row: number, value: number): void {
    this.#values.set(row, value)
  }

  /** Sets the values of rows of one page from row `first` on, each {@link rounded}. */
  setRunRounded(first: number, values: Float64Array): void {
    const page = this.#values.pageOf(first + values.length - 1)
    const start = first & (PAGE_ROWS - 1)
    for (let at = 0; at < values.length; at++) page[start + at] = rounded(values[at]!, page[start + at]!)
  }

  clear(row: number): void {
    this.#values.set(row, 0)
  }

  copy(row: number, from: ScalarValues, fromRow: number): void {
    this.#values.set(row, from.#values.get(fromRow))
  }

  add(row: number, from: ScalarValues, fromRow: number): void {
    this.#values.set(row, this.#values.get(row) + from.#values.get(fromRow))
  }

  keepGreater(row: number, from: ScalarValues, fromRow: number): void {
    if (!(this.value(row) >= from.value(fromRow))) this.copy(row, from, fromRow)
  }

  isBelow(row: number, other: ScalarValues, otherRow: number): boolean {
    return this.value(row) < other.value(otherRow)
  }

  keepRounded(row: number, before: ScalarValues, beforeRow: number): void {
    this.#values.set(row, rounded(this.value(row), before.value(beforeRow)))
  }

  value(row: number): number {
    return this.#values.get(row)
  }
}

function clearInvalid(values: Float64Array): void {
  for (let at = 0; at < values.length; at++) if (!(values[at]! >= 0)) values[at] = 0
}
