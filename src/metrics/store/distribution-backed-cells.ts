import type { Cells, Epochs } from './cells.js'
import type { DistributionCells } from './distribution-cells.js'
import { exemplarOf } from './exemplars.js'
import type { Exemplar } from '../data/metric.js'
import { CountCells, SumCells } from './sum-cells.js'
import { ScalarCells } from './scalar-cells.js'

/** What of a distribution is the data of another view as well. */
export type DistributionPart = 'count' | 'sum'

/**
 * The counts or sums of rows that have a distribution too: these are in it already, so that nothing needs to be recorded
 * twice. A value goes to the distribution; `record` is called only where that did not take it.
 */
export class DistributionBackedCells extends ScalarCells implements Cells {
  readonly distribution: DistributionCells
  private readonly part: DistributionPart
  /** By cell, how many values were counted that the distribution did not take. */
  private refused: Map<number, number> | undefined = undefined
  private exemplars: Map<number, Exemplar> | undefined = undefined

  constructor(distribution: DistributionCells, part: DistributionPart) {
    super()
    this.distribution = distribution
    this.part = part
  }

  /** A count counts whatever there is; a sum refuses what its distribution refused, since both would be infinite. */
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

  /** The same data in cells of their own, for when the distribution goes. */
  independent(rows: number): Cells {
    const cells = this.part === 'count' ? new CountCells(rows) : new SumCells(rows)
    for (let cell = 0; cell < rows; cell++) cells.copy(cell, this, cell)
    return cells
  }
}
