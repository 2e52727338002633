import { exemplarLabels, isWithin } from '../../exporters/prometheus/format/exemplar-text.js'
import { exposedFamily, OVERFLOW_LABEL } from '../../exporters/prometheus/format/names.js'
import type { DistributionValue, Exemplar, Metric, MetricDescriptor, SummaryValue, TimeSeries } from '../../metrics/data/metric.js'
import type { PromExemplar, PromValue } from './registry-shape.js'

/**
 * The samples of a metric for prom-client. Exemplars that OpenMetrics does not allow, such as those of gauges, are left out, because
 * prom-client does not check them.
 */
export function promValues({ descriptor, timeSeries }: Metric): PromValue[] {
  const { name, type, labelNames } = exposedFamily(descriptor)
  return timeSeries.flatMap((series) => {
    const labels = labelsOf(labelNames, series)
    const value = series.points.at(-1)?.value
    if (value === undefined) return []
    if (typeof value === 'number') return [{ labels, value, ...(type === 'counter' && promExemplar(series.exemplar)) }]
    return value.kind === 'distribution' ? histogramValues(name, labels, value) : summaryValues(name, labels, value)
  })
}

/** How prom-client's cluster combines the metric of several processes. It has no rule for the newest value, or for a series per process. */
export function aggregatorOf({ type, merge = 'sum' }: MetricDescriptor): string {
  if (type === 'INFO' || type === 'STATE_SET') return 'max'
  return merge === 'latest' ? 'first' : merge === 'each' ? 'omit' : merge
}

function labelsOf(labelNames: readonly string[], { labelValues, overflow }: TimeSeries): Record<string, string> {
  const set = labelNames.flatMap((name, at) => {
    const value = labelValues[at]
    return value === undefined ? [] : [[name, value] as const]
  })
  return Object.fromEntries(overflow === true ? [...set, [OVERFLOW_LABEL, 'true']] : set)
}

function histogramValues(name: string, labels: Record<string, string>, value: DistributionValue): PromValue[] {
  let below = 0
  const buckets = [...value.bounds, '+Inf'].map((le, at) => {
    below += value.bucketCounts[at] ?? 0
    const [above = Number.NEGATIVE_INFINITY, upTo = Number.POSITIVE_INFINITY] = [value.bounds[at - 1], value.bounds[at]]
    const exemplar = promExemplar(value.exemplars?.[at], above, upTo)
    return { metricName: `${name}_bucket`, labels: { le, ...labels }, value: below, ...exemplar }
  })
  return [...buckets, { metricName: `${name}_sum`, labels, value: value.sum }, { metricName: `${name}_count`, labels, value: value.count }]
}

function summaryValues(name: string, labels: Record<string, string>, { quantiles, sum, count }: SummaryValue): PromValue[] {
  return [
    ...quantiles.map(({ quantile, value }) => ({ labels: { quantile, ...labels }, value })),
    { metricName: `${name}_sum`, labels, value: sum },
    { metricName: `${name}_count`, labels, value: count },
  ]
}

/** The exemplar for prom-client, or nothing if it breaks a rule of OpenMetrics. */
function promExemplar(
  exemplar: Exemplar | undefined,
  above: number = Number.NEGATIVE_INFINITY,
  upTo: number = Number.POSITIVE_INFINITY,
): { readonly exemplar?: PromExemplar } {
  if (exemplar === undefined || !isWithin(exemplar, above, upTo)) return {}
  const labels = exemplarLabels(exemplar)
  if (labels === undefined) return {}
  const timestamp = exemplar.timeUnixMs / 1_000
  return { exemplar: { labelSet: Object.fromEntries(labels), value: exemplar.value, ...(Number.isFinite(timestamp) && { timestamp }) } }
}
