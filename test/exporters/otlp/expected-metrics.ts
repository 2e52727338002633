import type {
  Exemplar,
  ExponentialBuckets,
  ExponentialValue,
  Metric,
  MetricDescriptor,
  TimeSeries,
} from '../../../src/metrics/data/metric.js'
import type { Plain } from './read-otlp.js'

/** The metrics of OTLP that snapshots are, by the rules of the mapping, in the form that the decoder returns. */
export function expectedMetrics(
  metrics: readonly Metric[],
  timeUnixMs: number,
  histograms: 'explicit' | 'exponential' = 'explicit',
): Plain[] {
  const firsts = new Map<string, MetricDescriptor>()
  for (const { descriptor } of metrics) if (!firsts.has(descriptor.name)) firsts.set(descriptor.name, descriptor)
  const ofFirst = metrics.filter(({ descriptor }) => isAlike(descriptor, firsts.get(descriptor.name)!))
  const all = ofFirst.flatMap((metric) => {
    const { description } = firsts.get(metric.descriptor.name)!
    const points = metric.timeSeries.flatMap((series) => {
      const point = expectedPoint(metric.descriptor, series, timeUnixMs, histograms)
      return point === undefined ? [] : [point]
    })
    // One kind of data each; distributions with and without exponential buckets are two metrics.
    const kinds = [...new Set(points.map(({ data }) => data))]
    return kinds.map((data) => ({
      ...head({ ...metric.descriptor, description }),
      [data]: { dataPoints: points.flatMap((each) => (each.data === data ? [each.point] : [])), ...kindOf(metric.descriptor, data) },
      ...(metric.descriptor.type === 'INFO' && { metadata: [{ key: 'prometheus.type', value: { stringValue: 'info' } }] }),
      ...(metric.descriptor.type === 'STATE_SET' && { metadata: [{ key: 'prometheus.type', value: { stringValue: 'stateset' } }] }),
    }))
  })
  return together(all)
}

function isAlike(one: MetricDescriptor, other: MetricDescriptor): boolean {
  const kind = ({ type }: MetricDescriptor): string => type.replace('INT64', 'DOUBLE')
  return kind(one) === kind(other) && one.unit === other.unit
}

/** Metrics of one name and kind are one, and each identity is in it once: the first. */
function together(metrics: readonly Plain[]): Plain[] {
  const seen = new Set<string>()
  const merged = new Map<string, Plain>()
  for (const metric of metrics) {
    const data = Object.keys(metric).find((key) => metric[key]?.dataPoints !== undefined)!
    const points = metric[data].dataPoints.filter(({ attributes = [] }: Plain) => {
      const identity = JSON.stringify([metric['name'], attributes.map((one: Plain) => JSON.stringify(one)).sort()])
      return seen.size < seen.add(identity).size
    })
    const known = merged.get(`${data} ${metric['name']}`)
    if (known !== undefined) known[data].dataPoints.push(...points)
    else if (points.length > 0) merged.set(`${data} ${metric['name']}`, { ...metric, [data]: { ...metric[data], dataPoints: points } })
  }
  return [...merged.values()]
}

const nanos = (unixMs: number): string =>
  String(BigInt(Math.floor(unixMs)) * 1_000_000n + BigInt(Math.round((unixMs - Math.floor(unixMs)) * 1e6)))
const wellFormed = (text: string): string => Buffer.from(text).toString()
const double = (value: number): number | string => (Number.isFinite(value) ? value + 0 : String(value))
/** Fields with their default are not sent. */
const counted = (key: string, count: number): Plain => (count > 0 ? { [key]: String(count) } : {})
const listed = <T>(key: string, items: readonly T[]): Plain => (items.length > 0 ? { [key]: items } : {})

function head({ name, description, unit, type }: MetricDescriptor): Plain {
  const shown = unit === '1' && !type.startsWith('CUMULATIVE') ? '' : unit
  return {
    name: wellFormed(name),
    ...(description !== '' && { description: wellFormed(description) }),
    ...(shown !== '' && { unit: wellFormed(shown) }),
  }
}

function kindOf({ type }: MetricDescriptor, data: string): Plain {
  if (data === 'gauge' || data === 'summary') return {}
  return { aggregationTemporality: 2, ...(data === 'sum' && type.startsWith('CUMULATIVE') && { isMonotonic: true }) }
}

