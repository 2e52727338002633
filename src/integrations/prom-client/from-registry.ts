import { attempt } from '../../base/with-timeout.js'
import { type Clock, timerClock } from '../../base/clock.js'
import { warnOnce } from '../../base/logger.js'
import { selfCount, selfFamily } from '../../base/internal-metrics.js'
import type { Metric } from '../../metrics/data/metric.js'
import type { GatheringContext, MetricProducer } from '../../metrics/data/producer.js'
import { type ConvertedMetric, metricOf } from './prom-to-metric.js'
import type { PromMetric, PromRegistry } from './registry-shape.js'

export interface FromRegistryOptions {
  /** What collect functions may take, in milliseconds, all at once. Default 5 000, and less where the asker waits less. */
  readonly timeoutMs?: number
  readonly clock?: Clock
}

const FAILURES = selfFamily({
  name: 'tallyscope_prom_client_failures_total',
  description: 'Metrics of a prom-client registry that were left out, by reason.',
  type: 'counter',
  unit: '1',
  labelKeys: ['metric', 'reason'],
})

/** Of what the asker waits, the share that collect functions may take: the rest is for answering. */
const SHARE_OF_TIMEOUT = 0.8

/**
 * The metrics of a prom-client registry, for our handlers and exporters: counters, gauges, histograms and summaries with
 * their exemplars, under the names that they have. One whose collect function throws, rejects or hangs is left out, counted
 * and told, and costs none of the others.
 *
 * @example
 * import { register } from 'prom-client'
 * await serveMetrics({ producers: [stats, fromRegistry(register)] })
 */
export function fromRegistry(registry: PromRegistry, options: FromRegistryOptions = {}): MetricProducer {
  const { timeoutMs: ownTimeoutMs = 5_000, clock = timerClock } = options
  return {
    name: 'prom-client',
    async getMetrics(context?: GatheringContext): Promise<readonly Metric[]> {
      const timeoutMs = Math.min(ownTimeoutMs, (context?.timeoutMs ?? Number.POSITIVE_INFINITY) * SHARE_OF_TIMEOUT)
      const metrics = registry.getMetricsAsArray() as readonly PromMetric[]
      const read = await Promise.all(metrics.map((metric) => readMetric(metric, registry, clock, timeoutMs)))
      return read.flatMap((metric) => metric ?? [])
    },
  }
}

async function readMetric(metric: PromMetric, registry: PromRegistry, clock: Clock, timeoutMs: number): Promise<Metric | undefined> {
  const name = String(metric.name)
  let converted: ConvertedMetric | undefined
  const read = async (): Promise<void> => {
    converted = metricOf(await metric.get(), defaultLabels(registry), clock.unixMs())
  }
  const end = await attempt(read, { clock, timeoutMs }).outcome
  if (end.kind === 'done') {
    for (const fault of converted!.faults) leftOut(name, 'inconsistent', fault)
    return converted!.metric
  }
  leftOut(name, end.kind, end.kind === 'late' ? `not done within ${timeoutMs} ms` : String(end.error))
  return undefined
}

function leftOut(name: string, reason: string, why: string): void {
  selfCount(FAILURES, name, reason).value++
  warnOnce('TALLYSCOPE_PROM_CLIENT', name, `the prom-client metric ${name} is left out, or a part of it: ${why}`)
}

/** Labels of a whole registry; they are not in what its metrics give, and there is no public way to them. */
function defaultLabels(registry: PromRegistry): Readonly<Record<string, string>> {
  const { _defaultLabels: labels } = registry as { _defaultLabels?: unknown }
  return typeof labels === 'object' && labels !== null ? (labels as Record<string, string>) : {}
}
