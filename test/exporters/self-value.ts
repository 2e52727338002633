import { internalMetrics } from '../../src/base/internal-metrics.js'

/** What one of the library's own counters says now; 0 where it was never used. */
export function selfValue(family: string, ...labelValues: string[]): number {
  return internalMetrics.get(family)?.series.get(JSON.stringify(labelValues))?.count.value ?? 0
}
