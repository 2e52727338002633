import { labelOf } from '../../metrics/labels/label-value.js'
import { NO_ROW } from '../../metrics/store/row-index.js'
import type { Labels } from '../../metrics/labels/shared-tag-map.js'
import type { StoreChunk } from '../../metrics/store/store-chunk.js'
import { readAttachments, type Attachments } from './attachments.js'
import { drop } from './drop-counters.js'
import { type DropReason, type ListenerGroup, rowOf } from './listener.js'
import type { Measure } from './measure.js'

/** A value with the reason why it is not ordinary. */
interface CheckedValue {
  readonly value: number
  /** Undefined if it is ordinary. */
  readonly fault: DropReason | undefined
  readonly attachments: Attachments | undefined
}

export const ordinary = (value: number): CheckedValue => ({ value, fault: undefined, attachments: undefined })

/**
 * Records a value that is not ordinary or has attachments. A row is only created if an aggregation accepts the value. A bigint is
 * converted if a number can represent it exactly.
 */
export function recordChecked(measure: Measure, given: unknown, labels: Labels, attachments: Attachments | undefined): void {
  const groups = measure.groups
  if (groups.length === 0) return // no view listens
  const isSafe = typeof given === 'bigint' && given >= Number.MIN_SAFE_INTEGER && given <= Number.MAX_SAFE_INTEGER
  const value = isSafe ? Number(given) : (given as number)
  const fault = faultOf(measure, value)
  const checked = { value, fault, attachments: attachments === undefined ? undefined : readAttachments(attachments) }
  recordInGroups(measure, checked, labels, { groups, done: 0, isRecorded: false })
}

/** A record that has come to some of the groups of views. */
interface Progress {
  /** The groups of the measure when the record began. */
  readonly groups: readonly ListenerGroup[]
  /** How many of them have been recorded into. */
  readonly done: number
  /** True if a view has accepted the value. */
  readonly isRecorded: boolean
}

function recordInGroups(measure: Measure, checked: CheckedValue, labels: Labels, progress: Progress): void {
  const { groups } = progress
  let { done, isRecorded } = progress
  let reason: DropReason = checked.fault ?? 'tags'
  for (; done < groups.length; done++) {
    const missing = recordInGroup(measure, groups[done]!, labels, checked)
    if (missing === 'changed') return recordRest(measure, checked, labels, { groups, done, isRecorded })
    if (missing === undefined) isRecorded = true
    else if (missing !== checked.fault) reason = missing
  }
  if (!isRecorded) drop(measure, reason)
}

/**
 * Continues a record after a getter among the labels has changed the views of the measure: records into the groups that do not have the
 * value. All labels are read before, so that no getter changes the views meanwhile.
 */
export function recordRest(measure: Measure, checked: CheckedValue, labels: Labels, progress: Progress): void {
  const own = readLabels(measure, labels)
  const rest = measure.groups.filter((group) => !hasValue(group, progress))
  recordInGroups(measure, checked, own, { groups: rest, done: 0, isRecorded: progress.isRecorded })
}

/** True if the value is in the rows of a group, or in those that were copied into it during the record. */
function hasValue(group: ListenerGroup, progress: Progress): boolean {
  const at = progress.groups.indexOf(group)
  if (at >= 0) return at < progress.done
  const origin = group.copiedFrom?.deref()
  return origin !== undefined && hasValue(origin, progress)
}

/** A copy of the labels that the views of the measure read. A label that cannot be read is refused. */
function readLabels(measure: Measure, labels: Labels): Labels {
  const own: Record<string, unknown> = Object.create(null)
  for (let groups: readonly ListenerGroup[] = []; groups !== measure.groups; ) {
    groups = measure.groups
    for (const key of groups.flatMap(({ tagKeys }) => tagKeys)) if (!(key in own)) own[key] = labelOrRefused(labels, key)
  }
  return own
}

function labelOrRefused(labels: Labels, key: string): unknown {
  try {
    return labelOf(labels, key)
  } catch {
    return labels // an object is no tag value
  }
}

/**
 * Records into all columns of a group that accept the value. Returns the reason if there is none; the others count the value as dropped.
 * Returns `changed` and has done nothing if a getter among the labels has changed the views of the measure.
 */
function recordInGroup(
  measure: Measure,
  group: ListenerGroup,
  labels: Labels,
  { value, fault, attachments }: CheckedValue,
): DropReason | 'changed' | undefined {
  const { groups } = measure
  const accepting = group.columns.map((column) => fault === undefined || column.accepts(fault))
  const row = accepting.includes(true) ? rowOf(group, labels) : NO_ROW
  if (measure.groups !== groups) return 'changed'
  for (const [at, column] of group.columns.entries()) if (!accepting[at]) column.drop(fault!)
  if (!accepting.includes(true)) return fault
  if (row < 0) {
    for (const [at, column] of group.columns.entries()) if (accepting[at]) column.drop('tags')
    return 'tags'
  }
  const chunk = group.store.chunkOf(row)
  const cell = row - chunk.start
  const recorded = recordInRow(chunk, cell, value, accepting)
  for (const [at, column] of group.columns.entries()) {
    if (!accepting[at]) continue
    if (!recorded[at]) column.drop('too large')
    else if (attachments !== undefined) chunk.columns[at]!.attach(cell, value, attachments, chunk.epochs)
  }
  return recorded.includes(true) ? undefined : 'too large'
}

/** Records into the chosen columns of one row. Returns which of them have recorded the value. */
function recordInRow(chunk: StoreChunk, cell: number, value: number, chosen: readonly boolean[]): boolean[] {
  chunk.lastEpochs[cell] = chunk.epochs.current
  const recorded: boolean[] = []
  for (const at of chunk.recorded) {
    recorded[at] = chosen[at]! && chunk.columns[at]!.record(cell, value)
    // A column backed by another accepts the same values.
    for (const backed of chunk.backed[at]!) {
      recorded[backed] = chosen[backed]! && (recorded[at] || chunk.columns[backed]!.record(cell, value))
    }
  }
  return recorded
}

/** The reason why the value is not an ordinary one, or undefined if it is. (Only a converted bigint is ordinary here.) */
function faultOf(measure: Measure, value: unknown): DropReason | undefined {
  if (typeof value !== 'number') return 'not a number'
  if (value !== value) return 'nan'
  if (value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY) return 'infinite'
  if (measure.type === 'int64' && value % 1 !== 0) return 'fraction'
  return value < 0 ? 'negative' : undefined
}
