import { type Cells, type Epochs, ScalarCells } from './cells.js'
import type { DistributionCells } from './distribution-cells.js'
import { exemplarOf } from './exemplars.js'
import type { Exemplar } from '../data/metric.js'
import { CountCells, SumCells } from './sum-cells.js'

/** The part of a distribution that is also the data of another view. */
export type DistributionPart = 'count' | 'sum'

/**
 * Counts or sums of rows that have a distribution too. They are read from the distribution, so that no value is recorded twice. `record` is
 * called only if the distribution did not accept the value.
 */
export class DistributionBackedCells extends ScalarCells implements Cells {
  readonly distribution: DistributionCells
  private readonly part: DistributionPart
  /** By cell, the number of counted values that the distribution did not accept. */
  private refused: Map<number, number> | undefined = undefined
  private exemplars: Map<number, Exemplar> | undefined = undefined

  constructor(distribution: DistributionCells, part: DistributionPart) {
    super()
    this.distribution = distribution
    this.part = part
  }

  /** A count accepts every value. A sum refuses what its distribution has refused, since both would become infinite. */
  record(cell: number): boolean {
    if (this.part === 'sum') return false
    this.refused ??= new Map()
    this.refused.set(cell, (this.refused.get(cell) ?? 0) + 1)
    return true
  }

  attach(cell: number, value: number, attachments: Readonly<Record<string, string>>, epochs: Epochs): void {
    this.exemplars ??= new Map()
    this.exemplars.set(cell, exemplarOf(this.part === 'count' ? 1 : value, attachments, epochs))
  }

  value(cell: number): number {
    return this.part === 'sum' ? this.distribution.value(cell) : this.distribution.count(cell) + (this.refused?.get(cell) ?? 0)
  }

  override get hasExemplars(): boolean {
    return this.exemplars !== undefined
  }

  exemplar(cell: number): Exemplar | undefined {
    return this.exemplars?.get(cell)
  }

  clear(cell: number): void {
    this.refused?.delete(cell)
    this.exemplars?.delete(cell)
  }

  copy(): void {
    throw new Error('BUG: copied into cells that have nothing of their own')
  }

  /** Returns the same data in independent cells. Called when the distribution is removed. */
  independent(rows: number): Cells {
    const cells = this.part === 'count' ? new CountCells(rows) : new SumCells(rows)
    for (let cell = 0; cell < rows; cell++) cells.copy(cell, this, cell)
    return cells
  }
}
