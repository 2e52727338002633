// The part of the record path that finds rows by the labels and puts the value into their cells; called by record.ts, and by handles
// of measures whose rows depend on the context.
import { addUsual } from '../../metrics/store/cell-kinds.js'
import type { Labels } from '../../metrics/store/shared-tag-map.js'
import { recordSketched } from '../../metrics/store/sketch-cells.js'
import type { StoreChunk } from '../../metrics/store/store-chunk.js'
import type { Attachments } from './attachments.js'
import { drop, dropFromColumn, refuse } from './drop-counters.js'
import { rowInContext, rowOf, type DropReason, type ListenerGroup } from './listener.js'
import type { Measure } from './measure.js'
import { isOrdinary, recordChecked } from './record-checked.js'

/** Records into the rows of these labels. One long function on purpose: see `recordSlow` in bound-measure.ts. */
export const recordLabels = (measure: Measure, value: number, labels: Labels, attachments: Attachments | undefined): void => {
  const groups = measure.groups
  if (attachments !== undefined || !isOrdinary(measure, value)) return recordChecked(measure, value, labels, attachments)
  // The usual case, one view, in one go; all others column by column.
  if (groups.length === 1 && typeof labels === 'object') {
    const group = groups[0]!
    const row = measure.readsContext ? rowInContext(group, labels) : group.store.find(labels)
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

/** Records an ordinary value into all columns of one row. */
function recordRow(group: ListenerGroup, chunk: StoreChunk, cell: number, value: number): boolean {
  if (chunk.sketched) return recordSketch(group, chunk, cell, value)
  chunk.lastEpochs[cell] = chunk.epochs.current
  const { columns, recorded, distribution } = chunk
  if (distribution !== undefined) return distribution.record(cell, value) || dropFromColumn(group, chunk, recorded[0]!, cell, value)
  let accepted = false
  for (let at = 0; at < recorded.length; at++) {
    const column = recorded[at]!
    if (columns[column]!.record(cell, value) || dropFromColumn(group, chunk, column, cell, value)) accepted = true
  }
  return accepted
}

function recordSketch(group: ListenerGroup, chunk: StoreChunk, cell: number, value: number): boolean {
  chunk.lastEpochs[cell] = chunk.epochs.current
  return recordSketched(chunk.columns[0]!, cell, value) || dropFromColumn(group, chunk, 0, cell, value)
}
