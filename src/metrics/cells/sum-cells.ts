import { type Cells, type Epochs, ScalarCells } from './cells.js'
import { exemplarOf } from './exemplars.js'
import type { Exemplar } from '../data/metric.js'

/**
 * Running sums. Small integers are added to an Int32 slot, which is four times as fast as a double, and carried over at 2^31; see
 * bench/metrics/cells.bench.js.
 */
export class SumCells extends ScalarCells implements Cells {
  private readonly rest: Float64Array
  /** The integer part of each sum, below 2^31; the record path adds to it without a call. @internal */
  readonly slots: Int32Array
  private exemplars: Map<number, Exemplar> | undefined = undefined

  constructor(rows: number) {
    super()
    this.rest = new Float64Array(rows)
    this.slots = new Int32Array(rows)
  }

  record(cell: number, value: number): boolean {
    if ((value | 0) === value && value >= 0) {
      const sum = (this.slots[cell]! + value) | 0
      this.slots[cell] = sum
      if (sum < 0) this.carry(cell) // past 2^31 it reads negative; unsigned it is still right
      return true
    }
    const sum = this.rest[cell]! + value
    if (sum - sum !== 0) return false // would be infinite
    this.rest[cell] = sum
    return true
  }

  /** Moves the integer part into the double. */
  protected carry(cell: number): void {
    this.rest[cell]! += this.slots[cell]! >>> 0
    this.slots[cell] = 0
  }

  attach(cell: number, value: number, attachments: Readonly<Record<string, string>>, epochs: Epochs): void {
    this.exemplars ??= new Map()
    this.exemplars.set(cell, exemplarOf(value, attachments, epochs))
  }

  value(cell: number): number {
    return this.rest[cell]! + this.slots[cell]!
  }

  override get hasExemplars(): boolean {
    return this.exemplars !== undefined
  }

  exemplar(cell: number): Exemplar | undefined {
    return this.exemplars?.get(cell)
  }

  clear(cell: number): void {
    this.rest[cell] = 0
    this.slots[cell] = 0
    this.exemplars?.delete(cell)
  }

  copy(cell: number, from: Cells, fromCell: number): void {
    this.slots[cell] = 0
    this.rest[cell] = from.value(fromCell)
    const exemplar = from.exemplar(fromCell, 0)
    if (exemplar !== undefined) (this.exemplars ??= new Map()).set(cell, exemplar)
  }
}

/** Running counts of values of any kind. */
export class CountCells extends SumCells {
  // Without `super`, which V8 looks up each time: that would take longer than the rest.
  override record(cell: number, _value?: number): boolean {
    const count = (this.slots[cell]! + 1) | 0
    this.slots[cell] = count
    if (count < 0) this.carry(cell)
    return true
  }

  override attach(cell: number, _value: number, attachments: Readonly<Record<string, string>>, epochs: Epochs): void {
    super.attach(cell, 1, attachments, epochs)
  }
}
