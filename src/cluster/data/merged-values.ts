import type { RowStore } from '../../metrics/store/row-store.js'
import { type FamilyDefinition, isCumulative } from '../frames/family-definition.js'
import { type MemberRows, NONE, overflowRows } from './member-rows.js'
import { combination, RowCombiner } from './merge-rules.js'
import { PAGE_ROWS, type Pages, words } from '../values/pages.js'
import type { RowValues } from '../values/row-values.js'
import type { ScalarValues } from '../values/scalar-values.js'
import { rowValues } from '../values/values-of-kind.js'

/** The totals of departed members in a family. */
export interface DepartedRows {
  readonly values: RowValues
  /** The epoch of each row's newest change, 0 if it has no totals. */
  readonly epochs: Pages<Int32Array>
}

/** The values of the merged rows of a family, which it computes from their parts. */
export class MergedValues {
  readonly values: RowValues
  readonly #store: RowStore
  readonly #members: readonly MemberRows[]
  readonly #departed: DepartedRows
  readonly #isCumulative: boolean
  /** True for counters and sums. */
  readonly #isSumOfNumbers: boolean
  readonly #combiner: RowCombiner
  /** 1 for rows whose parts have changed since they were computed. */
  readonly #stale = words()
  /** 1 for gauges that no shown member has at the moment. */
  readonly #hidden = words()

  /** @param members In the order in which their values are combined. They may change. */
  constructor(definition: FamilyDefinition, store: RowStore, members: readonly MemberRows[], departed: DepartedRows) {
    const { clock } = store.epochs
    const rule = combination(definition.descriptor)
    this.#store = store
    this.#members = members
    this.#departed = departed
    this.#isCumulative = isCumulative(definition.descriptor)
    this.#isSumOfNumbers = this.#isCumulative && rule === 'sum' && definition.kind === 'scalar'
    this.values = rowValues(definition, clock)
    this.#combiner = new RowCombiner(rowValues(definition, clock), rule)
  }

  isShown(row: number): boolean {
    return this.#hidden.get(row) === 0
  }

  /** Call when a row is released. */
  clear(row: number): void {
    this.values.clear(row)
    this.#hidden.set(row, 0)
    this.#stale.set(row, 0)
  }

  touch(row: number): void {
    const chunk = this.#store.chunkOf(row)
    chunk.lastEpochs[row - chunk.start] = this.#store.epochs.current
  }

  /**
   * Call when parts of a row have changed. A cumulative is computed when it is read, because each member may change it between two scrapes.
   * A gauge is computed at once, because readers check first whether it is hidden.
   */
  settle(row: number): void {
    this.touch(row)
    if (this.#isCumulative) this.#stale.set(row, 1)
    else this.#compute(row)
  }

  /** Like {@link settle} for the first `count` of these rows of a cumulative, in a loop without calls. */
  settleRun(rows: Int32Array, count: number): void {
    const epoch = this.#store.epochs.current
    for (let at = 0; at < count; ) {
      const { start, rows: size, lastEpochs } = this.#store.chunkOf(rows[at]!)
      const stale = this.#stale.pageOf(start + size - 1)
      const first = start & (PAGE_ROWS - 1)
      for (; at < count; at++) {
        const cell = rows[at]! - start
        if (cell < 0 || cell >= size) break
        lastEpochs[cell] = epoch
        stale[first + cell] = 1
      }
    }
  }

  /** Computes a row if its parts have changed. */
  refresh(row: number): void {
    if (this.#stale.get(row) === 0) return
    if (this.#isSumOfNumbers && row !== this.#store.overflowRow) return this.#computeRun(row)
    this.#stale.set(row, 0)
    this.#compute(row)
  }

  /**
   * Computes a row and the stale ones that follow it in its chunk, in loops over them. At the first scrape all rows are stale, and V8 compiles
   * far less code for these loops than for a call of `#compute` for each row.
   */
  #computeRun(first: number): void {
    const end = this.#takeStale(first)
    const sums = new Float64Array(end - first)
    const parts = new Int32Array(end - first)
    this.#addDeparted(sums, parts, first)
    for (const member of this.#members) member.addTo(sums, parts, first)
    ;(this.values as ScalarValues).setRunRounded(first, sums)
    this.#setHiddenRun(parts, first)
  }

  /** Marks a row and the stale ones that follow it as computed. Returns the end of the run. */
  #takeStale(first: number): number {
    const { start, size } = this.#store.chunkOf(first)
    const stale = this.#stale.pageOf(start + size - 1)
    const overflow = this.#store.overflowRow - start
    const offset = start & (PAGE_ROWS - 1)
    let cell = first - start
    do stale[offset + cell++] = 0
    while (cell < size && cell !== overflow && stale[offset + cell] !== 0)
    return start + cell
  }

  #addDeparted(sums: Float64Array, parts: Int32Array, first: number): void {
    const { values, epochs } = this.#departed
    for (let at = 0; at < sums.length; at++) {
      if (epochs.get(first + at) === 0) continue
      sums[at] = values.value(first + at)
      parts[at] = 1
    }
  }

  #setHiddenRun(parts: Int32Array, first: number): void {
    for (let at = 0; at < parts.length; at++) this.#setHidden(first + at, parts[at] === 0)
  }

  /** Computes a merged row from its parts. */
  #compute(row: number): void {
    const combiner = this.#combiner
    combiner.clear()
    if (this.#departed.epochs.get(row) !== 0) combiner.add(this.#departed.values, row, 0)
    const isOverflow = row === this.#store.overflowRow
    for (const member of this.#members) {
      if (!this.#isCumulative && !member.isShown) continue
      if (isOverflow) {
        const { values, changedAt, overflowing } = overflowRows(member)
        for (const number of overflowing) combiner.add(values, number, changedAt.get(number))
        continue
      }
      const rows = member.numberOf(row) >= 0 ? member : member.previous
      const number = rows?.numberOf(row) ?? NONE
      if (number >= 0) combiner.add(rows!.values, number, rows!.changedAt.get(number))
    }
    if (this.#isCumulative) combiner.result.keepRounded(0, this.values, row)
    this.values.copy(row, combiner.result, 0)
    this.#setHidden(row, combiner.parts === 0)
  }

  #setHidden(row: number, isHidden: boolean): void {
    const hidden = isHidden ? 1 : 0
    if (this.#hidden.get(row) === hidden) return
    this.#hidden.set(row, hidden)
    this.#store.chunkOf(row).version++
  }
}
