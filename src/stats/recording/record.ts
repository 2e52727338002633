// The record path. It chooses the tags, finds the rows, and writes to their cells, whose classes are in metrics/cells.
// A BoundMeasure already knows its rows. Values that are not ordinary are recorded in record-checked.ts, and dropped values are
// counted in drop-counters.ts. Once warm, nothing in this file allocates, builds a string, reads a clock or throws; see
// bench/record.bench.js.
//
// The caches of this path, and the code that clears them:
//
// cache                          holds                                       invalid when                       cleared by
// measure.untaggedHandle         handle of records without tags              a view comes or goes               ViewManager.#setGroups
// tags.newestHandle, its older   handles of a TagMap used twice, by measure  never: a handle checks its rows    (all, at the 17th)
// tags.usedWith                  bits of the measures a TagMap came with     never: a bit only makes a handle   (nothing)
// BoundMeasure.{first, kind, …}  its rows' cells, view by view               views change, its row is removed   isBound, after Epochs.changes moved
// InstrumentHandle.only          the series of an instrument without labels  its row is removed                 SeriesRef, after Epochs.changes moved
// StoreChunk.{kind, slots, …}    cells of the only column                    a column comes or goes             StoreChunk.settle
// Label.{table, byString, ids}   ids of label values                         values are forgotten               RowIndex.forgetUnused
//
// The row of a view with context tags depends on the async context. So while `measure.readsContext` is true, there is no untagged
// handle, and handles look up their rows at each record.
import { currentFrame } from '../../base/context.js'
import {
  addUsual,
  addWhole,
  COUNT,
  DISTRIBUTION,
  DISTRIBUTION_FIRST,
  LAST_VALUE,
  NO_SLOTS,
  OTHER,
  SUM,
} from '../../metrics/cells/cell-kinds.js'
import type { Epochs } from '../../metrics/cells/cells.js'
import type { DistributionCells } from '../../metrics/cells/distribution-cells.js'
import type { LastValueCells } from '../../metrics/cells/last-value-cells.js'
import type { RowStore } from '../../metrics/store/row-store.js'
import { labelsOf, type Labels } from '../../metrics/labels/shared-tag-map.js'
import { recordSketched } from '../../metrics/cells/sketch-cells.js'
import type { StoreChunk } from '../../metrics/store/store-chunk.js'
import { TagMap } from '../tags/tag-map.js'
import type { Attachments } from './attachments.js'
import { type BoundTarget, boundTargets, NO_DISTRIBUTION, NO_LAST_VALUES, NO_TARGET } from './bound-target.js'
import { drop, dropFromColumn, dropTags, refuse, unreadable } from './drop-counters.js'
import { NO_TAGS, rowInContext, rowOf, type DropReason, type ListenerGroup } from './listener.js'
import type { Measure } from './measure.js'
import { ordinary, recordChecked, recordRest } from './record-checked.js'

/** Records one value of a measure. Never throws: values and tags of wrong types are dropped and counted. */
export const record = (measure: Measure, value: number, tags?: Labels | TagMap, attachments?: Attachments): void => {
  try {
    if (tags === undefined && measure.untaggedHandle !== undefined) (measure.untaggedHandle as BoundMeasure).record(value, attachments)
    else if (measure.groups.length > 0) recordTagged(measure, value, tags, attachments) // else no view listens
  } catch {
    unreadable(measure)
  }
}

/** Chooses the tags for all views: the given ones, or those of the async context if none are given. */
const recordTagged = (measure: Measure, value: number, given: Labels | TagMap | undefined, attachments: Attachments | undefined): void => {
  const tags: object = given ?? contextTags(measure)
  if (tags instanceof TagMap) {
    const handle = handleOf(measure, tags)
    if (handle === undefined) recordLabels(measure, value, tags.values, attachments)
    else handle.record(value, attachments)
  } else if (tags === NO_TAGS && !measure.readsTags) untaggedHandle(measure).record(value, attachments)
  else recordLabels(measure, value, labelsOf(tags as Labels), attachments)
}

function contextTags(measure: Measure): Labels {
  return (measure.readsTags ? (currentFrame().tags as Labels | undefined) : undefined) ?? NO_TAGS
}

/** Limit of handles of a tag map. At one more, all of them are dropped. */
const MAX_HANDLES = 16

/**
 * The handle of a tag map for a measure, which the tag map caches. Undefined at the first use with the measure, because most maps are
 * used for one request, and a handle costs as much as ten look-ups.
 */
const handleOf = (measure: Measure, tags: TagMap): BoundMeasure | undefined => {
  let handle = tags.newestHandle as BoundMeasure | undefined
  while (handle !== undefined && handle.measure !== measure) handle = handle.older
  return handle ?? handleAtSecondUse(measure, tags)
}

function handleAtSecondUse(measure: Measure, tags: TagMap): BoundMeasure | undefined {
  if ((tags.usedWith & measure.bit) === 0) {
    tags.usedWith |= measure.bit
    return undefined
  }
  const newest = tags.newestHandle as BoundMeasure | undefined
  let count = 0
  for (let handle = newest; handle !== undefined; handle = handle.older) count++
  const handle = new BoundMeasure(measure, tags.values, count < MAX_HANDLES ? newest : undefined)
  tags.newestHandle = handle
  return handle
}

