import { type Cells, ScalarCells } from './cells.js'

/** The newest value of each row; accepts any number. */
export class LastValueCells extends ScalarCells implements Cells {
  private readonly values: Float64Array

  constructor(rows: number) {
    super()
    this.values = new Float64Array(rows)
  }

  record(cell: number, value: number): boolean {
    this.values[cell] = value + 0 // −0 becomes 0
    return true
  }

  /** Adds to the value of a gauge. Returns false if a finite value would become infinite. */
  add(cell: number, value: number): boolean {
    const before = this.values[cell]!
    const sum = before + value
    if (sum - sum !== 0 && before - before === 0) return false
    this.values[cell] = sum
    return true
  }

  attach(): void {}

  value(cell: number): number {
    return this.values[cell]!
  }

  exemplar(): undefined {}

  clear(cell: number): void {
    this.values[cell] = 0
  }

  copy(cell: number, from: Cells, fromCell: number): void {
    this.values[cell] = from.value(fromCell)
  }
}
