import { Agent, request as httpRequest } from 'node:http'
import { text as textOf } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Encoder } from '../../src/exporters/prometheus/format/encoder.js'
import { type MetricsEndpoint, type ServeMetricsOptions, serveMetrics } from '../../src/exporters/prometheus/http/server.js'
import { MetricRegistry } from '../../src/metrics/instruments/metric-registry.js'
import { manyGauges, producer } from '../exporters/prometheus/format/metric-samples.js'
import { selfValue } from '../exporters/self-value.js'
import { amount, figure } from './amount.js'
import { get, RawClient } from './raw-client.js'

const KEPT_ALIVE = 'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n'
const clients: RawClient[] = []
const unhandled: unknown[] = []
const onUnhandled = (error: unknown): void => void unhandled.push(error)
let endpoint: MetricsEndpoint | undefined

beforeEach(() => {
  unhandled.length = 0
  process.on('uncaughtExceptionMonitor', onUnhandled)
  process.on('warning', onUnhandled)
})
afterEach(async () => {
  for (const { socket } of clients.splice(0)) socket.destroy()
  await endpoint?.close()
  endpoint = undefined
  process.off('uncaughtExceptionMonitor', onUnhandled)
  process.off('warning', onUnhandled)
  expect(unhandled).toEqual([])
})

async function serve(options: Partial<ServeMetricsOptions> = {}): Promise<MetricsEndpoint> {
  const registry = new MetricRegistry()
  registry.gauge('up_and_well').defaultTimeSeries().set(1)
  endpoint = await serveMetrics({ port: 0, producers: [registry], selfMetrics: false, ...options })
  return endpoint
}

function client(port: number, request = ''): RawClient {
  const made = new RawClient(port, request)
  clients.push(made)
  return made
}

/** A body without an end, which keeps count of the documents that are being written. */
function endless(format: string): { encoders: [Encoder]; open: () => number } {
  let open = 0
  const encoder: Encoder = {
    format,
    contentType: 'text/plain',
    accepts: () => true,
    async *encode(_families, signal) {
      open++
      try {
        for (;;) {
          signal?.throwIfAborted()
          yield Buffer.alloc(100_000, 'x')
          await new Promise((resolve) => void setImmediate(resolve))
        }
      } finally {
        open--
      }
    },
  }
  return { encoders: [encoder], open: () => open }
}

async function scrapeMs(url: string): Promise<number> {
  const startMs = performance.now()
  const { status, text } = await ask(url)
  expect([status, text.length > 0]).toEqual([200, true])
  return performance.now() - startMs
}

async function ask(url: string, agent: Agent | false = false): Promise<{ status: number | undefined; text: string }> {
  return new Promise((resolve, reject) => {
    httpRequest(url, { agent }, (response) => {
      textOf(response).then((text) => resolve({ status: response.statusCode, text }), reject)
    })
      .on('error', reject)
      .end()
  })
}

const sorted = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b)
/** Of a list where a stop of the whole machine may stand in the last place. */
const p98 = (values: readonly number[]): number => sorted(values)[Math.floor(values.length * 0.98) - 1]!
const sockets = (): number => process.getActiveResourcesInfo().filter((resource) => resource === 'TCPSocketWrap').length

test('fifty slow senders and ten silent clients delay no other client and are all disconnected', async () => {
  const before = sockets()
  const headersTimeoutMs = amount(1_000, 8_000)
  const { url, port } = await serve({ headersTimeoutMs, requestTimeoutMs: headersTimeoutMs + 2_000 })
  const startMs = performance.now()
  const slow = Array.from({ length: 50 }, () => client(port, 'GET /metrics HTTP/1.1\r\nHost: x\r\nX-Slow: '))
  const silent = Array.from({ length: 10 }, () => client(port))
  const dripping = setInterval(() => slow.forEach(({ socket }) => socket.writable && socket.write('a')), 100)
  const tookMs: number[] = []
  for (let i = 0; i < 100; i++) tookMs.push(await scrapeMs(url))
  await Promise.all([...slow, ...silent].map(({ closed }) => closed))
  clearInterval(dripping)
  const cutMs = performance.now() - startMs
  figure('slow clients', `98 of 100 scrapes within ${p98(tookMs).toFixed(1)} ms, all cut after ${(cutMs / 1_000).toFixed(1)} s`)
  expect(p98(tookMs)).toBeLessThan(1_000)
  expect(cutMs).toBeLessThan(30_000)
  await vi.waitFor(() => expect(sockets()).toBeLessThanOrEqual(before), 5_000)
})

