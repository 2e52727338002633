import { existingState } from '../base/process-global.js'
import type { MetricProducer } from '../metrics/data/producer.js'

/** The shared `stats` of this process, once the program has loaded it. This subpath does not load it. */
export const sharedStats: MetricProducer = {
  name: 'stats',
  getMetrics: (context) => existingState<MetricProducer>('stats')?.getMetrics(context) ?? [],
  getFamilies: (context) => existingState<MetricProducer>('stats')?.getFamilies?.(context) ?? [],
}

/** Replaces the shared `stats` by {@link sharedStats}, which members have by default, so that its families are not sent twice. */
export function knownProducer(producer: MetricProducer): MetricProducer {
  return producer === existingState<MetricProducer>('stats') ? sharedStats : producer
}
