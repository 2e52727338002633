import { REFUSED } from '../../metrics/store/row-index.js'
import type { Labels } from '../../metrics/store/shared-tag-map.js'
import { readAttachments, type Attachments } from './attachments.js'
import { drop } from './drop-counters.js'
import { type DropReason, rowOf } from './listener.js'
import type { Measure } from './measure.js'

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
  const kept = attachments === undefined ? undefined : readAttachments(attachments)
  let reason: DropReason | undefined = fault ?? 'tags'
  for (const group of groups) {
    const accepting = group.columns.map((column) => fault === undefined || column.accepts(fault))
    const row = accepting.includes(true) ? rowOf(group, labels) : REFUSED
    for (const [at, column] of group.columns.entries()) {
      if (accepting[at] && row >= 0) continue
      column.drop(accepting[at] ? 'tags' : fault!)
      if (accepting[at] && reason !== undefined) reason = 'tags'
    }
    if (row < 0) continue
    const chunk = group.store.chunkOf(row)
    const cell = row - chunk.start
    chunk.lastEpochs[cell] = chunk.epochs.current
    const accepted = group.columns.map(() => false)
    for (const at of chunk.recorded) {
      accepted[at] = accepting[at]! && chunk.columns[at]!.record(cell, value)
      // A column backed by another accepts the same values.
      for (const backed of chunk.backed[at]!) {
        accepted[backed] = accepting[backed]! && (accepted[at] || chunk.columns[backed]!.record(cell, value))
      }
    }
    for (const [at, column] of group.columns.entries()) {
      if (!accepting[at]) continue
      if (accepted[at]) {
        reason = undefined
        if (kept !== undefined) chunk.columns[at]!.attach(cell, value, kept, chunk.epochs)
      } else {
        column.drop('too large')
        reason &&= 'too large'
      }
    }
  }
  if (reason !== undefined) drop(measure, reason)
}

/** The reason why the value is not an ordinary one, or undefined if it is. (Only a converted bigint is ordinary here.) */
function faultOf(measure: Measure, value: unknown): DropReason | undefined {
  if (typeof value !== 'number') return 'not a number'
  if (value !== value) return 'nan'
  if (value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY) return 'infinite'
  if (measure.type === 'int64' && value % 1 !== 0) return 'fraction'
  return value < 0 ? 'negative' : undefined
}
