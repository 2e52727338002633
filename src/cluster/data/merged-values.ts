import type { RowStore } from '../../metrics/store/row-store.js'
import { type FamilyDefinition, isCumulative } from '../frames/family-definition.js'
import { type MemberRows, NONE, overflowRows } from './member-rows.js'
import { combination, RowCombiner } from './merge-rules.js'
import { type Pages, words } from '../values/pages.js'
import { rounded, type RowValues } from '../values/row-values.js'
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
    const end = this.#endOfRun(first)
    const sums = new Float64Array(end - first)
    const parts = new Int32Array(end - first)
    const { values: departed, epochs } = this.#departed
    for (let row = first; row < end; row++) {
      this.#stale.set(row, 0)
      if (epochs.get(row) === 0) continue
      sums[row - first] = departed.value(row)
      parts[row - first] = 1
    }
    for (const member of this.#members) member.addTo(sums, parts, first)
    const values = this.values as ScalarValues
    for (let row = first; row < end; row++) {
      values.set(row, rounded(sums[row - first]!, values.value(row)))
      this.#setHidden(row, parts[row - first] === 0)
    }
  }

  #endOfRun(first: number): number {
    const { overflowRow } = this.#store
    const { start, size } = this.#store.chunkOf(first)
    let end = first + 1
    while (end < start + size && end !== overflowRow && this.#stale.get(end) !== 0) end++
    return end
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
