// The record path, from top to bottom. What is called from here: `RowStore.find` (label values to row,
// metrics/store/row-index.ts) and `record` of the cells (the value into the row, metrics/store/sum-cells.ts and beside it).
// Values out of the ordinary go on in record-checked.ts, what is not taken in drop-counters.ts.
// Once warm nothing below allocates, builds a string, reads a clock or throws; see bench/record.bench.js.
//
// Caches of this path, and what keeps them true:
//
// cache                          holds                                     invalid when                         cleared by
// measure.untaggedHandle         handle of records without tags            a view comes or goes                 ViewManager.#setGroups
// tags.handles                   handles of a TagMap used twice, by measure  never: a handle checks its rows      (oldest of 16 goes)
// BoundMeasure.{first, kind, …}  its rows' cells, view by view             views change, its row is removed     isBound, after Epochs.changes moved
// StoreChunk.{kind, slots, …}    cells of the only column                  a column comes or goes               StoreChunk.settle
// Label.{table, byText, ids}     ids of label values                       values are forgotten                 RowIndex.forgetUnused
import { currentFrame } from '../../base/context.js'
import { COUNT, DISTRIBUTION, DISTRIBUTION_FIRST, LAST_VALUE, NO_SLOTS, OTHER, SUM } from '../../metrics/store/cell-kinds.js'
import type { Cells, Epochs } from '../../metrics/store/cells.js'
import type { DistributionCells } from '../../metrics/store/distribution-cells.js'
import type { LastValueCells } from '../../metrics/store/last-value-cells.js'
import type { RowStore } from '../../metrics/store/row-store.js'
import type { StoreChunk } from '../../metrics/store/store-chunk.js'
import { SharedTagMap, type Labels } from '../../metrics/store/shared-tag-map.js'
import type { Attachments } from './attachments.js'
import { type BoundPart, boundParts, NO_DISTRIBUTION, NO_LAST_VALUES, NO_PART } from './bound-target.js'
import { drop, refuse, unreadable } from './drop-counters.js'
import { rowOf, type DropReason, type ListenerGroup } from './listener.js'
import type { Measure } from './measure.js'
import { recordOdd } from './record-checked.js'
import { TagMap } from '../tags/tag-map.js'

const NO_TAGS: Labels = Object.freeze(Object.create(null))

/** Records one value of a measure. Anything may be given: what cannot be used is dropped and counted. */
export const record = (measure: Measure, value: number, tags?: Labels | TagMap, attachments?: Attachments): void => {
  try {
    if (tags === undefined && measure.untaggedHandle !== undefined) (measure.untaggedHandle as BoundMeasure).record(value, attachments)
    else if (measure.groups.length > 0) recordTagged(measure, value, tags, attachments) // else nobody listens
  } catch {
    unreadable(measure)
  }
}

/** Settles once, for all views, which tags are meant: those given or, without any, those of the async context. */
const recordTagged = (measure: Measure, value: number, given: Labels | TagMap | undefined, attachments: Attachments | undefined): void => {
  const tags: object = given ?? contextTags(measure)
  if (tags === NO_TAGS && !measure.readsTags) return untaggedHandle(measure).record(value, attachments)
  if (!(tags instanceof SharedTagMap)) return recordLabels(measure, value, tags as Labels, attachments)
  const handle = tags instanceof TagMap ? handleOf(measure, tags) : undefined
  if (handle === undefined) recordLabels(measure, value, tags.values, attachments)
  else handle.record(value, attachments)
}

/** Records into the rows of these labels. One long function on purpose: see `recordWhatever` below. */
const recordLabels = (measure: Measure, value: number, labels: Labels, attachments: Attachments | undefined): void => {
  const groups = measure.groups
  if (attachments !== undefined || !isOrdinary(measure, value)) return recordOdd(measure, value, labels, attachments)
  // The usual case, one view, in one go; all others step by step.
  if (groups.length === 1 && typeof labels === 'object') {
    const group = groups[0]!
    const row = group.store.find(labels)
    if (row < 0) return refuse(measure)
    const chunk = group.store.chunkOf(row)
    const cell = row - chunk.start
    if (addUsual(chunk.kind, chunk.slots, cell, value)) chunk.marks[cell] = chunk.epochs.current
    else if (!recordRow(group, chunk, cell, value)) drop(measure, 'too large')
    return
  }
  let reason: DropReason | undefined = 'tags'
  for (let at = 0; at < groups.length; at++) {
    const group = groups[at]!
    const row = rowOf(group, labels)
    if (row < 0) {
      group.drop('tags')
      continue
    }
    const chunk = group.store.chunkOf(row)
    if (recordRow(group, chunk, row - chunk.start, value)) reason = undefined
    else if (reason === 'tags') reason = 'too large'
  }
  if (reason !== undefined) drop(measure, reason)
}

