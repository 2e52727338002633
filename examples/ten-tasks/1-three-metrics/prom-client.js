// A counter, a gauge and a histogram, and /metrics.
import { createServer } from 'node:http'
import { Counter, Gauge, Histogram, register } from 'prom-client'

const done = new Counter({ name: 'jobs_done_total', help: 'Jobs done', labelNames: ['queue'] })
const depth = new Gauge({ name: 'queue_depth', help: 'Jobs that wait', labelNames: ['queue'] })
const duration = new Histogram({ name: 'job_duration_seconds', help: 'Time of a job', labelNames: ['queue'], buckets: [0.1, 1, 10] })
done.inc({ queue: 'mail' })
depth.set({ queue: 'mail' }, 3)
duration.observe({ queue: 'mail' }, 0.25)

const server = createServer(async (_request, response) => {
  response.setHeader('content-type', register.contentType).end(await register.metrics())
}).listen(0, '127.0.0.1')
await new Promise((resolve) => server.once('listening', resolve))
console.log(await (await fetch(`http://127.0.0.1:${Object(server.address()).port}/metrics`)).text())
server.closeAllConnections()
server.close()
