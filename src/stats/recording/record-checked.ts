import type { Labels } from '../../metrics/store/shared-tag-map.js'
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
  let isRecorded = false
  let reason: DropReason = fault ?? 'tags'
  for (const group of groups) {
    const missing = recordInGroup(group, labels, checked)
    if (missing === undefined) isRecorded = true
    else if (missing !== fault) reason = missing
  }
  if (!isRecorded) drop(measure, reason)
}

/** Records into all columns of a group that accept the value. Returns the reason if there is none; the others count the value as dropped. */
function recordInGroup(group: ListenerGroup, labels: Labels, { value, fault, attachments }: CheckedValue): DropReason | undefined {
  const accepting = group.columns.map((column) => fault === undefined || column.accepts(fault))
  for (const [at, column] of group.columns.entries()) if (!accepting[at]) column.drop(fault!)
  if (!accepting.includes(true)) return fault
  const row = rowOf(group, labels)
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
