import { exposedFamily, OVERFLOW_LABEL } from '../../exporters/prometheus/format/names.js'
import type { DistributionValue, Exemplar, Metric, SummaryValue, TimeSeries } from '../../metrics/data/metric.js'
import type { PromExemplar, PromValue } from './registry-shape.js'

/** The samples of a metric of ours, as prom-client prints them. */
export function promValues({ descriptor, timeSeries }: Metric): PromValue[] {
  const { name, labelNames } = exposedFamily(descriptor)
  return timeSeries.flatMap((series) => {
    const labels = labelsOf(labelNames, series)
    const value = series.points.at(-1)?.value
    if (value === undefined) return []
    if (typeof value === 'number') return [{ labels, value, ...(series.exemplar && { exemplar: promExemplar(series.exemplar) }) }]
    return value.kind === 'distribution' ? histogramValues(name, labels, value) : summaryValues(name, labels, value)
  })
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
    const exemplar = value.exemplars?.[at]
    return { metricName: `${name}_bucket`, labels: { le, ...labels }, value: below, ...(exemplar && { exemplar: promExemplar(exemplar) }) }
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

function promExemplar({ value, timeUnixMs, attachments }: Exemplar): PromExemplar {
  return { labelSet: attachments, value, timestamp: timeUnixMs / 1_000 }
}
