import { internalCount, mergedGauge } from '../../base/internal-metrics.js'
import type { Measure } from '../recording/measure.js'

const WITHOUT_VIEW = mergedGauge(
  'max',
  'tallyscope_measures_without_view',
  'Measures without a view. Values recorded for them are not kept.',
)

/** Counts a new measure, which has no view yet. */
export function countDefined(): void {
  internalCount(WITHOUT_VIEW).value++
}

/** Counts a measure whose first view was registered, or whose last one was unregistered. */
export function countListened({ groups }: Measure, hadViews: boolean): void {
  if (groups.length > 0 !== hadViews) internalCount(WITHOUT_VIEW).value += hadViews ? 1 : -1
}
