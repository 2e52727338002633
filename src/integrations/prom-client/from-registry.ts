import { checkClock, checkMethods, checkNumber, checkOptions, type OptionNames } from '../../base/check-options.js'
import { type Clock, timerClock } from '../../base/clock.js'
import { errorText } from '../../base/rate-limited-log.js'
import { warnOnce } from '../../base/logger.js'
import { internalCount, internalCounter } from '../../base/internal-metrics.js'
import { TimeSlicer } from '../../base/time-slicer.js'
import { MAX_TIMER_MS } from '../../base/timer.js'
import { settle, TIMED_OUT, withTimeout } from '../../base/with-timeout.js'
import type { Metric } from '../../metrics/data/metric.js'
import type { GatheringContext, MetricProducer } from '../../metrics/data/producer.js'
import { metricOf } from './prom-to-metric.js'
import type { PromMetric, PromRegistry } from './registry-shape.js'

export interface FromRegistryOptions {
  /** Time limit of all collect functions together, in milliseconds, 0 … 2^31 - 1. Default 5 000, or less if the scrape has less time. */
  readonly timeoutMs?: number
  /** Source of time. Default: the system clock. */
  readonly clock?: Clock
}

const OPTIONS: OptionNames<FromRegistryOptions> = { timeoutMs: true, clock: true }

const FAILURES = internalCounter(
  'tallyscope_prom_client_failures_total',
  'Metrics or series of a prom-client registry that were left out, by reason.',
  'metric',
  'reason',
)

/** Share of the caller's time-out for collect functions. The rest is for writing the response. */
const SHARE_OF_TIMEOUT = 0.8

/**
 * A producer of the metrics of a prom-client registry, for handlers and exporters of this library. Names and exemplars do not
 * change. A metric whose collect function throws, rejects or times out is left out, counted and logged; the others are not affected.
 *
 * @throws {@link DefinitionError} `ERR_PROM_REGISTRY` if the object lacks a method of a prom-client registry; `ERR_GATHER_TIMEOUT` if `timeoutMs` is out of range.
 * @example
 * import { register } from 'prom-client'
 * await serveMetrics({ producers: [stats, fromRegistry(register)] })
 */
export function fromRegistry(registry: PromRegistry, options: FromRegistryOptions = {}): MetricProducer {
  checkOptions('fromRegistry', options, OPTIONS)
  checkClock('fromRegistry', options.clock)
  checkMethods('ERR_PROM_REGISTRY', 'the registry of fromRegistry', registry, ['getMetricsAsArray', 'getSingleMetric'])
  const { timeoutMs: ownTimeoutMs = 5_000, clock = timerClock } = options
  checkNumber('ERR_GATHER_TIMEOUT', 'timeoutMs', ownTimeoutMs, { min: 0, max: MAX_TIMER_MS })
  return {
    name: 'prom-client',
    async getMetrics(context?: GatheringContext): Promise<readonly Metric[]> {
      const timeoutMs = Math.min(ownTimeoutMs, (context?.timeoutMs ?? Number.POSITIVE_INFINITY) * SHARE_OF_TIMEOUT)
      const slicer = new TimeSlicer()
      const readings: Promise<Metric | undefined>[] = []
      for (const metric of [...registry.getMetricsAsArray()] as readonly PromMetric[]) {
        readings.push(readMetric(metric, registry, clock, timeoutMs))
        if (slicer.isOver) await slicer.nextSlice()
      }
      return (await Promise.all(readings)).flatMap((metric) => metric ?? [])
    },
  }
}

async function readMetric(metric: PromMetric, registry: PromRegistry, clock: Clock, timeoutMs: number): Promise<Metric | undefined> {
  const name = registeredName(metric, registry)
  const labels = { labelNames: labelNames(metric), defaultLabels: defaultLabels(registry) }
  const reading = settle(async () => metricOf(await metric.get(), { name, ...labels }, clock.unixMs()))
  const end = await withTimeout(reading, { clock, timeoutMs })
  if (end === TIMED_OUT) {
    leftOut(name, 'late', `not done within ${timeoutMs} ms`)
    return undefined
  }
  if (end.status === 'rejected') {
    leftOut(name, 'failed', errorText(end.reason))
    return undefined
  }
  for (const { reason, why } of end.value.faults) leftOut(name, reason, why)
  return end.value.metric
}

/** prom-client permanently removes `_total` from the names of its counters when it writes OpenMetrics. */
function registeredName(metric: PromMetric, registry: PromRegistry): string {
  const name = String(metric.name)
  const isOther = registry.getSingleMetric(name) !== metric
  return isOther && registry.getSingleMetric(`${name}_total`) === metric ? `${name}_total` : name
}

function leftOut(name: string, reason: string, why: string): void {
  internalCount(FAILURES, name, reason).value++
  warnOnce('TALLYSCOPE_PROM_CLIENT', name, `the prom-client metric ${name} is left out, completely or in part: ${why}`)
}

/** The label names of the definition; none if the metric does not expose them. */
function labelNames({ labelNames: names }: PromMetric): readonly string[] {
  return Array.isArray(names) ? names.filter((name) => typeof name === 'string') : []
}

/** Default labels of the registry. Its metrics do not include them, and there is no public getter. */
function defaultLabels(registry: PromRegistry): Readonly<Record<string, string>> {
  const { _defaultLabels: labels } = registry as { _defaultLabels?: unknown }
  return typeof labels === 'object' && labels !== null ? (labels as Record<string, string>) : {}
}
