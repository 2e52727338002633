import type { Metric } from '../../../src/metrics/data/metric.js'
import { MetricRegistry, type MetricRegistryOptions } from '../../../src/metrics/instruments/metric-registry.js'
import { ManualClock } from '../../../src/testing/manual-clock.js'
import { selfValue } from '../../exporters/self-value.js'

/** A registry on a clock that only the test moves. */
export function registryOf(options: Omit<MetricRegistryOptions, 'clock'> = {}) {
  const clock = new ManualClock({ unixMs: 1_000 })
  const registry = new MetricRegistry({ ...options, clock })
  return { registry, clock, rows: (name: string) => rowsOf(registry.getMetrics() as readonly Metric[], name) }
}

/** The series of one metric as lines: label values, or `*` for the overflow series, and the value. */
export function rowsOf(metrics: readonly Metric[], name: string): string[] {
  const metric = metrics.find(({ descriptor }) => descriptor.name === name)
  return (metric?.timeSeries ?? []).map(({ labelValues, overflow, points }) => {
    const labels = overflow === true ? ['*'] : labelValues.map((value) => value ?? '-')
    return [...labels, String(points[0]!.value)].join(' ')
  })
}

/** How often an instrument dropped a value for this reason. */
export function dropped(instrument: string, reason: string): number {
  return selfValue('tallyscope_dropped_instrument_values_total', instrument, reason)
}
