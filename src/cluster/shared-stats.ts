import { existingState } from '../base/process-global.js'
import type { MetricProducer } from '../metrics/data/producer.js'

/** The `stats` that everything in this process shares, once a program has loaded it: this part of the library does not load it. */
export const sharedStats: MetricProducer = {
  name: 'stats',
  getMetrics: (context) => existingState<MetricProducer>('stats')?.getMetrics(context) ?? [],
  getFamilies: (context) => existingState<MetricProducer>('stats')?.getFamilies?.(context) ?? [],
}
