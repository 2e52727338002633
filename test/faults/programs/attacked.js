// A service with a page of metrics and periodic exports, which others attack until it is killed.
import fastify from 'fastify'
import { createServer } from 'node:http'
import { createSecureServer } from 'node:http2'
import { createServer as createTlsServer } from 'node:https'
import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { distribution, exportPeriodically, MetricRegistry, Stats } from 'tallyscope'
import { tallyscopeFastify } from 'tallyscope/fastify'
import { fetchHandler, nodeHandler } from 'tallyscope/prometheus'

const { way, certificate, rows, guardMs } = JSON.parse(process.argv[2])
const stats = new Stats({ limits: { rowsPerView: rows } })
const measure = stats.measure('m', { tagKeys: ['row'] })
stats.viewManager.registerView({ name: 'many', measure, tagKeys: ['row'], aggregation: distribution([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]) })
for (let i = 0; i < rows; i++) stats.record(measure, i % 12, { row: `the row of number ${i}` })
const slowRegistry = new MetricRegistry()
slowRegistry.gauge('slow').set(1)
const slow = { name: 'slow', getMetrics: () => delay(20, slowRegistry.getMetrics()) }

const producers = [stats, slow]
const guard = () => delay(guardMs, true)
const options = { producers, ...(guardMs > 0 && { guard }) }

const exports = { whole: 0, partial: 0 }
const exporter = {
  export: async (metrics) => {
    const names = new Set(metrics.map(({ descriptor }) => descriptor.name))
    const many = metrics.find(({ descriptor }) => descriptor.name === 'many')
    exports[names.has('slow') && many?.timeSeries.length === rows ? 'whole' : 'partial']++
  },
  shutdown: async () => {},
}
exportPeriodically({ producers, exporter, intervalMs: 500 })

const state = () => ({ memory: process.memoryUsage(), cpu: process.cpuUsage(), exports })

/** A listener with /state, and /metrics by `handle`. */
const routes = (handle) => (request, response) => {
  if (request.url === '/metrics') return void handle(request, response)
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(JSON.stringify(state()))
}

/** A server that speaks fetch, without any time-out of its own. */
function byFetch() {
  const handle = fetchHandler(options)
  return async (request, response) => {
    const { status, headers, body } = await handle(new Request(`http://host${request.url}`, { headers: new Headers(request.headers) }))
    response.writeHead(status, Object.fromEntries(headers))
    if (body === null) return void response.end()
    Readable.fromWeb(body)
      .on('error', () => response.destroy())
      .pipe(response)
  }
}

async function byFastify(more) {
  const app = fastify({ forceCloseConnections: true, ...more })
  await app.register(tallyscopeFastify, { tracer: false, views: false, producers, metrics: options })
  app.get('/state', async () => state())
  await app.ready()
  return app.server
}

const WAYS = {
  node: () => createServer(routes(nodeHandler(options))),
  fetch: () => createServer(routes(byFetch())),
  Fastify: () => byFastify({}),
  'node over TLS': () => createTlsServer(certificate, routes(nodeHandler(options))),
  'Fastify over TLS': () => byFastify({ https: certificate }),
  'HTTP/2 over TLS': () => createSecureServer(certificate, routes(nodeHandler(options))),
}

const server = await WAYS[way]()
server.listen(0, '127.0.0.1', () => process.stdout.write(`at ${server.address().port}\n`))
