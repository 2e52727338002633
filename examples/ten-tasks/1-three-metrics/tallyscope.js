// A counter, a gauge and a histogram, and /metrics.
import { MetricRegistry } from 'tallyscope'
import { serveMetrics } from 'tallyscope/prometheus'

const registry = new MetricRegistry()
const done = registry.counter('jobs/done', { description: 'Jobs done', labelKeys: ['queue'] })
const depth = registry.gauge('queue/depth', { description: 'Jobs that wait', labelKeys: ['queue'] })
const duration = registry.histogram('job/duration', { unit: 's', description: 'Time of a job', labelKeys: ['queue'], bounds: [0.1, 1, 10] })
done.inc({ queue: 'mail' })
depth.set(3, { queue: 'mail' })
duration.observe(0.25, { queue: 'mail' })

const endpoint = await serveMetrics({ port: 0, producers: [registry], selfMetrics: false })
console.log(await (await fetch(endpoint.url)).text())
await endpoint.close()
