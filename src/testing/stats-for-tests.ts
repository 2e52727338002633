import { type Clock, replaceSystemClock } from '../base/clock.js'
import { type Stats, stats as sharedStats } from '../stats/stats.js'
import type { TagValue } from '../stats/tags/tag-map.js'
import type { Aggregation } from '../stats/views/aggregation.js'
import type { AggregationData } from '../stats/views/view-data.js'
import type { DataOf, RegisteredView } from '../stats/views/registered-view.js'

/**
 * The number of one row: the value of a count, a sum or a last value, and how many values a distribution or percentiles took.
 *
 * @param view A view as `registerView()` returned it, or its name.
 * @param tags The tags of the row; those left out are those that are not set. Default: none.
 * @param stats Where to look for the name. Default: the shared engine.
 * @returns 0 if there is no such row. It throws if there is no such view.
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
 * Like {@link valueOf}, but the whole data of the row, or undefined if there is none. That of a view is typed by its aggregation.
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
  const rows = typeof view === 'string' ? stats.viewManager.getView(view)?.rows : view.rows
  if (rows === undefined) throw new Error(`there is no view ${JSON.stringify(view)}: register it before its value is looked for`)
  const wanted = new Map(Object.entries(tags).map(([key, value]) => [key, isUnset(value) ? undefined : String(value)]))
  const row = rows.find(({ overflow, tagValues }) => {
    const keys = new Set([...Object.keys(tagValues), ...wanted.keys()])
    return !overflow && [...keys].every((key) => tagValues[key] === wanted.get(key))
  })
  return row?.data
}

function isUnset(value: TagValue): boolean {
  return value === undefined || value === null || value === '' || value !== value
}

/**
 * Removes the rows of all views, so that each test begins with none; measures and views stay.
 * @param stats Default: the shared engine.
 * @example
 * beforeEach(() => resetStats())
 */
export function resetStats(stats: Stats = sharedStats): void {
  stats.reset()
}

/**
 * Puts a clock in place of the system's, for the shared engine and everything else that was given none: timers then measure the
 * time of the test. Timers of the library itself stay those of Node unless a part is given the clock.
 * @returns a function that takes the clock away again; in a `using` declaration that happens at the end of the block.
 * @example
 * const clock = new ManualClock()
 * using _ = useClock(clock)
 */
export function useClock(clock: Clock): (() => void) & Disposable {
  const before = replaceSystemClock(clock)
  const restore = (): void => void replaceSystemClock(before)
  return Object.assign(restore, { [Symbol.dispose]: restore })
}