/** The handle of records without tags, while no view reads tags. It is made at the first one. */
function untaggedHandle(measure: Measure): BoundMeasure {
  measure.untaggedHandle ??= new BoundMeasure(measure, NO_TAGS)
  return measure.untaggedHandle as BoundMeasure
}

/** True if every aggregation accepts the value: a finite number that is not negative, and an integer if the measure is int64. */
const isOrdinary = (measure: Measure, value: number): boolean =>
  typeof value === 'number' && value >= 0 && value < Number.POSITIVE_INFINITY && (!measure.isInteger || value % 1 === 0)

/** Records into the rows of these labels. One long function on purpose: see `recordSlow`. */
function recordLabels(measure: Measure, value: number, labels: Labels, attachments: Attachments | undefined): void {
  const groups = measure.groups
  if (attachments !== undefined || !isOrdinary(measure, value)) return recordChecked(measure, value, labels, attachments)
  // The usual case is one view. All others record column by column.
  if (groups.length === 1 && typeof labels === 'object') {
    const group = groups[0]!
    const row = measure.readsContext ? rowInContext(group, labels) : group.store.find(labels)
    if (measure.groups !== groups) return recordRest(measure, ordinary(value), labels, { groups, done: 0, isRecorded: false })
    if (row < 0) return refuse(measure)
    const chunk = group.store.chunkOf(row)
    const cell = row - chunk.start
    if (addUsual(chunk.kind, chunk.slots, cell, value)) chunk.lastEpochs[cell] = chunk.epochs.current
    else if (!recordRow(group, chunk, cell, value)) drop(measure, 'too large')
    return
  }
  let reason: DropReason | undefined = 'tags'
  for (let at = 0; at < groups.length; at++) {
    const group = groups[at]!
    const row = rowOf(group, labels)
    if (measure.groups !== groups) return recordRest(measure, ordinary(value), labels, { groups, done: at, isRecorded: !reason })
    if (row < 0) {
      dropTags(group)
      continue
    }
    const chunk = group.store.chunkOf(row)
    if (recordRow(group, chunk, row - chunk.start, value)) reason = undefined
    else if (reason === 'tags') reason = 'too large'
  }
  if (reason !== undefined) drop(measure, reason)
}

/** Records an ordinary value into all columns of one row. */
function recordRow(group: ListenerGroup, chunk: StoreChunk, cell: number, value: number): boolean {
  chunk.lastEpochs[cell] = chunk.epochs.current
  if (chunk.sketched) return recordSketched(chunk.columns[0]!, cell, value) || dropFromColumn(group, chunk, 0, cell, value)
  const { columns, recorded, distribution } = chunk
  if (distribution !== undefined) return distribution.record(cell, value) || dropFromColumn(group, chunk, recorded[0]!, cell, value)
  let accepted = false
  for (let at = 0; at < recorded.length; at++) {
    const column = recorded[at]!
    if (columns[column]!.record(cell, value) || dropFromColumn(group, chunk, column, cell, value)) accepted = true
  }
  return accepted
}

/** Of a handle that has recorded once and is not bound yet. */
const NO_GROUPS: readonly ListenerGroup[] = []

/**
 * A handle for a measure and its tags, whose rows are looked up once: the fastest way to record. Views may be registered and
 * unregistered, and rows removed, while it is in use.
 * @example
 * const bound = stats.bind(latency, { method: 'GET', route: '/cart' })
 * bound.record(0.004)
 */
export class BoundMeasure<K extends string = string> {
  readonly measure: Measure<K>
  private readonly labels: Labels
  private readonly epochs: Epochs
  /**
   * `Epochs.changes` when the rows were found and their last epoch set. While it is the same, views, rows and epoch are unchanged, so
   * this is the only check of a record.
   */
  private seen = -1
  /** The groups of views that the targets belong to; undefined before the first record, which looks its rows up. */
  private groups: readonly ListenerGroup[] | undefined = undefined
  /** Kind of the only target, or of the first if that is a distribution; OTHER if `record` must go through all targets. */
  private kind = OTHER
  private cell = 0
  private slots: Int32Array = NO_SLOTS
  private distribution: DistributionCells = NO_DISTRIBUTION
  private lastValues: LastValueCells = NO_LAST_VALUES
  /** The targets, one for each view. */
  private first: BoundTarget = NO_TARGET
  /** The handle that was made before for the same tag map. @internal */
  readonly older: BoundMeasure | undefined
  /** The stores in which the row of the tags is the overflow row. */
  private overflowed: readonly RowStore[] = []

  /** Use `stats.bind()` instead. @internal */
  constructor(measure: Measure<K>, labels: Labels, older?: BoundMeasure) {
    this.measure = measure
    this.labels = labels
    this.epochs = measure.epochs
    this.older = older
  }

