import { checkClock, checkOptions, type OptionNames } from '../../base/check-options.js'
import { type Clock, systemClock } from '../../base/clock.js'
import { exposedInternalMetrics, type InternalMetric } from '../../base/internal-metrics.js'
import { processGlobal } from '../../base/process-global.js'
import { memoize } from '../../base/memoize.js'
import type { Metric, MetricDescriptor, MetricType, TimeSeries } from '../data/metric.js'
import type { MetricProducer } from '../data/producer.js'

export interface SelfMetricsOptions {
  /** Source of time. Default: the system clock. */
  readonly clock?: Clock
}

const OPTIONS: OptionNames<SelfMetricsOptions> = { clock: true }

/**
 * Returns the producer of the library's metrics about itself: what was dropped and why, exports and their failures, scrapes. Names begin
 * with `tallyscope_`. A metrics handler or server adds it; a periodic task exports only the producers passed to it. Parts of the library
 * that are not used have no metrics.
 *
 * @throws {@link DefinitionError} `ERR_OPTION` for an unknown option.
 * @example
 * exportPeriodically({ producers: [stats, selfMetrics()], exporter })
 */
export function selfMetrics(options: SelfMetricsOptions = {}): MetricProducer {
  checkOptions('selfMetrics', options, OPTIONS)
  checkClock('selfMetrics', options.clock)
  const clock = options.clock ?? systemClock
  return {
    name: 'selfMetrics',
    getMetrics: () => {
      const timeUnixMs = clock.unixMs()
      const startTimeUnixMs = Math.min(countingSince(), timeUnixMs)
      return exposedInternalMetrics().map((metric) => snapshot(metric, startTimeUnixMs, timeUnixMs))
    },
  }
}

function snapshot(metric: InternalMetric, startTimeUnixMs: number, timeUnixMs: number): Metric {
  const isCounter = metric.type === 'counter'
  const timeSeries = [...metric.series.values()].map(({ labelValues, count }): TimeSeries => {
    const points = [{ timeUnixMs, value: count.value }]
    return isCounter ? { labelValues, startTimeUnixMs, points } : { labelValues, points }
  })
  return { descriptor: descriptorOf(metric), timeSeries }
}

// One descriptor for each metric, since encoders cache the text of a descriptor. Never stale: the definition of a metric is immutable.
const descriptorOf = memoize((metric: InternalMetric): MetricDescriptor => {
  const { name, description, unit, labelKeys, merge } = metric
  const type = metricType(metric)
  return Object.freeze({ name, description, unit, type, labelKeys, exactName: true, ...(merge !== undefined && { merge }) })
})

function metricType({ type, unit }: InternalMetric): MetricType {
  if (type === 'gauge') return 'GAUGE_DOUBLE'
  return unit === '1' || unit === 'By' ? 'CUMULATIVE_INT64' : 'CUMULATIVE_DOUBLE'
}

/** The start time of all internal counters: that of the process, since all copies of this package share them. */
function countingSince(): number {
  return processGlobal('self-counting-since', () => Math.round(systemClock.unixMs() - systemClock.monotonicMs()))
}
