import { Stats, type StatsOptions } from '../../src/stats/stats.js'
import type { ViewRow } from '../../src/stats/views/view-data.js'
import { ManualClock } from '../../src/testing/manual-clock.js'

/** An engine on a clock that stands still. */
export function engine(options: Omit<StatsOptions, 'clock'> = {}): { stats: Stats; clock: ManualClock } {
  const clock = new ManualClock({ unixMs: 1_000 })
  return { stats: new Stats({ ...options, clock }), clock }
}

/** One row as a line: its tags, or `*` for the overflow row, and its value, count for a distribution. */
export function describeRow({ tagValues, overflow, data }: ViewRow): string {
  const tags = Object.entries(tagValues).map(([key, value]) => `${key}=${value ?? '-'}`)
  const value = data.kind === 'distribution' ? `${data.count}/${data.sum}` : 'value' in data ? data.value : data.kind
  return `${overflow ? '*' : tags.join(' ')}: ${value}`
}

/** The rows of a view, as lines. */
export function rowsOf(stats: Stats, view: string): string[] {
  return stats.viewManager.getView(view)!.rows.map(describeRow)
}
