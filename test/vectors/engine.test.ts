import { AsyncTransport } from '../../src/exporters/transport/async-transport.js'
import type { DistributionValue, Metric } from '../../src/metrics/data/metric.js'
import { MetricRegistry } from '../../src/metrics/instruments/metric-registry.js'
import { PeriodicMetricTask } from '../../src/metrics/collection/periodic-metric-task.js'
import { distributionFault, summaryFault } from '../../src/metrics/data/validate-point.js'
import type { Measure } from '../../src/stats/recording/measure.js'
import { Stats } from '../../src/stats/stats.js'
import type { AggregationData } from '../../src/stats/views/view-data.js'
import { isoMicroseconds } from '../../src/trace/data/iso-time.js'
import { truncatable } from '../../src/trace/data/truncatable.js'
import { type AggregationName, aggregationOf, playScenario, type Scenario } from './scenario.js'
import { mergeResources, type Resource, resourceFault, resourceFromEnvironment } from '../../src/base/resource.js'
import { decodeTagEntriesBinary, encodeTagEntriesBinary } from '../../src/stats/tags/tag-codec-binary.js'
import { decodeTagEntriesText, encodeTagEntriesText } from '../../src/stats/tags/tag-codec-text.js'
import { isTagKey, TagMap, type TagTtl } from '../../src/stats/tags/tag-map.js'
import { propagatedTags, type TagEntry, type TagPropagationFilter } from '../../src/stats/tags/tag-propagation.js'
import { pushVarint } from '../../src/stats/tags/varint.js'
import { refused, runVectors } from './vectors.js'

type TagIn = [key: string, value: string, ttl?: TagTtl]

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const entry = ([key, value, ttl]: TagIn): TagEntry => ({ key, value, ...(ttl !== undefined && { ttl }) })
const sorted = (tags: readonly TagEntry[]) => tags.map(({ key, value }) => [key, value]).sort(([a], [b]) => (a! < b! ? -1 : 1))

runVectors<string>('tags.key_valid', isTagKey)
type MapOp = [op: 'insert' | 'update' | 'upsert' | 'delete', key: string, value?: string]
runVectors<{ initial?: [string, string][]; ops: MapOp[] }>('tags.map_ops', ({ initial = [], ops }) => {
  let tags = TagMap.of(Object.fromEntries(initial))
  for (const [op, key, value] of ops) {
    if (op === 'delete') tags = tags.with({ [key]: undefined })
    else if (op === 'upsert' || tags.has(key) === (op === 'update')) tags = tags.with({ [key]: value })
  }
  return [...tags].sort(([a], [b]) => (a < b ? -1 : 1))
})

runVectors<{ tags: TagIn[] }>('tags.binary_encode', ({ tags }) => hex(encodeTagEntriesBinary(tags.map(entry)) ?? refused()))
runVectors<string>('tags.binary_decode', (text) => sorted(decodeTagEntriesBinary(Buffer.from(text, 'hex')) ?? refused()))
runVectors<{ tags: TagIn[] }>('tags.text_encode', ({ tags }) => encodeTagEntriesText(tags.map(entry)) ?? refused())
runVectors<string>('tags.text_decode', (text) => sorted(decodeTagEntriesText(text) ?? refused()))
runVectors<{ tags: [string, TagTtl][]; filters: [TagPropagationFilter['action'], string, string][] }>(
  'tags.propagation_filter',
  ({ tags, filters }) => {
    const operators = { EQUAL: 'equal', NOTEQUAL: 'notEqual', HAS_PREFIX: 'hasPrefix' } as const
    const ours = filters.map(([action, operator, value]) => ({ action, operator: operators[operator as keyof typeof operators], value }))
    return propagatedTags(tags.map(([key, ttl]) => ({ key, value: '', ttl })), ours).map(({ key }) => key)
  },
)

