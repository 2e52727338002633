import type { Cells } from './cells.js'
import { DistributionCells } from './distribution-cells.js'
import { LastValueCells } from './last-value-cells.js'
import { CountCells, SumCells } from './sum-cells.js'

// The class of cells as a number. V8 can inline a call that depends on a number instead of an object's class. A number is compared in one
// step, whereas the compiler must check that a boolean is not another object.
export const SUM = 0
/** A count into which only integers are recorded. */
const WHOLE_COUNT = 1
export const COUNT = 2
export const DISTRIBUTION = 3
/** A distribution, if further columns are recorded too. */
export const DISTRIBUTION_FIRST = 4
export const LAST_VALUE = 5
export const OTHER = 6

/** Placeholder if there are no slots: a field that is never undefined saves V8 a type check. */
export const NO_SLOTS: Int32Array = new Int32Array(0)

/** @param isWhole True if only integers are recorded. */
export function kindOf(cells: Cells, isWhole: boolean): number {
  if (cells instanceof CountCells) return isWhole ? WHOLE_COUNT : COUNT
  if (cells instanceof SumCells) return SUM
  if (cells instanceof DistributionCells) return DISTRIBUTION
  return cells instanceof LastValueCells ? LAST_VALUE : OTHER
}

/** Adds a non-negative integer to a slot. Returns false if it would overflow: then call `record` of the cells. */
export const addWhole = (slots: Int32Array, cell: number, whole: number): boolean => {
  const sum = (slots[cell]! + whole) | 0
  if (sum < 0) return false
  slots[cell] = sum
  return true
}

/** Adds an ordinary value to a count, or a small integer to a sum. Returns false if `record` of the cells must be called. */
export const addUsual = (kind: number, slots: Int32Array, cell: number, value: number): boolean =>
  kind <= COUNT && (kind !== SUM || isSmallWhole(value)) && addWhole(slots, cell, kind === SUM ? value : 1)

const isSmallWhole = (value: number): boolean => (value | 0) === value && value >= 0
