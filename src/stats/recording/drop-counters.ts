// What no view took: told to the views and counted.
import { internalCount, internalCounter } from '../../base/internal-metrics.js'
import type { DropReason } from './listener.js'
import type { Measure } from './measure.js'

const DROPPED = internalCounter(
  'tallyscope_dropped_measurements_total',
  'Calls to record that no view took, by reason.',
  'measure',
  'reason',
)

/** The tags are such that no view can have a row for them. */
export function refuse(measure: Measure): void {
  for (const group of measure.groups) group.drop('tags')
  drop(measure, 'tags')
}

/** A getter or a proxy among the tags threw, or this is no measure. */
export function unreadable(measure: Measure): void {
  try {
    refuse(measure)
  } catch {
    internalCount(DROPPED, '', 'measure').value++
  }
}

export function drop(measure: Measure, reason: DropReason): void {
  internalCount(DROPPED, measure.name, reason).value++
}