/** Adds a whole number that is not negative where there is room for it; false where cells have to do it. */
const addWhole = (slots: Int32Array, cell: number, whole: number): boolean => {
  const sum = (slots[cell]! + whole) | 0
  if (sum < 0) return false
  slots[cell] = sum
  return true
}

/** Adds an ordinary value to a count or a sum, where it is one and a whole number is to be added; false where cells have to do it. */
const addUsual = (kind: number, slots: Int32Array, cell: number, value: number): boolean =>
  kind <= COUNT && (kind !== SUM || isSmallWhole(value)) && addWhole(slots, cell, kind === SUM ? value : 1)

const isSmallWhole = (value: number): boolean => (value | 0) === value && value >= 0

function contextTags(measure: Measure): Labels {
  return (measure.readsTags ? (currentFrame().tags as Labels | undefined) : undefined) ?? NO_TAGS
}

/** What every aggregation takes: a finite number that is not negative, and whole where the measure is int64. */
const isOrdinary = (measure: Measure, value: number): boolean =>
  typeof value === 'number' && value >= 0 && value < Number.POSITIVE_INFINITY && (!measure.whole || value % 1 === 0)

/** Puts an ordinary value into all columns of one row. */
function recordRow(group: ListenerGroup, chunk: StoreChunk, cell: number, value: number): boolean {
  if (chunk.sketched) return recordSketch(group, chunk, cell, value)
  chunk.marks[cell] = chunk.epochs.current
  const { columns, recorded, distribution } = chunk
  if (distribution !== undefined) return distribution.record(cell, value) || refused(group, chunk, recorded[0]!, cell, value)
  let taken = false
  for (let at = 0; at < recorded.length; at++) {
    const column = recorded[at]!
    if (columns[column]!.record(cell, value) || refused(group, chunk, column, cell, value)) taken = true
  }
  return taken
}

/**
 * A measure and tags, with their rows found: the fastest way to record. Follows views that come and go, and
 * makes its rows anew where they were removed.
 */
export class BoundMeasure<K extends string = string> {
  readonly measure: Measure<K>
  private readonly labels: Labels
  private readonly epochs: Epochs
  /**
   * The engine's count of changes when the rows were marked. While it stays they need no other mark and are where they were:
   * one comparison stands for all that could have changed.
   */
  private seen = -1
  /** The views that the parts are of. */
  private groups: readonly ListenerGroup[] | undefined = undefined
  /** What the only row is, or the first where that is of a distribution, and where. OTHER where all parts have to be asked. */
  private kind = OTHER
  private cell = 0
  private slots: Int32Array = NO_SLOTS
  private distribution: DistributionCells = NO_DISTRIBUTION
  private lastValues: LastValueCells = NO_LAST_VALUES
  /** Where the values go, view by view. */
  private first: BoundPart = NO_PART
  /** The stores in which it has the overflow row. */
  private overflowed: readonly RowStore[] = []

  /** Made by `stats.bind()`. @internal */
  constructor(measure: Measure<K>, labels: Labels) {
    this.measure = measure
    this.labels = labels
    this.epochs = measure.epochs
  }

  record(value: number, attachments?: Attachments): void {
    if (typeof value === 'number' && this.seen === this.epochs.changes && attachments === undefined) {
      const { kind } = this
      if (kind <= COUNT) {
        // A small whole number is ordinary for every measure; no need to ask it.
        const whole = value | 0
        const isWhole = whole === value && whole >= 0
        if (isWhole || (kind === COUNT && value >= 0 && value < Infinity)) {
          if (addWhole(this.slots, this.cell, kind === SUM ? whole : 1)) return
        }
      } else if (kind <= DISTRIBUTION_FIRST) {
        if (value >= 0 && this.distribution.record(this.cell, value)) {
          if (kind === DISTRIBUTION_FIRST) this.recordWhatever(value, undefined, 1)
          return
        }
      } else if (kind === LAST_VALUE) {
        this.lastValues.record(this.cell, value) // any number is taken
        return
      }
    }
    this.recordWhatever(value, attachments, 0)
  }

