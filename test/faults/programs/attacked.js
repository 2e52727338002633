// A service with a page of metrics and periodic exports, which others attack until it is killed.
import fastify from 'fastify'
import { createServer } from 'node:http'
import { createSecureServer } from 'node:http2'
import { createServer as createTlsServer } from 'node:https'
import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { Gauge, Histogram, Registry } from 'prom-client'
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

/** Requests of /metrics. */
let scrapes = 0
const state = () => ({ memory: process.memoryUsage(), cpu: process.cpuUsage(), exports, scrapes })
const HELLO = 'hello'

/** A listener with /state, /hello, and /metrics by `handle`. */
const routes = (handle) => (request, response) => {
  if (request.url === '/metrics') return void handle(request, response)
  const isHello = request.url === '/hello'
  response.writeHead(200, { 'content-type': isHello ? 'text/plain' : 'application/json' })
  response.end(isHello ? HELLO : JSON.stringify(state()))
}

/** A server that speaks fetch, without any time-out of its own. */
function byFetch(handle) {
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
  return served(app)
}

async function served(app) {
  app.get('/state', async () => state())
  app.get('/hello', async () => HELLO)
  await app.ready()
  return app.server
}

/** A page as large as ours. */
const page = async () => Buffer.from(await (await fetchHandler(options)(new Request('http://host/metrics'))).arrayBuffer())

/** What the same requests cost without this library. */
const BARE_WAYS = {
  'bare node': async () => {
    const bytes = await page()
    return createServer(
      routes((_request, response) => response.writeHead(200, { 'content-type': 'text/plain', 'content-length': bytes.length }).end(bytes)),
    )
  },
  'bare fetch': async () => {
    const bytes = await page()
    return createServer(routes(byFetch(async () => new Response(bytes, { headers: { 'content-type': 'text/plain' } }))))
  },
  'bare Fastify': async () => {
    const bytes = await page()
    const app = fastify({ forceCloseConnections: true })
    app.get('/metrics', async (_request, reply) => reply.type('text/plain').send(bytes))
    return served(app)
  },
  'prom-client': async () => createServer(routes(promClient())),
}

/** The endpoint of its documentation. */
function promClient() {
  const register = new Registry()
  const buckets = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
  const histogram = new Histogram({ name: 'many', help: 'many', labelNames: ['row'], buckets, registers: [register] })
  for (let i = 0; i < rows; i++) histogram.observe({ row: `the row of number ${i}` }, i % 12)
  const gauge = new Gauge({ name: 'slow', help: 'slow', registers: [register], collect: () => delay(20).then(() => gauge.set(1)) })
  return async (_request, response) => {
    const text = await register.metrics()
    response.writeHead(200, { 'content-type': register.contentType }).end(text)
  }
}

const WAYS = {
  node: () => createServer(routes(nodeHandler(options))),
  fetch: () => createServer(routes(byFetch(fetchHandler(options)))),
  Fastify: () => byFastify({}),
  'node over TLS': () => createTlsServer(certificate, routes(nodeHandler(options))),
  'Fastify over TLS': () => byFastify({ https: certificate }),
  'HTTP/2 over TLS': () => createSecureServer(certificate, routes(nodeHandler(options))),
  ...BARE_WAYS,
}

const server = await WAYS[way]()
server.on('request', ({ url }) => void (scrapes += url === '/metrics' ? 1 : 0))
server.listen(0, '127.0.0.1', () => process.stdout.write(`at ${server.address().port}\n`))
