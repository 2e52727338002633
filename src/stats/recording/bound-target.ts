import { BucketSearch } from '../../metrics/cells/bucket-search.js'
import { kindOf, NO_SLOTS, OTHER } from '../../metrics/cells/cell-kinds.js'
import type { Cells } from '../../metrics/cells/cells.js'
import { DistributionCells } from '../../metrics/cells/distribution-cells.js'
import { LastValueCells } from '../../metrics/cells/last-value-cells.js'
import type { Labels } from '../../metrics/labels/shared-tag-map.js'
import type { RowStore } from '../../metrics/store/row-store.js'
import type { StoreChunk } from '../../metrics/store/store-chunk.js'
import { SumCells } from '../../metrics/cells/sum-cells.js'
import type { ListenerGroup } from './listener.js'

/** Placeholders that are never recorded into. A field that is never undefined saves V8 a type check. */
export const NO_DISTRIBUTION: DistributionCells = new DistributionCells(0, new BucketSearch([]), undefined as never)
export const NO_LAST_VALUES: LastValueCells = new LastValueCells(0)

/** The column of a target, for the rare paths. */
interface Origin {
  readonly group: ListenerGroup
  readonly chunk: StoreChunk
  /** The generation in which the row was created. */
  readonly createdIn: number
  readonly column: number
  readonly cells: Cells
}

/** The cell that a bound measure's values go to in one view, linked to that in the next view; the list ends with {@link NO_TARGET}. */
export class BoundTarget {
  readonly kind: number
  readonly cell: number
  readonly lastEpochs: Int32Array
  readonly slots: Int32Array
  readonly distribution: DistributionCells
  readonly lastValues: LastValueCells
  readonly origin: Origin
  next: BoundTarget

  constructor(kind: number, cell: number, lastEpochs: Int32Array, cells: Cells | undefined, origin: Origin, next?: BoundTarget) {
    this.kind = kind
    this.cell = cell
    this.lastEpochs = lastEpochs
    this.slots = cells instanceof SumCells ? cells.slots : NO_SLOTS
    this.distribution = cells instanceof DistributionCells ? cells : NO_DISTRIBUTION
    this.lastValues = cells instanceof LastValueCells ? cells : NO_LAST_VALUES
    this.origin = origin
    this.next = next ?? this
  }
}

export const NO_TARGET: BoundTarget = new BoundTarget(OTHER, 0, NO_SLOTS, undefined, undefined as never)

/** The targets in the views of one group. Creates their row if there is none. */
export function boundTargets(group: ListenerGroup, labels: Labels, isWhole: boolean, overflowed: RowStore[]): BoundTarget[] {
  const { store } = group
  const row = store.findOrCreate(labels)
  if (store.isOverflow(row)) overflowed.push(store)
  const chunk = store.chunkOf(row)
  const cell = row - chunk.start
  const createdIn = chunk.createdIn(cell)
  return chunk.recorded.map((column) => {
    const cells = chunk.columns[column]!
    return new BoundTarget(kindOf(cells, isWhole), cell, chunk.lastEpochs, cells, { group, chunk, createdIn, column, cells }, NO_TARGET)
  })
}