test('clients whose request body never comes are answered and disconnected', async () => {
  const { url, port } = await serve({ headersTimeoutMs: 400, requestTimeoutMs: 500 })
  const posts = Array.from({ length: 20 }, () => client(port, 'POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\nabc'))
  await Promise.all(posts.map(({ closed }) => closed))
  expect(new Set(posts.map(({ statuses }) => statuses.join()))).toEqual(new Set(['405']))
  await scrapeMs(url)
})

test('eight stalled readers take bounded memory and are disconnected after the send time-out', async () => {
  const before = sockets()
  const { encoders, open } = endless('stalled')
  const sendTimeoutMs = 2_000
  const { port } = await serve({ encoders, sendTimeoutMs, maxInFlight: 1, maxWaiting: 8 })
  gc!()
  const buffersBefore = process.memoryUsage().arrayBuffers
  const stalled = Array.from({ length: 8 }, () => client(port, KEPT_ALIVE))
  for (const { socket } of stalled) socket.pause()
  await vi.waitFor(() => expect(open()).toBe(8), 10_000)
  await delay(500)
  const reading = client(port, KEPT_ALIVE) // none of them keeps the only place
  await vi.waitFor(() => expect(reading.received.length).toBeGreaterThan(2_000_000), 10_000)
  reading.socket.destroy()
  let grownBytes = Number.POSITIVE_INFINITY
  // Buffers that were sent already are swept some turns after a collection; what the readers hold stays.
  await vi.waitFor(() => {
    gc!()
    grownBytes = process.memoryUsage().arrayBuffers - buffersBefore
    expect([open(), grownBytes < 8 * 1_500_000], `${grownBytes} bytes`).toEqual([8, true])
  }, 10_000)
  figure('stalled readers', `8 hold ${(grownBytes / 1e6).toFixed(1)} MB of buffers`)
  await vi.waitFor(() => expect(open()).toBe(0), 10_000)
  expect(selfValue('tallyscope_prometheus_scrapes_total', 'stalled', 'aborted')).toBe(9)
  for (const { socket } of stalled) socket.resume()
  await Promise.all(stalled.map(({ closed }) => closed))
  await vi.waitFor(() => expect(sockets()).toBeLessThanOrEqual(before), 5_000)
})

test('the work for two hundred clients that disconnect during a body stops and leaves nothing behind', async () => {
  const before = sockets()
  const { encoders, open } = endless('given up')
  const { port } = await serve({ encoders })
  for (let round = 0; round < 20; round++) {
    const some = Array.from({ length: 10 }, () => client(port, KEPT_ALIVE))
    await vi.waitFor(() => expect(some.every(({ received }) => received.length > 0)).toBe(true), 10_000)
    some.forEach(({ socket }, at) => (at % 2 === 0 ? socket.resetAndDestroy() : socket.destroy()))
    some.forEach((each) => (each.received = ''))
  }
  await vi.waitFor(() => expect(open()).toBe(0), 5_000)
  expect(selfValue('tallyscope_prometheus_scrapes_total', 'given up', 'aborted')).toBe(200)
  await vi.waitFor(() => expect(sockets()).toBeLessThanOrEqual(before), 5_000)
})

test('scrapes waiting in a pipeline end with their connection and keep no place in the queue', async () => {
  let release = (): void => {}
  const { encoders } = endless('pipelined')
  const waiting = { name: 'waiting', getMetrics: () => new Promise<[]>((resolve) => (release = () => resolve([]))) }
  const { port } = await serve({ encoders, producers: [waiting], maxInFlight: 1, maxWaiting: 0 })
  for (let round = 1; round <= 5; round++) {
    const pipeline = client(port, KEPT_ALIVE.repeat(30))
    await delay(50)
    pipeline.socket.resetAndDestroy()
    await pipeline.closed
    await delay(50)
    release()
    await vi.waitFor(() => expect(selfValue('tallyscope_prometheus_scrapes_total', 'pipelined', 'aborted')).toBe(round), 10_000) // the others had not begun
  }
  expect(selfValue('tallyscope_prometheus_scrapes_total', 'pipelined', '503')).toBe(0)
})

test('a thousand pipelined requests on one connection are answered in order, or with 503', async () => {
  const { port } = await serve()
  const pipeline = client(port, KEPT_ALIVE.repeat(999) + get())
  await pipeline.closed
  const { received, statuses } = pipeline
  expect(statuses).toHaveLength(1_000)
  expect(new Set(statuses.filter((status) => status !== 503))).toEqual(new Set([200]))
  expect(received.match(/^up_and_well 1$/gm)?.length).toBe(statuses.filter((status) => status === 200).length)
})

