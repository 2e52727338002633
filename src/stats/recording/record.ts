// The record path, from top to bottom: the public call and the tags here, the rows in record-labels.ts, the cells in
// metrics/store/sum-cells.ts and beside it. `BoundMeasure.record` (bound-measure.ts) has found its rows before. Other values than
// ordinary ones go on in record-checked.ts, what is not accepted in drop-counters.ts.
// Once warm nothing below allocates, builds a string, reads a clock or throws; see bench/record.bench.js.
//
// Caches of this path, and what keeps them true:
//
// cache                          holds                                     invalid when                         cleared by
// measure.untaggedHandle         handle of records without tags            a view comes or goes                 ViewManager.#setGroups
// tags.handles                   handles of a TagMap used twice, by measure  never: a handle checks its rows      (oldest of 16 goes)
// BoundMeasure.{first, kind, …}  its rows' cells, view by view             views change, its row is removed     isBound, after Epochs.changes moved
// Cumulative.only                the series of a counter without labels    its row is removed                   SeriesRef, after Epochs.changes moved
// StoreChunk.{kind, slots, …}    cells of the only column                  a column comes or goes               StoreChunk.settle
// Label.{table, byString, ids}     ids of label values                       values are forgotten                 RowIndex.forgetUnused
//
// A view with context tags has another row in another context. So nothing of its measure is cached above RowIndex: while
// `measure.readsContext` is true there is no untagged handle, and handles keep no rows but find them for each record.
import { currentFrame } from '../../base/context.js'
import { SharedTagMap, type Labels } from '../../metrics/store/shared-tag-map.js'
import type { Attachments } from './attachments.js'
import { BoundMeasure } from './bound-measure.js'
import { unreadable } from './drop-counters.js'
import { NO_TAGS } from './listener.js'
import type { Measure } from './measure.js'
import { recordLabels } from './record-labels.js'
import { TagMap } from '../tags/tag-map.js'

/** Records one value of a measure. Anything may be given: what cannot be used is dropped and counted. */
export const record = (measure: Measure, value: number, tags?: Labels | TagMap, attachments?: Attachments): void => {
  try {
    if (tags === undefined && measure.untaggedHandle !== undefined) (measure.untaggedHandle as BoundMeasure).record(value, attachments)
    else if (measure.groups.length > 0) recordTagged(measure, value, tags, attachments) // else no view listens
  } catch {
    unreadable(measure)
  }
}

/** Decides once, for all views, which tags count: the given ones, or those of the async context if none are given. */
const recordTagged = (measure: Measure, value: number, given: Labels | TagMap | undefined, attachments: Attachments | undefined): void => {
  const tags: object = given ?? contextTags(measure)
  if (tags === NO_TAGS && !measure.readsTags) return untaggedHandle(measure).record(value, attachments)
  if (!(tags instanceof SharedTagMap)) return recordLabels(measure, value, tags as Labels, attachments)
  const handle = tags instanceof TagMap ? handleOf(measure, tags) : undefined
  if (handle === undefined) recordLabels(measure, value, tags.values, attachments)
  else handle.record(value, attachments)
}

function contextTags(measure: Measure): Labels {
  return (measure.readsTags ? (currentFrame().tags as Labels | undefined) : undefined) ?? NO_TAGS
}

/** The number of handles that a tag map keeps; beyond it the oldest is dropped and made again if needed. */
const MAX_HANDLES = 16

/**
 * The handle of a tag map for a measure, which the tag map keeps. Undefined at the first use with the measure: most maps are made
 * for one request, and a handle costs as much as ten look-ups.
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

/** The handle of records without tags, while no view reads tags. */
function untaggedHandle(measure: Measure): BoundMeasure {
  const handle = new BoundMeasure(measure, NO_TAGS)
  measure.untaggedHandle = handle
  return handle
}