runVectors<number>('varint.encode', (value) => {
  const bytes: number[] = []
  pushVarint(value, bytes)
  return hex(Uint8Array.from(bytes))
})

type ResourceIn = { type: string | null; labels: Record<string, string> }
const resourceIn = ({ type, labels }: ResourceIn): Resource => ({ ...(type !== null && { type }), labels })
const resourceOut = ({ type, labels }: Resource) => ({ type: type ?? null, labels })

runVectors<{ type: string | null; labels: string | null }>('resource.env', ({ type, labels }) => {
  const { resource, problems } = resourceFromEnvironment({
    ...(type !== null && { OC_RESOURCE_TYPE: type }),
    ...(labels !== null && { OC_RESOURCE_LABELS: labels }),
  })
  return problems.length > 0 ? refused() : resourceOut(resource)
})
runVectors<ResourceIn[]>('resource.merge', (resources) => (resources.length === 0 ? null : resourceOut(mergeResources(resources.map(resourceIn)))))
runVectors<ResourceIn>('resource.valid', (resource) => resourceFault(resourceIn(resource)) === undefined)


interface DistributionOut {
  bounds: number[] | null
  count: number
  sum: number
  sumSqDev: number
  buckets: number[] | null
}

function viewOf(agg: AggregationName, { type = 'double', unit = '1', bounds = [] as number[] } = {}) {
  const stats = new Stats()
  const measure: Measure = stats.measure('m', { unit, type: type === 'int' ? 'int64' : 'double' })
  const view = stats.viewManager.registerView({ name: 'v', measure, aggregation: aggregationOf(agg, bounds) })
  return { stats, measure, view, dataOf: (): AggregationData | undefined => stats.viewManager.getView('v')!.rows[0]?.data }
}

runVectors<number[]>('stats.bounds', (bounds) => {
  const { aggregation } = viewOf('distribution', { bounds }).view
  return aggregation.kind === 'distribution' && aggregation.bounds
})
runVectors<{ bounds: number[]; values: number[] }>('stats.distribution', ({ bounds, values }) => {
  const { stats, measure, dataOf } = viewOf('distribution', { bounds })
  for (const value of values) stats.record(measure, value)
  const { count, sum, mean, sumOfSquaredDeviation, bucketCounts } = dataOf() as DistributionValue
  return { count, sum, mean, sumSqDev: sumOfSquaredDeviation, buckets: bucketCounts }
})
runVectors<{ agg: AggregationName; measure: string; values: number[] }>('stats.aggregate', ({ agg, measure: type, values }) => {
  const { stats, measure, dataOf } = viewOf(agg, { type })
  for (const value of values) stats.record(measure, value)
  return (dataOf() as { value: number } | undefined)?.value ?? 0
})
runVectors<Scenario>('stats.scenario', playScenario)
interface ViewIn {
  name: string
  measure: string
  agg: AggregationName
  columns: string[]
  bounds?: number[]
}
runVectors<{ first: ViewIn; second: ViewIn }>('stats.view_conflict', ({ first, second }) => {
  const stats = new Stats()
  const register = ({ name, measure, agg, columns, bounds }: ViewIn) =>
    stats.viewManager.registerView({ name, measure: stats.measure(measure), aggregation: aggregationOf(agg, bounds), tagKeys: columns })
  register(first)
  try {
    register(second)
    return 'accepted'
  } catch {
    return 'rejected'
  }
})
runVectors<{ agg: AggregationName; measure: string; unit: string }>('stats.metric_type', ({ agg, measure: type, unit }) => {
  const { descriptor } = viewOf(agg, { type, unit }).view
  return { type: descriptor.type, unit: descriptor.unit }
})

