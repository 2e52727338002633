// What a user's own program looks like to the compiler: checked against the packed package, strict.
import { count, distribution, MetricRegistry, Stats, stats, TagMap, withTags, type Metric } from 'tallyscope'
import { formatText, metricsHandler, serveMetrics } from 'tallyscope/prometheus'

const engine: Stats = new Stats()
const latency = engine.measure('shop/latency', { unit: 's', description: 'Time to answer', tagKeys: ['method', 'route'] })
const bytes = stats.measure('shop/bytes', { unit: 'By', type: 'int64' })

engine.viewManager.registerView({ name: 'shop/latency', measure: latency, tagKeys: ['method'], aggregation: distribution([0.1, 1]) })
stats.viewManager.registerView({ name: 'shop/answers', measure: bytes, tagKeys: ['anything'], aggregation: count() })

engine.record(latency, 0.5, { method: 'GET', route: '/cart' })
engine.record(latency, 0.5, TagMap.of({ method: 'GET', route: '/cart' }))
stats.record(bytes, 12, { anything: true })
withTags(TagMap.of({ method: 'GET' }), () => stats.record(bytes, 1))

// @ts-expect-error a misspelt tag
engine.record(latency, 0.5, { method: 'GET', rout: '/cart' })
// @ts-expect-error a missing tag
engine.record(latency, 0.5, { method: 'GET' })
// @ts-expect-error a view's tag keys must be among those of its measure
engine.viewManager.registerView({ name: 'shop/other', measure: latency, tagKeys: ['color'], aggregation: count() })

// @ts-expect-error a unit is a string
engine.measure('shop/other', { unit: 1 })
// @ts-expect-error a misspelt option
engine.measure('shop/other', { tagkeys: ['method'] })
// @ts-expect-error the measure itself, not its name
engine.record('shop/latency', 0.5)
engine.record(latency, 0.5) // the tags of the context

// Rows have the type of their aggregation's data.
const view = engine.registerView({ name: 'shop/answers', measure: latency, tagKeys: ['method'], aggregation: count() })
export const answers: number | undefined = view.rows[0]?.data.value
const buckets = engine.registerView({ name: 'shop/buckets', measure: latency, aggregation: distribution() })
export const bucketCounts: readonly number[] | undefined = buckets.rows[0]?.data.bucketCounts
// @ts-expect-error a count has no buckets
void view.rows[0]?.data.bucketCounts
// @ts-expect-error a distribution has no single value
void buckets.rows[0]?.data.value

const registry: MetricRegistry = new MetricRegistry()
const depth = registry.gauge('queue/depth', { unit: '1', labelKeys: ['queue'] })
depth.set(3, { queue: 'mail' })
// @ts-expect-error an instrument with label keys needs labels
depth.set(3)
// @ts-expect-error a misspelt label
depth.set(3, { qeue: 'mail' })
// @ts-expect-error labels after the value, unlike in prom-client
depth.set({ queue: 'mail' }, 3)
const jobs = registry.counter('jobs/done', { labelKeys: ['queue'] })
jobs.inc({ queue: 'mail' })
// @ts-expect-error an instrument with label keys needs labels
jobs.inc()
registry.counter('jobs/all').inc()
const size = registry.histogram('job/size', { unit: 'By', labelKeys: ['queue'] })
size.observe(512, { queue: 'mail' })
// @ts-expect-error an instrument with label keys needs labels
size.observe(512)

const snapshots: readonly Metric[] = engine.getMetrics()
export const text: string = formatText(snapshots)
export const handler = metricsHandler({ producers: [engine, registry] })
export const serve = (): ReturnType<typeof serveMetrics> => serveMetrics({ port: 0, producers: [engine] })
