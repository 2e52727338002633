import type { Exemplar } from '../../metrics/data/metric.js'
import type { Epochs } from '../../metrics/cells/cells.js'
import { MAX_VALUE_LENGTH } from '../../metrics/labels/label-value.js'
import { BulkRowStore } from '../../metrics/store/bulk-row-store.js'
import type { RowBudget } from '../../metrics/store/limits.js'
import { type FamilyDefinition, isCumulative } from '../frames/family-definition.js'
import { MemberRows, NONE, type NewRow, overflowRows } from './member-rows.js'
import { combination } from './merge-rules.js'
import { type DepartedRows, MergedValues } from './merged-values.js'
import { MergedSource, StartTimes } from './merged-source.js'
import { PAGE_ROWS, words } from '../values/pages.js'
import type { RowValues } from '../values/row-values.js'
import { ScalarValues } from '../values/scalar-values.js'
import { SummaryValues } from '../values/summary-values.js'
import { rowValues } from '../values/values-of-kind.js'

/** Frames with at most this many rows use the same staged values, one after the other. */
const MAX_STAGED = 512

/**
 * One family of all members. If a part of a merged row changes, the row is computed again from all its parts: first the departed totals,
 * then the members by slot. The same parts always give the same bits, and rounding errors do not grow.
 */
export class MergedFamily {
  readonly definition: FamilyDefinition
  readonly source: MergedSource
  /** The totals of departed members. */
  readonly departedSource: MergedSource
  readonly isCumulative: boolean
  /** True once a row had totals of departed members. */
  hasDeparted = false
  readonly #rule: ReturnType<typeof combination>
  readonly store: BulkRowStore
  readonly #values: MergedValues
  readonly #departed: DepartedRows
  readonly startTimes: StartTimes
  readonly #exemplars = new Map<number, (Exemplar | undefined)[]>()
  /** Values of a frame that is being applied. */
  readonly #staged: RowValues
  /** In the order of their slots. */
  readonly #members: MemberRows[] = []

  constructor(definition: FamilyDefinition, epochs: Epochs, budget: RowBudget) {
    const { descriptor, rowLimit = budget.limit } = definition
    this.definition = definition
    this.isCumulative = isCumulative(descriptor)
    this.#rule = combination(descriptor)
    const { name, labelKeys } = descriptor
    const limits = { rowLimit, budget, buckets: definition.bounds.length, valueLength: MAX_VALUE_LENGTH, isRecorded: false }
    this.store = new BulkRowStore({ name, labelKeys, epochs, ...limits })
    this.startTimes = new StartTimes(this.store)
    this.#departed = { values: rowValues(definition, epochs.clock), epochs: words() }
    this.#values = new MergedValues(definition, this.store, this.#members, this.#departed)
    this.#staged = rowValues(definition, epochs.clock)
    this.source = new MergedSource(definition, this.store, {
      values: this.#values.values,
      refresh: (row) => this.#values.refresh(row),
      isShown: (row) => this.#values.isShown(row),
      restartedIn: (row) => this.startTimes.loweredIn(row),
      exemplar: (row, bucket) => this.#exemplars.get(row)?.[bucket],
    })
    this.departedSource = new MergedSource(definition, this.store, {
      values: this.#departed.values,
      refresh: () => {},
      isShown: (row) => this.#departed.epochs.get(row) !== 0,
      lastEpoch: (row) => this.#departed.epochs.get(row),
      restartedIn: (row) => this.startTimes.loweredIn(row),
      exemplar: () => undefined,
    })
  }

  get hasMembers(): boolean {
    return this.#members.length > 0
  }

  get hasRows(): boolean {
    return this.store.size > 0 || this.store.overflowRow >= 0
  }

  /** Call when another definition of this name is shown instead. */
  dispose(): void {
    this.store.clear()
    this.store.dispose()
  }

  join(slot: number): MemberRows {
    const member = new MemberRows(slot, rowValues(this.definition, this.store.epochs.clock))
    this.#members.push(member)
    this.#members.sort((one, other) => one.slot - other.slot)
    return member
  }

