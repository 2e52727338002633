import { existingState } from '../base/process-global.js'
import type { MetricProducer } from '../metrics/data/producer.js'

/** The `stats` that everything in this process shares, once a program has loaded it: this part of the library does not load it. */
export const sharedStats: MetricProducer = {
  name: 'stats',
  getMetrics: (context) => existingState<MetricProducer>('stats')?.getMetrics(context) ?? [],
  getFamilies: (context) => existingState<MetricProducer>('stats')?.getFamilies?.(context) ?? [],
}

/** One object for the shared `stats`, which members have by default: a second producer with the same families would be left out. */
export function knownProducer(producer: MetricProducer): MetricProducer {
  return producer === existingState<MetricProducer>('stats') ? sharedStats : producer
}
