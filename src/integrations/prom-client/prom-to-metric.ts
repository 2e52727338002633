import type { DistributionValue, Exemplar, Metric, MetricType, PointValue, SummaryValue, TimeSeries } from '../../metrics/data/metric.js'
import { distributionFault, summaryFault } from '../../metrics/data/validate-point.js'
import type { PromExemplar, PromMetricValues, PromValue } from './registry-shape.js'

/** A metric of ours, and what was wrong with parts of theirs, which are left out. */
export interface ConvertedMetric {
  readonly metric: Metric
  readonly faults: readonly string[]
}

type Labels = Readonly<Record<string, string | number>>

const TYPES: Readonly<Record<string, MetricType>> = {
  counter: 'CUMULATIVE_DOUBLE',
  histogram: 'CUMULATIVE_DISTRIBUTION',
  summary: 'SUMMARY',
}

/** Turns what a prom-client metric gives into a metric of ours: of the same name, and with the same samples once it is exposed. */
export function metricOf(given: PromMetricValues, defaults: Readonly<Record<string, string>>, timeUnixMs: number): ConvertedMetric {
  const type = TYPES[given.type] ?? 'GAUGE_DOUBLE'
  const apart = type === 'CUMULATIVE_DISTRIBUTION' ? 'le' : type === 'SUMMARY' ? 'quantile' : undefined
  const groups = new Map<string, { labels: Labels; values: PromValue[] }>()
  for (const value of given.values ?? []) {
    const labels = Object.fromEntries(Object.entries({ ...defaults, ...value.labels }).filter(([key]) => key !== apart))
    const key = JSON.stringify(
      Object.entries(labels)
        .map(([name, text]) => [name, String(text)])
        .sort(([a], [b]) => (a! < b! ? -1 : 1)),
    )
    const group = groups.get(key)
    if (group === undefined) groups.set(key, { labels, values: [value] })
    else group.values.push(value)
  }
  const labelKeys = [...new Set([...groups.values()].flatMap(({ labels }) => Object.keys(labels)))]
  const faults: string[] = []
  const timeSeries: TimeSeries[] = []
  for (const { labels, values } of groups.values()) {
    const labelValues = labelKeys.map((key) => textOf(labels[key]))
    const { value, exemplar, fault } = pointOf(type, given.name, values, timeUnixMs)
    if (value === undefined) faults.push(fault)
    else timeSeries.push({ labelValues, points: [{ timeUnixMs, value }], ...(exemplar && { exemplar }) })
  }
  const descriptor = { name: given.name, description: given.help ?? '', unit: '1', type, labelKeys, exactName: true }
  return { metric: { descriptor, timeSeries }, faults }
}

function textOf(value: unknown): string | undefined {
  return value === undefined || value === null || value === '' ? undefined : String(value)
}

type PointOutcome =
  | { readonly value: PointValue; readonly exemplar?: Exemplar | undefined; readonly fault?: undefined }
  | { readonly value?: undefined; readonly exemplar?: undefined; readonly fault: string }

function pointOf(type: MetricType, name: string, values: readonly PromValue[], timeUnixMs: number): PointOutcome {
  if (type === 'CUMULATIVE_DISTRIBUTION') return histogramOf(name, values, timeUnixMs)
  if (type === 'SUMMARY') return summaryOf(name, values)
  const last = values.at(-1)!
  if (typeof last.value !== 'number') return { fault: `a value is no number but of type ${typeof last.value}` }
  return { value: last.value, exemplar: exemplarOf(last.exemplar, timeUnixMs) }
}

/** Their buckets are cumulative and say `le`; ours are the counts of each alone. */
function histogramOf(name: string, values: readonly PromValue[], timeUnixMs: number): PointOutcome {
  const buckets = values
    .filter(({ metricName }) => metricName === `${name}_bucket`)
    .map(({ labels, value, exemplar }) => ({ bound: boundOf(labels['le']), below: value, exemplar: exemplarOf(exemplar, timeUnixMs) }))
    .sort((a, b) => a.bound - b.bound)
  const count = valueOf(values, `${name}_count`) ?? buckets.at(-1)?.below ?? 0
  const sum = valueOf(values, `${name}_sum`) ?? 0
  const finite = buckets.filter(({ bound }) => bound !== Number.POSITIVE_INFINITY)
  const below = [...finite.map((bucket) => bucket.below), count]
  const exemplars = [...finite, ...buckets.filter(({ bound }) => bound === Number.POSITIVE_INFINITY)].map(({ exemplar }) => exemplar)
  const value: DistributionValue = {
    kind: 'distribution',
    count,
    sum,
    mean: count === 0 ? 0 : sum / count,
    sumOfSquaredDeviation: 0, // they do not keep it
    bounds: finite.map(({ bound }) => bound),
    bucketCounts: below.map((counted, at) => counted - (below[at - 1] ?? 0)),
    ...(exemplars.some((exemplar) => exemplar !== undefined) && { exemplars }),
  }
  const fault = distributionFault(value)
  return fault === undefined ? { value } : { fault }
}

function summaryOf(name: string, values: readonly PromValue[]): PointOutcome {
  const quantiles = values
    .filter(({ labels }) => labels['quantile'] !== undefined)
    .map(({ labels, value }) => ({ quantile: Number(labels['quantile']), value }))
    .sort((a, b) => a.quantile - b.quantile)
  const value: SummaryValue = {
    kind: 'summary',
    count: valueOf(values, `${name}_count`) ?? 0,
    sum: valueOf(values, `${name}_sum`) ?? 0,
    quantiles,
  }
  const fault = summaryFault(value)
  return fault === undefined ? { value } : { fault }
}

function valueOf(values: readonly PromValue[], metricName: string): number | undefined {
  return values.find((value) => value.metricName === metricName)?.value
}

function boundOf(le: string | number | undefined): number {
  return le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le)
}

function exemplarOf(exemplar: PromExemplar | null | undefined, timeUnixMs: number): Exemplar | undefined {
  if (typeof exemplar !== 'object' || exemplar === null || typeof exemplar.value !== 'number') return undefined
  const seconds = exemplar.timestamp
  const attachments = Object.fromEntries(Object.entries(exemplar.labelSet ?? {}).map(([key, text]) => [key, String(text)]))
  return { value: exemplar.value, timeUnixMs: typeof seconds === 'number' ? seconds * 1_000 : timeUnixMs, attachments }
}