  /** Call when a member sends all rows again. Each former row counts until it has arrived again. */
  restart(member: MemberRows): MemberRows {
    if (member.previous !== undefined) member.adopt(member.previous)
    member.previous = undefined
    const next = new MemberRows(member.slot, rowValues(this.definition, this.store.epochs.clock))
    next.previous = member
    this.#members.splice(this.#members.indexOf(member), 1, next)
    return next
  }

  /** Returns storage for the values of a frame that is not applied yet. It may overwrite those of the frame before. */
  stagedValues(rows: number): RowValues {
    return rows <= MAX_STAGED ? this.#staged : rowValues(this.definition, this.store.epochs.clock)
  }

  /** Adds a row that the member has not sent before, with the value in a row of `staged`. */
  add(member: MemberRows, row: NewRow, staged: RowValues, at: number): void {
    const mergedRow = this.#find(row)
    const isOverflow = mergedRow === this.store.overflowRow
    const earlier = isOverflow ? NONE : member.numberOf(mergedRow)
    if (earlier >= 0) {
      if (this.isCumulative) this.#addToDeparted(mergedRow, member, earlier) // both rows have the same labels, and both count
      member.unbind(earlier)
      member.replaced.add(earlier)
    }
    member.replaced.delete(row.number)
    const { previous } = member
    const before = previous === undefined || isOverflow ? NONE : previous.numberOf(mergedRow)
    if (this.#rule === 'latest') {
      const isUnchanged = before >= 0 && Object.is(staged.value(at), previous!.values.value(before))
      member.changedAt.set(row.number, isUnchanged ? previous!.changedAt.get(before) : this.#second())
    }
    if (before >= 0) {
      if (this.isCumulative && staged.isBelow(at, previous!.values, before)) this.#addToDeparted(mergedRow, previous!, before)
      previous!.unbind(before)
    }
    member.values.copy(row.number, staged, at)
    member.bind(row.number, mergedRow, isOverflow)
    this.#values.settle(mergedRow)
  }

  /** True if {@link addRun} may be called for so many new rows with the numbers from `first` on. */
  addsRun(member: MemberRows, first: number, rows: number): boolean {
    const isSum = this.isCumulative && this.#rule === 'sum'
    return isSum && member.previous === undefined && first >= member.end && rows <= PAGE_ROWS
  }

  /**
   * Adds rows with the numbers from `first` on whose merged rows are there. It stops at a row for which {@link add} has to be called, and
   * returns how many it has added. Most rows of a first scrape are added here, by code that is not compiled yet: hence loops over columns.
   */
  addRun(member: MemberRows, first: number, mergedRows: Int32Array, startTimesUnixMs: Float64Array, staged: RowValues): number {
    const count = member.bindRun(first, mergedRows)
    if (count === 0) return 0
    member.values.copyRun(first, staged, count)
    this.startTimes.lowerRun(mergedRows, count, startTimesUnixMs)
    this.#values.settleRun(mergedRows, count)
    return count
  }

  /** Sets a new value of a row. A cumulative value below the current one is outdated, and ignored. */
  update(member: MemberRows, number: number, staged: RowValues, at: number): void {
    if (!member.has(number)) return // it has been replaced
    if (this.isCumulative && staged.isBelow(at, member.values, number)) return
    if (this.#rule === 'latest' && !Object.is(staged.value(at), member.values.value(number))) member.changedAt.set(number, this.#second())
    member.values.copy(number, staged, at)
    this.#values.settle(member.mergedRow(number))
  }

  /** Returns the time in whole seconds from 1, because values of one second count as equally new. */
  #second(): number {
    return Math.floor(this.store.epochs.clock.monotonicMs() / 1_000) + 1
  }

  /** Removes a row of a member. Its total stays while another member has the row. The last member removes the merged row. */
  remove(member: MemberRows, number: number): void {
    const mergedRow = member.mergedRow(number)
    const isOverflow = mergedRow === this.store.overflowRow
    if (this.isCumulative && (isOverflow || this.#isHeldByOthers(mergedRow, member))) this.#addToDeparted(mergedRow, member, number)
    member.unbind(number)
    if (isOverflow || this.#isHeldByOthers(mergedRow, undefined)) this.#values.settle(mergedRow)
    else this.#release(mergedRow)
  }

  /** Call when a member has sent all rows again. Removes former rows that were not among them. */
  sweep(member: MemberRows): void {
    const { previous } = member
    if (previous === undefined) return
    for (const number of previous.numbers()) if (!previous.overflowing.has(number)) this.remove(previous, number)
    member.previous = undefined
    if (previous.overflowing.size > 0) this.#values.settle(this.store.overflowRow)
  }

  /** Shows or hides the gauges of a member. */
  show(member: MemberRows, isShown: boolean): void {
    if (this.isCumulative || member.isShown === isShown) return
    member.isShown = isShown
    if (member.previous !== undefined) member.previous.isShown = isShown
    for (const rows of [member, member.previous]) for (const number of rows?.numbers() ?? []) this.#values.settle(rows!.mergedRow(number))
  }

  /** Call when a member has ended. Removes its gauges, and adds its cumulatives to the departed totals. */
  depart(member: MemberRows): void {
    const { previous } = member
    const counted = overflowRows(member)
    this.#members.splice(this.#members.indexOf(member), 1)
    for (const rows of [previous, member]) {
      if (rows === undefined) continue
      for (const number of rows.numbers()) {
        const mergedRow = rows.mergedRow(number)
        const isRepeated = rows !== counted && rows.overflowing.has(number)
        if (this.isCumulative && !isRepeated) this.#addToDeparted(mergedRow, rows, number)
        rows.unbind(number)
        const isKept = this.isCumulative || mergedRow === this.store.overflowRow || this.#isHeldByOthers(mergedRow, undefined)
        if (isKept) this.#values.settle(mergedRow)
        else this.#release(mergedRow)
      }
    }
  }

  setExemplar(member: MemberRows, number: number, bucket: number, exemplar: Exemplar): void {
    const row = member.mergedRow(number)
    const kept = this.#exemplars.get(row) ?? []
    if ((kept[bucket]?.timeUnixMs ?? Number.NEGATIVE_INFINITY) > exemplar.timeUnixMs) return
    kept[bucket] = exemplar
    this.#exemplars.set(row, kept)
    this.#values.touch(row)
  }

  #find({ mergedRow, labels, isOverflow, startTimeUnixMs }: NewRow): number {
    if (mergedRow >= 0) {
      this.startTimes.lower(mergedRow, startTimeUnixMs)
      return mergedRow
    }
    const store = this.store
    const [size, overflowRow] = [store.size, store.overflowRow]
    const row = isOverflow ? store.findOverflow() : store.findOrCreateByValues(labels)
    const isNew = store.size > size || store.overflowRow !== overflowRow
    if (isNew) this.startTimes.set(row, startTimeUnixMs)
    else this.startTimes.lower(row, startTimeUnixMs)
    return row
  }

  /** Call when a member has sent a row again, because its start time is earlier than before. */
  restartRow(member: MemberRows, number: number, startTimeUnixMs: number): void {
    if (member.has(number) && this.startTimes.lower(member.mergedRow(number), startTimeUnixMs))
      this.#values.settle(member.mergedRow(number))
  }

  #isHeldByOthers(mergedRow: number, except: MemberRows | undefined): boolean {
    return this.#members.some((member) => {
      if (member !== except && member.numberOf(mergedRow) >= 0) return true
      const { previous } = member
      return previous !== undefined && previous !== except && previous.numberOf(mergedRow) >= 0
    })
  }

  #addToDeparted(mergedRow: number, rows: MemberRows, number: number): void {
    const { values, epochs } = this.#departed
    if (this.#rule === 'max' && values instanceof ScalarValues) values.keepGreater(mergedRow, rows.values as ScalarValues, number)
    else values.add(mergedRow, rows.values, number)
    if (values instanceof SummaryValues) values.dropQuantiles(mergedRow)
    if (epochs.get(mergedRow) === 0) this.store.chunkOf(mergedRow).version++
    epochs.set(mergedRow, this.store.epochs.current)
    this.hasDeparted = true
  }

  #release(mergedRow: number): void {
    this.#values.clear(mergedRow)
    this.#departed.values.clear(mergedRow)
    this.#departed.epochs.set(mergedRow, 0)
    this.#exemplars.delete(mergedRow)
    this.startTimes.clear(mergedRow)
    this.store.remove(new Set([mergedRow]))
  }
}
