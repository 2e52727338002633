import fastify from 'fastify'
import { createServer, get as httpGet, type OutgoingHttpHeaders } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import { text as textOf } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { fetchHandler } from '../../src/exporters/prometheus/http/fetch-handler.js'
import type { MetricsHandlerOptions } from '../../src/exporters/prometheus/http/handler.js'
import { serveMetrics } from '../../src/exporters/prometheus/http/server.js'
import { tallyscopeFastify } from '../../src/integrations/fastify/plugin.js'
import { exportPeriodically } from '../../src/metrics/collection/export-periodically.js'
import type { Metric } from '../../src/metrics/data/metric.js'
import { distribution } from '../../src/stats/views/aggregation.js'
import { Stats } from '../../src/stats/stats.js'
import { metric, producer } from '../exporters/prometheus/format/metric-samples.js'
import { amount, figure } from './amount.js'
import { RawClient } from './raw-client.js'

const KEPT_ALIVE = 'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n'
const HONEST_SCRAPES = amount(8, 20)
const IMPATIENT_GET = 'GET /metrics HTTP/1.1\r\nHost: x\r\nX-Prometheus-Scrape-Timeout-Seconds: 0.001\r\n\r\n'
const one = metric({ name: 'one', type: 'GAUGE_INT64' }, [[], 1])

const cleanUp: (() => unknown)[] = []
afterEach(async () => {
  for (const each of cleanUp.splice(0).toReversed()) await each()
})

type Way = 'node' | 'fetch' | 'Fastify'

/** Serves metrics and returns the port. */
async function serve(way: Way, options: MetricsHandlerOptions): Promise<number> {
  if (way === 'node') {
    const { port, close } = await serveMetrics({ port: 0, selfMetrics: false, closeTimeoutMs: 0, ...options })
    cleanUp.push(close)
    return port
  }
  if (way === 'Fastify') {
    const app = fastify({ forceCloseConnections: true })
    const { producers, ...metrics } = options
    await app.register(tallyscopeFastify, {
      tracer: false,
      views: false,
      producers: producers ?? [],
      metrics: { selfMetrics: false, ...metrics },
    })
    await app.listen({ port: 0, host: '127.0.0.1' })
    cleanUp.push(() => app.close())
    return (app.server.address() as AddressInfo).port
  }
  return serveFetch(fetchHandler({ selfMetrics: false, ...options }))
}

