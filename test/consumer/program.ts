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

const registry: MetricRegistry = new MetricRegistry()
registry.gauge('queue/depth', { unit: '1', labelKeys: ['queue'] }).set(3, { queue: 'mail' })

const snapshots: readonly Metric[] = engine.getMetrics()
export const text: string = formatText(snapshots)
export const handler = metricsHandler({ producers: [engine, registry] })
export const serve = (): ReturnType<typeof serveMetrics> => serveMetrics({ port: 0, producers: [engine] })
