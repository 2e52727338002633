// @ts-check
import { count, distribution, lastValue, Stats, sum } from 'tallyscope'
import { BOUNDS } from './fixtures.js'

/** A new engine, with limits that are high enough for all cases. */
export function newStats() {
  return new Stats({ limits: { rowsPerView: 4_000_000, totalRows: 8_000_000 } })
}

const AGGREGATIONS = { count: () => count(), sum: () => sum(), lastValue: () => lastValue(), distribution: () => distribution(BOUNDS) }

/**
 * An engine with one measure, and views of it.
 * @param {readonly (readonly [keyof typeof AGGREGATIONS, readonly string[]])[]} views Aggregation and tag keys of each.
 * @param {import('tallyscope').MeasureOptions} [options]
 */
export function measured(views, options = {}) {
  const stats = newStats()
  const measure = stats.measure('latency', { unit: 's', ...options })
  for (const [at, [kind, tagKeys]] of views.entries()) {
    stats.viewManager.registerView({ name: `latency/${at}`, measure, tagKeys: [...tagKeys], aggregation: AGGREGATIONS[kind]() })
  }
  return { stats, measure }
}