/** A server that speaks fetch, without any time-out of its own. */
async function serveFetch(handle: (request: Request) => Promise<Response>): Promise<number> {
  const server = createServer((request, response) => {
    const headers = new Headers(request.headers as Record<string, string>)
    void handle(new Request(`http://${request.headers.host}${request.url}`, { headers })).then(({ status, headers: given, body }) => {
      response.writeHead(status, Object.fromEntries(given))
      if (body === null) return response.end()
      return Readable.fromWeb(body as ReadableStream)
        .on('error', () => response.destroy())
        .pipe(response)
    })
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  cleanUp.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

function scrape(port: number, headers: OutgoingHttpHeaders = {}): Promise<{ status: number | undefined; text: string }> {
  return new Promise((resolve, reject) => {
    httpGet({ port, host: '127.0.0.1', path: '/metrics', agent: false, headers }, (response) => {
      textOf(response).then((text) => resolve({ status: response.statusCode, text }), reject)
    }).on('error', reject)
  })
}

/** Scrapes as an honest scraper does, and expects whole documents with these families, in time. */
async function scrapeHonestly(what: string, port: number, families: readonly string[], headers: OutgoingHttpHeaders = {}): Promise<void> {
  const tookMs: number[] = []
  for (let at = 0; at < HONEST_SCRAPES; at++) {
    const startMs = performance.now()
    const { status, text } = await scrape(port, { 'x-prometheus-scrape-timeout-seconds': '10', ...headers })
    tookMs.push(performance.now() - startMs)
    expect([status, families.filter((name) => !text.includes(`# TYPE ${name} `))]).toEqual([200, []])
    await delay(50)
  }
  const sorted = tookMs.toSorted((a, b) => a - b)
  const [medianMs, mostMs] = [sorted[HONEST_SCRAPES >> 1]!, sorted.at(-1)!]
  const times = `half of them within ${medianMs.toFixed(0)} ms, the slowest in ${mostMs.toFixed(0)} ms`
  figure('hostile scrapers', `${what}: ${HONEST_SCRAPES} of ${HONEST_SCRAPES} honest scrapes are whole, ${times}`)
  expect(medianMs).toBeLessThan(1_000)
  expect(mostMs).toBeLessThan(5_000) // all of them within a second on a machine of one's own
}

/** Repeats an attack until the test ends. */
function repeat(attack: () => void, everyMs: number): void {
  attack()
  const timer = setInterval(attack, everyMs)
  cleanUp.push(() => clearInterval(timer))
}

/** A connection that sends this and reads nothing. */
function unread(port: number, request: string): void {
  const { socket } = new RawClient(port, request)
  socket.pause()
  cleanUp.push(() => socket.destroy())
}

/** A connection that sends bytes and does not read the response, so that the clients of this test use little of the processor. */
function careless(port: number, request = ''): Socket {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {}).resume()
  if (request !== '') socket.write(request)
  cleanUp.push(() => socket.destroy())
  return socket
}

/** An engine with a distribution of so many rows, of thirteen lines each. */
function engine(rows: number): Stats {
  const stats = new Stats({ limits: { rowsPerView: rows } })
  const measure = stats.measure('m', { tagKeys: ['row'] })
  const aggregation = distribution([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  stats.viewManager.registerView({ name: 'many', measure, tagKeys: ['row'], aggregation })
  for (let i = 0; i < rows; i++) stats.record(measure, i % 12, { row: `the row of number ${i}` })
  return stats
}

/** Answers after some time, and not faster for being called by many. */
const slow = (takesMs: number) =>
  producer(async (): Promise<Metric[]> => {
    await delay(takesMs)
    return [metric({ name: 'slow', type: 'GAUGE_INT64' }, [[], 1])]
  }, 'slow producer')

describe.each<Way>(['node', 'fetch', 'Fastify'])('honest scrapes by way of %s are whole and quick', (way) => {
  test('scrapes are answered while connections pipeline two hundred requests each and read nothing', async () => {
    const port = await serve(way, { producers: [engine(300)], sendTimeoutMs: 2_000 })
    repeat(() => unread(port, KEPT_ALIVE.repeat(200)), 5_000)
    await scrapeHonestly(`${way}, pipelines`, port, ['many'])
  })

  test('scrapes are answered while fifty readers of five megabytes are stalled', async () => {
    const port = await serve(way, { producers: [engine(8_000)] })
    expect((await scrape(port)).text.length).toBeGreaterThan(5_000_000)
    gc!()
    const before = process.memoryUsage().arrayBuffers
    for (let at = 0; at < 50; at++) unread(port, KEPT_ALIVE)
    await delay(300)
    await scrapeHonestly(`${way}, stalled readers`, port, ['many'])
    // The buffers of a scrape that has just ended are given back by another thread, some time after the collection.
    const held = () => {
      gc!()
      return process.memoryUsage().arrayBuffers - before
    }
    await expect.poll(held, { timeout: 3_000 }).toBeLessThan(100_000_000)
  })

  test('scrapes are answered while a thousand scrapes a second announce a timeout of a millisecond, and so are periodic exports', async () => {
    const producers = [slow(20), producer(() => [one])]
    const port = await serve(way, { producers })
    const exports: string[][] = []
    const exporter = {
      export: async (metrics: readonly Metric[]) => void exports.push(metrics.map(({ descriptor }) => descriptor.name)),
      shutdown: async () => {},
    }
    const task = exportPeriodically({ producers, exporter, intervalMs: 200 })
    cleanUp.push(() => task.close())
    const clients = Array.from({ length: 20 }, () => careless(port))
    repeat(() => clients.forEach((socket) => socket.write(IMPATIENT_GET)), 20)
    await scrapeHonestly(`${way}, impatient scrapers`, port, ['slow', 'one'])
    expect(exports.length).toBeGreaterThan(1)
    expect(new Set(exports.map((names) => names.filter((name) => name === 'slow' || name === 'one').join()))).toEqual(new Set(['slow,one']))
  })

  test('scrapes are answered while two thousand impatient clients keep guards busy', async () => {
    const guard: MetricsHandlerOptions['guard'] = async (headers) => {
      await delay(100)
      return 'authorization' in headers || ('get' in headers && typeof headers.get === 'function' && headers.get('authorization') !== null)
    }
    const port = await serve(way, { producers: [producer(() => [one])], guard })
    for (let at = 0; at < 500; at++) careless(port, IMPATIENT_GET.repeat(4))
    await scrapeHonestly(`${way}, guards`, port, ['one'], { authorization: 'Bearer mine' })
  })
})
