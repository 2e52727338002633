// What no view took: told to the views and counted.
import { selfCount, selfFamily } from '../../base/internal-metrics.js'
import type { DropReason } from './listener.js'
import type { Measure } from './measure.js'

const DROPPED = selfFamily({
  name: 'tallyscope_dropped_measurements_total',
  description: 'Calls to record that no view took, by reason.',
  type: 'counter',
  unit: '1',
  labelKeys: ['measure', 'reason'],
})

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
    selfCount(DROPPED, '', 'measure').value++
  }
}

export function drop(measure: Measure, reason: DropReason): void {
  selfCount(DROPPED, measure.name, reason).value++
}
