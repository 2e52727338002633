// The record path, from top to bottom: the public call, the tags, the rows, the cells. What is called from here:
// `RowStore.find` (label values to row, metrics/store/row-index.ts), `record` of the cells (metrics/store/sum-cells.ts and
// beside it), and `BoundMeasure.record` (bound-measure.ts), which has found its rows before. Other values than ordinary ones go
// on in record-checked.ts, what is not accepted in drop-counters.ts.
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
import { addUsual } from '../../metrics/store/cell-kinds.js'
import { SharedTagMap, type Labels } from '../../metrics/store/shared-tag-map.js'
import { recordSketched } from '../../metrics/store/sketch-cells.js'
import type { StoreChunk } from '../../metrics/store/store-chunk.js'
import type { Attachments } from './attachments.js'
import { BoundMeasure } from './bound-measure.js'
import { drop, dropFromColumn, refuse, unreadable } from './drop-counters.js'
import { rowOf, type DropReason, type ListenerGroup } from './listener.js'
import type { Measure } from './measure.js'
import { isOrdinary, recordChecked } from './record-checked.js'
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

/** Records into the rows of these labels. One long function on purpose: see `recordSlow` in bound-measure.ts. */
const recordLabels = (measure: Measure, value: number, labels: Labels, attachments: Attachments | undefined): void => {
  const groups = measure.groups
  if (attachments !== undefined || !isOrdinary(measure, value)) return recordChecked(measure, value, labels, attachments)
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

/** Puts an ordinary value into all columns of one row. */
function recordRow(group: ListenerGroup, chunk: StoreChunk, cell: number, value: number): boolean {
  if (chunk.sketched) return recordSketch(group, chunk, cell, value)
  chunk.marks[cell] = chunk.epochs.current
  const { columns, recorded, distribution } = chunk
  if (distribution !== undefined) return distribution.record(cell, value) || dropFromColumn(group, chunk, recorded[0]!, cell, value)
  let taken = false
  for (let at = 0; at < recorded.length; at++) {
    const column = recorded[at]!
    if (columns[column]!.record(cell, value) || dropFromColumn(group, chunk, column, cell, value)) taken = true
  }
  return taken
}

function recordSketch(group: ListenerGroup, chunk: StoreChunk, cell: number, value: number): boolean {
  chunk.marks[cell] = chunk.epochs.current
  return recordSketched(chunk.columns[0]!, cell, value) || dropFromColumn(group, chunk, 0, cell, value)
}

function contextTags(measure: Measure): Labels {
  return (measure.readsTags ? (currentFrame().tags as Labels | undefined) : undefined) ?? NO_TAGS
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