test('a thousand concurrent scrapes are answered within ten seconds by one gathering at a time', async () => {
  let running = 0
  let most = 0
  let gatherings = 0
  const gathered = producer(async () => {
    gatherings++
    most = Math.max(most, ++running)
    await delay(20)
    running--
    return [manyGauges(2_000)]
  })
  const { port } = await serve({ producers: [gathered], queueTimeoutMs: 10_000 })
  for (const scrapes of [200, 1_000]) {
    const startMs = performance.now()
    const all = Array.from({ length: scrapes }, () => client(port, get()))
    await Promise.all(all.map(({ closed }) => closed))
    const tookMs = performance.now() - startMs
    figure('concurrency', `${scrapes} scrapes at once in ${(tookMs / 1_000).toFixed(1)} s, ${most} gathering at a time`)
    expect(tookMs).toBeLessThan(10_000)
    expect(new Set(all.map(({ statuses }) => statuses.join()))).toEqual(new Set(['200']))
    expect(new Set(all.map(({ received }) => received.match(/^many\{/gm)?.length))).toEqual(new Set([2_000]))
  }
  expect(most).toBe(1)
  expect(gatherings).toBeLessThan(600)
})

test('scrapes beyond the limit and the queue are refused with 503 and Retry-After', async () => {
  let release = (): void => {}
  const waiting = { name: 'waiting', getMetrics: () => new Promise<[]>((resolve) => (release = () => resolve([]))) }
  const { port } = await serve({ producers: [waiting], maxInFlight: 50, maxWaiting: 100 })
  const all = Array.from({ length: 1_000 }, () => client(port, get()))
  await vi.waitFor(() => expect(all.filter(({ statuses }) => statuses.length > 0)).toHaveLength(850), 10_000)
  release()
  await delay(20)
  release()
  const releasing = setInterval(() => release(), 5)
  await Promise.all(all.map(({ closed }) => closed))
  clearInterval(releasing)
  const turnedAway = all.filter(({ statuses }) => statuses[0] === 503)
  expect([turnedAway.length, all.length - turnedAway.length]).toEqual([850, 150])
  expect(turnedAway.every(({ received }) => /^retry-after: 1\r$/im.test(received))).toBe(true)
})

test('close ends idle kept-alive connections at once', async () => {
  const { url, port, close } = await serve({ closeTimeoutMs: 5_000 })
  const agent = new Agent({ keepAlive: true })
  await Promise.all(Array.from({ length: 20 }, () => ask(url, agent)))
  const idle = [client(port), client(port, 'GET /metrics HTTP/1.1\r\nHost'), client(port, KEPT_ALIVE)]
  await vi.waitFor(() => expect(idle[2]!.statuses).toEqual([200]), 10_000)
  const startMs = performance.now()
  await close()
  await Promise.all(idle.map(({ closed }) => closed))
  expect(performance.now() - startMs).toBeLessThan(4_000) // it would wait for 5 s
  agent.destroy()
  await expect(ask(url)).rejects.toThrow('ECONNREFUSED')
})

test('smuggled requests, bare line ends and other protocols get 400 or a closed connection, and nothing else', async () => {
  const { url, port } = await serve({ requestTimeoutMs: 800, headersTimeoutMs: 600 })
  const smuggled = 'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n'
  const junk = [
    'POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nX',
    `POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n${smuggled}`,
    `POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${smuggled}`,
    `POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc${smuggled}`,
    `POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n${smuggled}`,
    `POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: ${smuggled.length}\r\n\r\n${smuggled}`,
    'GET /metrics HTTP/1.1\rHost: x\r\r',
    'GET /metrics HTTP/1.1\r\nHost: x\rX: y\r\n\r\n',
    'GET /metrics HTTP/1.1\r\n\r\n', // no host
    'GET /metrics HTTP/9.9\r\nHost: x\r\n\r\n',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0',
    '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03'.padEnd(512, '\x42'),
    '\0'.repeat(1_000),
    '\r\n'.repeat(1_000),
    'SSH-2.0-OpenSSH_9.6\r\n',
    `GET /metrics HTTP/1.1\r\nHost: x\r\n${'X-Header: value\r\n'.repeat(5_000)}\r\n`,
    `GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
  ]
  for (const request of junk) {
    const each = client(port, request)
    await each.closed
    expect(each.received, JSON.stringify(request.slice(0, 60))).not.toContain('up_and_well')
    expect([[], [400], [404], [408], [431], [404, 400]]).toContainEqual(each.statuses)
  }
  await scrapeMs(url)
})
