import { type Pages, words } from '../values/pages.js'
import type { RowValues } from '../values/row-values.js'

/** The number that stands for no row. */
export const NONE = -1

/** A row of a frame: its labels in the order of the merged family's keys. One object is used for all rows of a frame. */
export interface NewRow {
  number: number
  /** The row of these labels, if it is known; otherwise {@link NONE}. */
  mergedRow: number
  isOverflow: boolean
  startTimeUnixMs: number
  /** Not to be used if `mergedRow` is known. */
  readonly labels: (string | undefined)[]
}

/**
 * The rows of one family as one member has sent them, by the row numbers of the member, with the merged row of each. A row of a counter
 * needs 16 bytes, a row of a distribution with 12 bounds 76 bytes.
 */
export class MemberRows {
  readonly slot: number
  readonly values: RowValues
  /** The merged row of each row, plus 1. */
  readonly #merged = words()
  /** The row of each merged row, plus 1. */
  readonly #numbers = words()
  /** Rows whose merged row is the overflow row. */
  readonly overflowing: Set<number> = new Set()
  /** Rows that count no more, because a later one has the same labels. Their further values are ignored. */
  readonly replaced: Set<number> = new Set()
  /** When each row changed, for families with the merge rule `latest`. */
  readonly changedAt: Pages<Int32Array> = words()
  /** The rows of the member's former connection, until all have been sent again. */
  previous: MemberRows | undefined
  /** True if its gauges count. */
  isShown = true
  #size = 0
  #end = 0

  constructor(slot: number, values: RowValues) {
    this.slot = slot
    this.values = values
  }

  /** Greater than the number of each row. */
  get end(): number {
    return this.#end
  }

  get size(): number {
    return this.#size
  }

  has(number: number): boolean {
    return this.#merged.get(number) !== 0
  }

  mergedRow(number: number): number {
    return this.#merged.get(number) - 1
  }

  /** The number of the row that is part of this merged row; {@link NONE} if there is none. */
  numberOf(mergedRow: number): number {
    return this.#numbers.get(mergedRow) - 1
  }

  bind(number: number, mergedRow: number, isOverflow: boolean): void {
    if (!this.has(number)) this.#size++
    this.#merged.set(number, mergedRow + 1)
    if (isOverflow) this.overflowing.add(number)
    else this.#numbers.set(mergedRow, number + 1)
    if (number >= this.#end) this.#end = number + 1
  }

  /**
   * Binds rows from number `first` on, up to one whose merged row is unknown, or is that of another row. Returns how many it has bound.
   * @param first At least `end`.
   */
  bindRun(first: number, mergedRows: Int32Array): number {
    const count = this.#numbers.setFree(mergedRows, first + 1)
    if (count === 0) return 0
    this.#merged.setRun(first, plusOne(mergedRows, count))
    this.#size += count
    this.#end = first + count
    return count
  }

  unbind(number: number): void {
    const mergedRow = this.mergedRow(number)
    if (!this.overflowing.delete(number)) this.#numbers.set(mergedRow, 0)
    this.#merged.set(number, 0)
    this.values.clear(number)
    this.#size--
  }

  /** Takes over the rows of a former connection that had not been sent again when this one ended too. No frame refers to them any more. */
  adopt(former: MemberRows): void {
    const hasMore = former.overflowing.size > this.overflowing.size
    if (hasMore) for (const number of [...this.overflowing]) this.unbind(number)
    for (const number of former.numbers()) {
      const isOverflow = former.overflowing.has(number)
      if (isOverflow && !hasMore) continue
      const own = this.#end
      this.values.copy(own, former.values, number)
      this.changedAt.set(own, former.changedAt.get(number))
      this.bind(own, former.mergedRow(number), isOverflow)
    }
  }

  /**
   * Adds the numbers of this member in `sums.length` merged rows from `first` on to the sums, and 1 to `parts` for each row that it has. For
   * a family with one number a row.
   */
  addTo(sums: Float64Array, parts: Int32Array, first: number): void {
    const { previous } = this
    for (let at = 0; at < sums.length; at++) {
      const own = this.numberOf(first + at)
      const number = own >= 0 || previous === undefined ? own : previous.numberOf(first + at)
      if (number < 0) continue
      sums[at]! += (own >= 0 ? this : previous!).values.value(number)
      parts[at]!++
    }
  }

  /** Returns the numbers of all rows. */
  numbers(): number[] {
    const all: number[] = []
    for (let number = 0; number < this.#end; number++) if (this.has(number)) all.push(number)
    return all
  }
}

function plusOne(rows: Int32Array, count: number): Int32Array {
  const numbers = new Int32Array(count)
  for (let at = 0; at < count; at++) numbers[at] = rows[at]! + 1
  return numbers
}

/** Returns the rows of a member that count in the overflow row: the former ones while it sends all rows again, if they are more. */
export function overflowRows(member: MemberRows): MemberRows {
  const { previous } = member
  return previous !== undefined && previous.overflowing.size > member.overflowing.size ? previous : member
}