interface PointIn {
  kind: 'gauge' | 'cumulative'
  type: 'int' | 'double'
  ops: ['set' | 'add', number][]
}
runVectors<PointIn>('metrics.point', async ({ kind, type, ops }) => {
  const registry = new MetricRegistry()
  const options = { type: type === 'int' ? 'int64' : 'double' } as const
  if (kind === 'gauge') {
    const series = registry.gauge('p', options).defaultTimeSeries()
    for (const [op, value] of ops) series[op](value)
    return series.value
  }
  if (ops.every(([op]) => op === 'add')) {
    const series = registry.cumulative('p', options).defaultTimeSeries()
    for (const [, value] of ops) series.add(value)
    return series.value
  }
  // A cumulative that is set is one that is read from elsewhere.
  let current = 0
  let metrics: readonly Metric[] = []
  registry.derivedCumulative('p', options).observe(() => current)
  for (const [op, value] of ops) {
    current = op === 'set' ? value : current + value
    metrics = await registry.getMetrics()
  }
  return metrics[0]?.timeSeries[0]?.points[0]?.value ?? 0
})
runVectors<{ keys: string[]; values: (string | null)[] | null }>('metrics.labels', ({ keys, values }) => {
  const labels = Object.fromEntries((values ?? []).map((value, at) => [keys[at], value]))
  return new MetricRegistry().gauge('p', { labelKeys: keys }).timeSeries(labels).value === 0
})
runVectors<{ names: string[] }>('metrics.registry', ({ names }) => {
  const registry = new MetricRegistry()
  for (const name of names) registry.gauge(name).set(1)
  return (registry.getMetrics() as readonly Metric[]).length
})
runVectors<DistributionOut>('metrics.distribution_value', ({ bounds, buckets, sumSqDev, count, sum }) => {
  const bucketCounts = buckets ?? [count]
  return distributionFault({ count, sum, sumOfSquaredDeviation: sumSqDev, bounds: bounds ?? [], bucketCounts }) === undefined || refused()
})
interface SummaryIn {
  count?: number
  sum?: number
  percentiles?: [number, number][]
}
runVectors<SummaryIn>('metrics.summary_value', ({ count = 0, sum = 0, percentiles = [] }) => {
  const quantiles = percentiles.map(([percentile, value]) => ({ quantile: percentile / 100, value }))
  return summaryFault({ count, sum, quantiles }) === undefined || refused()
})

runVectors<{ text: string; limit: number }>('util.truncate', ({ text, limit }) => {
  const { value, truncated_byte_count } = truncatable(text, limit)
  return { value, truncatedBytes: truncated_byte_count }
})
runVectors<string>('util.timestamp_micros', (text) => {
  const micros = Date.parse(`${text.slice(0, 23)}Z`) * 1_000 + Number(text.slice(23, 26))
  return isoMicroseconds(micros / 1_000) === text ? micros : refused()
})
runVectors<{ interval: number; elapsed: number }>('schedule.next_wait', async ({ interval, elapsed }) => {
  const timers = new Map<() => void, number>()
  const clock = {
    now: 0,
    unixMs: () => clock.now,
    monotonicMs: () => clock.now,
    setTimer: (delayMs: number, fn: () => void) => {
      timers.set(fn, clock.now + delayMs)
      return () => void timers.delete(fn)
    },
  }
  const starts: number[] = []
  const run = () => {
    starts.push(clock.now)
    return new Promise<void>((done) => void clock.setTimer(elapsed, done))
  }
  new PeriodicMetricTask({ intervalMs: interval, clock, run })
  while (starts.length < 2) {
    const [due, at] = [...timers].sort(([, one], [, other]) => one - other)[0]!
    timers.delete(due)
    clock.now = at
    due()
    await new Promise(setImmediate)
  }
  return starts[1]! - starts[0]! - elapsed
})
runVectors<{ queued: number; maxBatch: number }>('transport.batches', async ({ queued, maxBatch }) => {
  const batches: number[] = []
  const transport = new AsyncTransport<number>({ export: (items) => void batches.push(items.length) }, { maxBatchSize: maxBatch })
  for (let item = 0; item < queued; item++) transport.send(item)
  await transport.shutdown()
  return batches
})
