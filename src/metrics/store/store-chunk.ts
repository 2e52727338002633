import { DistributionBackedCells } from '../cells/distribution-backed-cells.js'
import { kindOf, NO_SLOTS, OTHER } from '../cells/cell-kinds.js'
import type { Cells, Epochs } from '../cells/cells.js'
import { chunkRows, chunkStart } from './chunk-layout.js'
import { DistributionCells } from '../cells/distribution-cells.js'
import { SumCells } from '../cells/sum-cells.js'

/** The rows of one chunk, and the cells of each column. */
export class StoreChunk {
  readonly start: number
  readonly rows: number
  /** The epoch of each row's newest value, 0 if there is no row. */
  readonly lastEpochs: Int32Array
  readonly startTimesUnixMs: Float64Array
  readonly columns: Cells[] = []
  /** Indexes of the columns that values are recorded into: all that are not backed by another one. */
  recorded: readonly number[] = []
  /** For each column, the indexes of the columns that it backs. */
  backed: readonly (readonly number[])[] = []
  /**
   * The cells of the only recorded column: their kind, the slots of a count or sum, to which values are added without a call, and the cells
   * of a distribution. A call of `Cells.record` with several classes takes longer than the rest of a record.
   */
  kind: number = OTHER
  slots: Int32Array = NO_SLOTS
  distribution: DistributionCells | undefined = undefined
  readonly epochs: Epochs
  /** True if the cells are sketches, which have another call site. */
  readonly sketched: boolean
  /** Cells in use so far, holes included. */
  size = 0
  /** Changes when a row is made or removed. */
  version = 0
  /** The generation of the store in which the newest row was made. */
  newestGeneration: number
  /** The generation in which each row was made, once they differ: a store that never removes rows needs none. Doubles do not overflow. */
  private creations: Float64Array | undefined = undefined

  constructor(index: number, epochs: Epochs, sketched: boolean, generation: number) {
    this.start = chunkStart(index)
    this.rows = chunkRows(index)
    this.epochs = epochs
    this.newestGeneration = generation
    this.sketched = sketched
    this.startTimesUnixMs = new Float64Array(this.rows)
    this.lastEpochs = new Int32Array(this.rows)
  }

  /** The generation in which a row was made. Another row in the same cell has a later one. */
  createdIn(cell: number): number {
    return this.creations === undefined ? this.newestGeneration : this.creations[cell]!
  }

  /** Call after a row has been made. */
  created(cell: number, generation: number): void {
    if (generation !== this.newestGeneration) this.creations ??= new Float64Array(this.rows).fill(this.newestGeneration)
    if (this.creations !== undefined) this.creations[cell] = generation
    this.newestGeneration = generation
  }

  /** True if the row that was made in this generation is still in the cell. */
  isSame(cell: number, generation: number): boolean {
    return this.lastEpochs[cell] !== 0 && this.createdIn(cell) === generation
  }

  addColumn(cells: Cells): void {
    this.columns.push(cells)
    this.settle()
  }

  removeColumn(column: number): void {
    const [gone] = this.columns.splice(column, 1)
    for (const [at, cells] of this.columns.entries()) {
      if (cells instanceof DistributionBackedCells && cells.distribution === gone) this.columns[at] = cells.independent(this.rows)
    }
    this.settle()
  }

  private settle(): void {
    this.recorded = [...this.columns.keys()].filter((at) => !(this.columns[at] instanceof DistributionBackedCells))
    this.backed = this.columns.map((distribution) =>
      [...this.columns.keys()].filter((at) => distributionOf(this.columns[at]!) === distribution),
    )
    const only = this.recorded.length === 1 ? this.columns[this.recorded[0]!] : undefined
    this.kind = only === undefined ? OTHER : kindOf(only, false)
    this.slots = only instanceof SumCells ? only.slots : NO_SLOTS
    this.distribution = only instanceof DistributionCells ? only : undefined
  }
}

function distributionOf(cells: Cells): Cells | undefined {
  return cells instanceof DistributionBackedCells ? cells.distribution : undefined
}
