import { type Clock, replaceSystemClock } from '../base/clock.js'
import { inspectValue } from '../base/strings/inspect-value.js'
import { type Stats, stats as sharedStats } from '../stats/stats.js'
import type { TagValue } from '../stats/tags/tag-map.js'
import type { Aggregation } from '../stats/views/aggregation.js'
import type { AggregationData } from '../stats/views/view-data.js'
import type { DataOf, RegisteredView } from '../stats/views/registered-view.js'

/**
 * The value of a row of a count, sum or last value; the number of values of a distribution or percentiles.
 *
 * @param view A view as `registerView()` returned it, or its name.
 * @param tags The tags of the row. A tag that is left out must be unset in the row. A long value is cut as in
 *   the row. Default: none.
 * @param stats The instance to look for the name in. Default: the shared `stats`.
 * @returns 0 if there is no such row.
 * @throws Error if there is no such view, if it is named and its measure is not defined yet, or if it has no such tag key.
 * @example
 * expect(valueOf('svc/calls', { op: 'get' })).toBe(1)
 */
export function valueOf(
  view: RegisteredView | string,
  tags: { readonly [key: string]: TagValue } = {},
  stats: Stats = sharedStats,
): number {
  const data = dataOf(view, tags, stats)
  if (data === undefined) return 0
  return 'value' in data ? data.value : data.count
}

/**
 * Like {@link valueOf}, but returns all data of the row, or undefined if there is no such row. The type depends on the aggregation of
 * the view.
 * @example
 * expect(dataOf('svc/latency', { op: 'load' })?.sum).toBe(0.5)
 */
export function dataOf<A extends Aggregation>(
  view: RegisteredView<A>,
  tags?: { readonly [key: string]: TagValue },
  stats?: Stats,
): DataOf<A> | undefined
export function dataOf(
  view: RegisteredView | string,
  tags?: { readonly [key: string]: TagValue },
  stats?: Stats,
): AggregationData | undefined
export function dataOf(
  view: RegisteredView | string,
  tags: { readonly [key: string]: TagValue } = {},
  stats: Stats = sharedStats,
): AggregationData | undefined {
  const found = typeof view === 'string' ? stats.viewManager.handleOf(view) : view
  if (found === undefined) {
    throw new Error(`there is no view ${inspectValue(view)}, or its measure is not defined yet: register it before reading its value`)
  }
  const { name, tagKeys, contextTags }: Partial<RegisteredView> = found
  if (tagKeys === undefined || contextTags === undefined) return undefined // it waits for its measure, and has only its name
  const keys = [...tagKeys, ...contextTags]
  const unknown = Object.keys(tags).find((key) => !keys.includes(key))
  if (unknown !== undefined) throw new Error(`view ${name} has no tag key ${inspectValue(unknown)} (its keys are ${keys.join(', ')})`)
  return found.rowOf(tags)?.data
}

/**
 * Removes the rows of all views, so that each test begins with none. Measures and views stay.
 * @param stats Default: the shared `stats`.
 * @example
 * beforeEach(() => resetStats())
 */
export function resetStats(stats: Stats = sharedStats): void {
  stats.reset()
}

/**
 * Replaces the system clock for the shared `stats` and everything else without a `clock` option, so that timers measure the time of
 * the test. Timeouts and intervals of a component still use Node's timers unless it gets the clock as an option.
 * @returns A function that restores the system clock. With `using`, that happens at the end of the block.
 * @example
 * const clock = new ManualClock()
 * using _ = useClock(clock)
 */
export function useClock(clock: Clock): (() => void) & Disposable {
  const before = replaceSystemClock(clock)
  const restore = (): void => void replaceSystemClock(before)
  return Object.assign(restore, { [Symbol.dispose]: restore })
}