function expectedPoint(
  descriptor: MetricDescriptor,
  series: TimeSeries,
  timeUnixMs: number,
  histograms: string,
): { data: string; point: Plain } | undefined {
  const value = series.points.at(-1)?.value
  const { type } = descriptor
  const kind = type === 'CUMULATIVE_DISTRIBUTION' ? 'distribution' : type === 'SUMMARY' ? 'summary' : 'number'
  if (value === undefined || kind !== (typeof value === 'number' ? 'number' : value.kind)) return undefined
  const isGauge = type.startsWith('GAUGE')
  const start = isGauge || !(series.startTimeUnixMs! > 0) ? undefined : series.startTimeUnixMs!
  const common = {
    ...listed('attributes', attributes(descriptor, series)),
    ...(start !== undefined && { startTimeUnixNano: nanos(start) }),
    timeUnixNano: nanos(Math.max(timeUnixMs, start ?? 0)),
  }
  if (typeof value === 'number') {
    const isInt = type.endsWith('INT64') && Number.isSafeInteger(value)
    const exemplars = isSent(series.exemplar) ? [exemplar(series.exemplar, isInt)] : []
    return {
      data: isGauge ? 'gauge' : 'sum',
      point: { ...common, ...(isInt ? { asInt: String(value) } : { asDouble: double(value) }), ...listed('exemplars', exemplars) },
    }
  }
  if (value.kind === 'summary') {
    const quantileValues = value.quantiles
      .filter((each) => each.value >= 0)
      .map((each) => ({ ...(each.quantile !== 0 && { quantile: each.quantile }), ...(each.value !== 0 && { value: double(each.value) }) }))
    return {
      data: 'summary',
      point: {
        ...common,
        ...counted('count', value.count),
        ...(value.sum !== 0 && { sum: double(value.sum) }),
        ...listed('quantileValues', quantileValues),
      },
    }
  }
  const exemplars = listed(
    'exemplars',
    (value.exemplars ?? []).flatMap((each) => (isSent(each) ? [exemplar(each, false)] : [])),
  )
  if (histograms === 'exponential' && value.exponential !== undefined) {
    return {
      data: 'exponentialHistogram',
      point: { ...common, ...counted('count', value.count), ...exponential(value.exponential, value.sum), ...exemplars },
    }
  }
  const counts = value.bounds.map((_, at) => value.bucketCounts[at] ?? 0)
  const last = value.count - counts.reduce((sum, count) => sum + count, 0)
  const sum = value.sum >= 0 && (value.bounds[0] ?? 0) >= 0 ? { sum: double(value.sum) } : {}
  return {
    data: 'histogram',
    point: {
      ...common,
      ...counted('count', value.count),
      ...sum,
      bucketCounts: [...counts, last].map(String),
      ...listed('explicitBounds', value.bounds),
      ...exemplars,
    },
  }
}

function attributes({ labelKeys }: MetricDescriptor, { labelValues, overflow }: TimeSeries): Plain[] {
  const own = labelKeys.flatMap((key, at) => {
    const value = labelValues[at]
    return value === undefined || value === '' ? [] : [{ key: wellFormed(key), value: { stringValue: wellFormed(value) } }]
  })
  return overflow === true ? [...own, { key: 'otel.metric.overflow', value: { boolValue: true } }] : own
}

const isSent = (given: Exemplar | undefined): given is Exemplar => given !== undefined && Number.isFinite(given.timeUnixMs)

function exemplar({ value, timeUnixMs, attachments }: Exemplar, isInt: boolean): Plain {
  const entries = Object.entries(attachments)
  const isId = ([key, text]: [string, string]): boolean =>
    (key === 'trace_id' && /^[\da-f]{32}$/i.test(text) && !/^0*$/.test(text)) ||
    (key === 'span_id' && /^[\da-f]{16}$/i.test(text) && !/^0*$/.test(text))
  const ids = Object.fromEntries(entries.filter(isId).map(([key, text]) => [key === 'trace_id' ? 'traceId' : 'spanId', text.toLowerCase()]))
  const rest = entries
    .filter((entry) => !isId(entry))
    .map(([key, text]) => ({ key: wellFormed(key), value: { stringValue: wellFormed(text) } }))
  return {
    ...(timeUnixMs > 0 && { timeUnixNano: nanos(timeUnixMs) }),
    ...(isInt && Number.isSafeInteger(value) ? { asInt: String(value) } : { asDouble: double(value) }),
    ...ids,
    ...listed('filteredAttributes', rest),
  }
}

function exponential({ schema, zeroThreshold, zeroCount, positive, negative }: ExponentialValue, sum: number): Plain {
  const side = ({ indexes, counts }: ExponentialBuckets): Plain => ({
    ...(indexes[0] !== 1 && { offset: indexes[0]! - 1 }),
    bucketCounts: Array.from({ length: indexes.at(-1)! - indexes[0]! + 1 }, (_, at) =>
      String(counts[indexes.indexOf(indexes[0]! + at)] ?? 0),
    ),
  })
  return {
    ...(negative.indexes.length === 0 && sum >= 0 && { sum: sum + 0 }),
    ...(schema !== 0 && { scale: schema }),
    ...counted('zeroCount', zeroCount),
    ...(positive.indexes.length > 0 && { positive: side(positive) }),
    ...(negative.indexes.length > 0 && { negative: side(negative) }),
    ...(zeroThreshold > 0 && { zeroThreshold }),
  }
}
