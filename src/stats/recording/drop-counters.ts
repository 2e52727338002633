// Counters of values that no view accepted.
import type { StoreChunk } from '../../metrics/store/store-chunk.js'
import { warnOnce } from '../../base/logger.js'
import { internalCount, internalCounter } from '../../base/internal-metrics.js'
import type { DropReason, ListenerGroup } from './listener.js'
import type { Measure } from './measure.js'

const DROPPED = internalCounter(
  'tallyscope_dropped_measurements_total',
  'Calls to record that no view accepted, by reason.',
  'measure',
  'reason',
)

/** Counts a record whose tags cannot have a row in any view. */
export function refuse(measure: Measure): void {
  for (const group of measure.groups) dropTags(group)
  drop(measure, 'tags')
}

/** Counts a value of tags that cannot have a row in these views. */
export function dropTags({ columns }: ListenerGroup): void {
  for (const column of columns) column.drop('tags')
}

/** Counts a record that threw, because of a getter or proxy among the tags, or because the first argument is not a measure. */
export function unreadable(measure: Measure): void {
  try {
    refuse(measure)
  } catch {
    internalCount(DROPPED, '', 'not a measure').value++
    warnOnce('TALLYSCOPE_NOT_A_MEASURE', 'record', 'record needs a measure, made by stats.measure(): the first argument is not one')
  }
}

export function drop(measure: Measure, reason: DropReason): void {
  const { name } = measure
  internalCount(DROPPED, name, reason).value++
  if (reason === 'not a number')
    warnOnce('TALLYSCOPE_NOT_A_NUMBER', name, `${name} was given a value that is not a number, which is dropped`)
}

/** Counts a value that a column did not accept. Returns true if a column that it backs accepts the value. */
export function dropFromColumn(group: ListenerGroup, chunk: StoreChunk, column: number, cell: number, value: number): boolean {
  group.columns[column]!.drop('too large')
  let accepted = false
  for (const backed of chunk.backed[column]!) {
    if (chunk.columns[backed]!.record(cell, value)) accepted = true
    else group.columns[backed]!.drop('too large')
  }
  return accepted
}