  /**
   * All that is not done above: rows to be found or marked, several views, attachments, values out of the ordinary.
   * One long function on purpose. V8 puts short ones into their callers; `record` would be full of them then, and too large
   * to be put into its own callers: twice as dear for a counter, from the moment on at which it is compiled by itself.
   * @param done How many views have the value already: none or the first. A number, since a boolean costs the compiler ten instructions more.
   */
  private recordWhatever(value: number, attachments: Attachments | undefined, done: number): void {
    if (done > 0) {
      // A loop of its own: the value is ordinary and taken, and nothing has to be remembered from view to view.
      for (let part = this.first.next; part !== NO_PART; part = part.next) {
        const { kind, cell } = part
        if (kind === LAST_VALUE) part.lastValues.record(cell, value)
        else if (!addUsual(kind, part.slots, cell, value)) recordPart(part, value)
      }
      return
    }
    if (attachments !== undefined || !isOrdinary(this.measure, value)) return recordOdd(this.measure, value, this.labels, attachments)
    const epochs = this.epochs
    if (this.seen !== epochs.changes) {
      if (!this.isBound()) this.bind()
      this.seen = epochs.changes
      for (let part = this.first; part !== NO_PART; part = part.next) part.marks[part.cell] = epochs.current
    }
    for (const store of this.overflowed) store.countOverflow()
    let taken = this.first === NO_PART
    for (let part = this.first; part !== NO_PART; part = part.next) {
      const { kind, cell } = part
      if (kind === LAST_VALUE) taken = part.lastValues.record(cell, value)
      else if (addUsual(kind, part.slots, cell, value) || recordPart(part, value)) taken = true
    }
    if (!taken) drop(this.measure, 'too large')
  }

  /** Whether all rows are where they were found. A value in an overflow row may have room of its own by now. */
  private isBound(): boolean {
    if (this.groups !== this.measure.groups || this.overflowed.length > 0) return false
    for (let part = this.first; part !== NO_PART; part = part.next) {
      if (!part.origin.chunk.isSame(part.cell, part.origin.madeIn)) return false
    }
    return true
  }

  private bind(): void {
    const overflowed: RowStore[] = []
    const parts = this.measure.groups.flatMap((group) => boundParts(group, this.labels, this.measure.whole, overflowed))
    this.groups = this.measure.groups
    this.overflowed = overflowed
    parts.sort((a, b) => Number(b.kind === DISTRIBUTION) - Number(a.kind === DISTRIBUTION))
    const first = parts[0] ?? NO_PART
    for (let at = 1; at < parts.length; at++) parts[at - 1]!.next = parts[at]!
    this.first = first
    const isPlain = first !== NO_PART && overflowed.length === 0 && !(this.measure.whole && first.kind >= DISTRIBUTION)
    if (!isPlain || (parts.length > 1 && first.kind !== DISTRIBUTION)) this.kind = OTHER
    else this.kind = parts.length === 1 ? first.kind : DISTRIBUTION_FIRST
    this.cell = first.cell
    this.slots = first.slots
    this.lastValues = first.lastValues
    this.distribution = first.distribution
  }
}

/** What is not done above. Each kind of cells has a call of its own, which the compiler can put in its place. */
function recordPart({ kind, cell, distribution, origin }: BoundPart, value: number): boolean {
  const { group, chunk, column, cells } = origin
  const isTaken =
    kind === DISTRIBUTION
      ? distribution.record(cell, value)
      : kind === OTHER
        ? recordSketched(cells, cell, value)
        : cells.record(cell, value)
  return isTaken || refused(group, chunk, column, cell, value)
}

/** A further class of cells where the four usual ones are called would make each of their calls dearer. */
function recordSketched(cells: Cells, cell: number, value: number): boolean {
  return cells.record(cell, value)
}

/** Handles that a tag map keeps; beyond it the oldest is made again when it is needed. */
const MAX_HANDLES = 16

/**
 * The handle of a tag map for a measure, which the tag map keeps. None at the first use with the measure: most maps are made
 * for a request, and a handle costs as much as ten look-ups.
 */
function handleOf(measure: Measure, tags: TagMap): BoundMeasure | undefined {
  if ((tags.usedWith & measure.bit) === 0) {
    tags.usedWith |= measure.bit
    return undefined
  }
  const handles = tags.handles as readonly BoundMeasure[]
  for (let at = 0; at < handles.length; at++) {
    const handle = handles[at]!
    if (handle.measure === measure) return handle
  }
  const handle = new BoundMeasure(measure, tags.values)
  tags.handles = [...handles.slice(1 - MAX_HANDLES), handle]
  return handle
}

/** The handle of records without tags, while no view reads any. */
function untaggedHandle(measure: Measure): BoundMeasure {
  const handle = new BoundMeasure(measure, NO_TAGS)
  measure.untaggedHandle = handle
  return handle
}

function recordSketch(group: ListenerGroup, chunk: StoreChunk, cell: number, value: number): boolean {
  chunk.marks[cell] = chunk.epochs.current
  return recordSketched(chunk.columns[0]!, cell, value) || refused(group, chunk, 0, cell, value)
}

/** A column did not take a value: it is dropped there, unless one that borrows from the column takes it all the same. */
function refused(group: ListenerGroup, chunk: StoreChunk, column: number, cell: number, value: number): boolean {
  group.columns[column]!.drop('too large')
  let taken = false
  for (const borrower of chunk.borrowers[column]!) {
    if (chunk.columns[borrower]!.record(cell, value)) taken = true
    else group.columns[borrower]!.drop('too large')
  }
  return taken
}
