import type { Cells } from '../metrics/cells.js'
import { DistributionCells } from '../metrics/distribution-cells.js'
import { LastValueCells } from '../metrics/last-value-cells.js'
import type { Labels } from '../metrics/row-index.js'
import type { RowStore } from '../metrics/row-store.js'
import type { StoreChunk } from '../metrics/store-chunk.js'
import { CountCells, SumCells } from '../metrics/sum-cells.js'
import type { ListenerGroup } from './listener.js'

/** What a view's row is: the compiler may put a call in its place where a number tells what is called, not the class of an object. */
export const SUM = 0
/** Counts of an int64 measure, which takes whole numbers only. */
export const WHOLE_COUNT = 1
export const COUNT = 2
export const DISTRIBUTION = 3
/** A distribution that is not alone: several views listen. */
export const DISTRIBUTION_FIRST = 4
export const LAST_VALUE = 5
export const OTHER = 6

/** What stands where there are no slots: a field that is never undefined need not be asked. */
export const NO_SLOTS: Int32Array = new Int32Array(0)

/** Where a bound measure's values go in one view. */
export interface BoundPart {
  readonly group: ListenerGroup
  readonly chunk: StoreChunk
  readonly column: number
  readonly kind: number
  readonly cells: Cells
  readonly cell: number
  readonly marks: Int32Array
  readonly slots: Int32Array
  readonly distribution: DistributionCells | undefined
  readonly lastValues: LastValueCells | undefined
}

/** The parts of a measure's views with the same tag keys, their row made where there is none. */
export function boundParts(group: ListenerGroup, labels: Labels, isWhole: boolean, overflowed: RowStore[]): BoundPart[] {
  const { store } = group
  const row = store.place(labels)
  if (store.isOverflow(row)) overflowed.push(store)
  const chunk = store.chunkOf(row)
  return chunk.recorded.map((column) => {
    const cells = chunk.columns[column]!
    return {
      group,
      chunk,
      column,
      kind: kindOf(cells, isWhole),
      cells,
      cell: row - chunk.start,
      marks: chunk.marks,
      slots: cells instanceof SumCells ? cells.slots : NO_SLOTS,
      distribution: cells instanceof DistributionCells ? cells : undefined,
      lastValues: cells instanceof LastValueCells ? cells : undefined,
    }
  })
}

function kindOf(cells: Cells, isWhole: boolean): number {
  if (cells instanceof CountCells) return isWhole ? WHOLE_COUNT : COUNT
  if (cells instanceof SumCells) return SUM
  if (cells instanceof DistributionCells) return DISTRIBUTION
  return cells instanceof LastValueCells ? LAST_VALUE : OTHER
}