  /** Records a value with the tags of this handle. Never throws. */
  record(value: number, attachments?: Attachments): void {
    if (typeof value === 'number' && this.seen === this.epochs.changes && attachments === undefined) {
      const { kind } = this
      if (kind <= COUNT) {
        // A small integer is ordinary for every measure.
        const whole = value | 0
        const isWhole = whole === value && whole >= 0
        if (isWhole || (kind === COUNT && value >= 0 && value < Infinity)) {
          if (addWhole(this.slots, this.cell, kind === SUM ? whole : 1)) return
        }
      } else if (kind <= DISTRIBUTION_FIRST) {
        if (value >= 0 && this.distribution.record(this.cell, value)) {
          if (kind === DISTRIBUTION_FIRST) this.recordSlow(value, undefined, 1)
          return
        }
      } else if (kind === LAST_VALUE) {
        this.lastValues.record(this.cell, value) // any number is accepted
        return
      }
    }
    this.recordSlow(value, attachments, 0)
  }

  /**
   * All other cases: rows to look up, a new epoch, several views, attachments, values that are not ordinary.
   * One long function on purpose: V8 would inline short ones into `record`, which would then be too large to be inlined into its
   * callers. That makes a counter twice as expensive.
   *
   * @param done The number of views that already have the value: 0 or 1. A number, since a boolean costs ten instructions more.
   */
  private recordSlow(value: number, attachments: Attachments | undefined, done: number): void {
    if (done > 0) {
      // A separate loop, because here the value is ordinary and accepted.
      for (let target = this.first.next; target !== NO_TARGET; target = target.next) {
        const { kind, cell } = target
        if (kind === LAST_VALUE) target.lastValues.record(cell, value)
        else if (!addUsual(kind, target.slots, cell, value)) recordTarget(target, value)
      }
      return
    }
    if (attachments !== undefined || !isOrdinary(this.measure, value)) return recordChecked(this.measure, value, this.labels, attachments)
    const epochs = this.epochs
    if (this.seen !== epochs.changes) {
      // The row depends on the async context, so `seen` is not updated, and the rows are looked up at each record.
      if (this.measure.readsContext) return recordLabels(this.measure, value, this.labels, undefined)
      if (this.groups === undefined && this.measure.groups.length > 0) {
        // Many handles record once, and rows cost more to bind than to look up.
        this.groups = NO_GROUPS
        return recordLabels(this.measure, value, this.labels, undefined)
      }
      if (!this.isBound()) this.bind()
      this.seen = epochs.changes
      for (let target = this.first; target !== NO_TARGET; target = target.next) target.lastEpochs[target.cell] = epochs.current
    }
    for (const store of this.overflowed) store.countOverflow()
    let accepted = this.first === NO_TARGET
    for (let target = this.first; target !== NO_TARGET; target = target.next) {
      const { kind, cell } = target
      if (kind === LAST_VALUE) accepted = target.lastValues.record(cell, value)
      else if (addUsual(kind, target.slots, cell, value) || recordTarget(target, value)) accepted = true
    }
    if (!accepted) drop(this.measure, 'too large')
  }

  /** True if the rows are still the same. False for tags in an overflow row, which may have their own row by now. */
  private isBound(): boolean {
    if (this.groups !== this.measure.groups || this.overflowed.length > 0) return false
    for (let target = this.first; target !== NO_TARGET; target = target.next) {
      if (!target.origin.chunk.isSame(target.cell, target.origin.createdIn)) return false
    }
    return true
  }

  private bind(): void {
    const overflowed: RowStore[] = []
    const targets = this.measure.groups.flatMap((group) => boundTargets(group, this.labels, this.measure.isInteger, overflowed))
    this.groups = this.measure.groups
    this.overflowed = overflowed
    targets.sort((a, b) => Number(b.kind === DISTRIBUTION) - Number(a.kind === DISTRIBUTION))
    const first = targets[0] ?? NO_TARGET
    for (let at = 1; at < targets.length; at++) targets[at - 1]!.next = targets[at]!
    this.first = first
    const isPlain = first !== NO_TARGET && overflowed.length === 0 && !(this.measure.isInteger && first.kind >= DISTRIBUTION)
    if (!isPlain || (targets.length > 1 && first.kind !== DISTRIBUTION)) this.kind = OTHER
    else this.kind = targets.length === 1 ? first.kind : DISTRIBUTION_FIRST
    this.cell = first.cell
    this.slots = first.slots
    this.lastValues = first.lastValues
    this.distribution = first.distribution
  }
}

/** Records the cases that `addUsual` does not. Each kind of cells has a separate call site, which V8 can inline. */
function recordTarget({ kind, cell, distribution, origin }: BoundTarget, value: number): boolean {
  const { group, chunk, column, cells } = origin
  const isTaken =
    kind === DISTRIBUTION
      ? distribution.record(cell, value)
      : kind === OTHER
        ? recordSketched(cells, cell, value)
        : cells.record(cell, value)
  return isTaken || dropFromColumn(group, chunk, column, cell, value)
}
