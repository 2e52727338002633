// @ts-check
// One of several workers: takes orders, and serves the metrics of all.
import { createServer } from 'node:http'
import { MetricRegistry } from 'tallyscope'
import { shareMetrics } from 'tallyscope/cluster'
import { nodeHandler } from 'tallyscope/prometheus'

const registry = new MetricRegistry()
const orders = registry.counter('shop/orders', { description: 'Orders that were taken' })
const busy = registry.gauge('shop/busy', { description: 'Orders being taken, in all workers' })

const group = shareMetrics() // the same line as in the primary
group.add(registry)
const metrics = nodeHandler({ group })

createServer((request, response) => {
  if (request.url === '/metrics') return metrics(request, response)
  busy.inc()
  orders.inc()
  response.end('taken', () => busy.dec())
}).listen(Number(process.env['PORT']), '127.0.0.1')
