import { createServer as createHttpServer, type IncomingMessage, type RequestListener } from 'node:http'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { ExportError } from '../../src/base/errors.js'
import { AsyncTransport } from '../../src/exporters/transport/async-transport.js'
import { PushGatewayExporter, type PushGatewayExporterOptions } from '../../src/exporters/prometheus/push/push-gateway-exporter.js'
import type { Metric } from '../../src/metrics/data/metric.js'
import { ManualClock } from '../../src/testing/manual-clock.js'
import { metric } from '../exporters/prometheus/format/metric-samples.js'
import { selfValue } from '../exporters/self-value.js'

const one = metric({ name: 'one', type: 'GAUGE_INT64' }, [[], 1])
const servers: Server[] = []
const sockets = new Set<Socket>()
let warnings: string[]
beforeEach(() => {
  warnings = []
  vi.spyOn(process, 'emitWarning').mockImplementation((message) => void warnings.push(String(message)))
})
afterEach(() => {
  for (const socket of sockets) socket.destroy()
  for (const server of servers.splice(0)) server.close()
  vi.restoreAllMocks()
})

/** The URL of a server on 127.0.0.1 that is gone after the test. */
async function listening(server: Server): Promise<string> {
  servers.push(server)
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const raw = (onConnection: (socket: Socket) => void) => listening(createServer(onConnection))
const gateway = (onRequest: RequestListener) => listening(createHttpServer(onRequest))
const push = (url: string, options: Partial<PushGatewayExporterOptions> = {}) =>
  new PushGatewayExporter({ url, job: 'nightly', ...options })

/** What an export to that place fails with. */
function failure(url: string, options: Partial<PushGatewayExporterOptions> = {}): Promise<ExportError> {
  return push(url, options)
    .export([one])
    .then(
      () => {
        throw new Error('it did not fail')
      },
      (error) => error,
    )
}

/** A transport before a gateway, on a clock that moves on while the network, which is real, takes its time. */
function queued(url: string, name: string) {
  const clock = new ManualClock()
  const exporter = Object.assign(push(url, { timeoutMs: 2_000 }), { name })
  const transport = new AsyncTransport<Metric>(exporter, { clock, maxBatchSize: 1, exportTimeoutMs: 1e9, random: () => 0.5 })
  return { clock, transport }
}

async function until(isTrue: () => boolean, clock: ManualClock): Promise<void> {
  const endMs = performance.now() + 15_000
  while (!isTrue()) {
    if (performance.now() > endMs) throw new Error('it never came to that')
    await new Promise((resolve) => void setTimeout(resolve, 2))
    await clock.advanceAsync(1_000)
  }
}

test('a destination that refuses connections, resets, hangs up or speaks another protocol is retryable', async () => {
  const closed = await raw(() => {})
  servers.pop()!.close()
  expect(await failure(closed)).toMatchObject({
    code: 'ERR_PUSH_FAILED',
    retryable: true,
    message: expect.stringContaining('ECONNREFUSED'),
  })
  const resetting = await raw((socket) => void socket.resetAndDestroy())
  expect(await failure(resetting)).toMatchObject({ retryable: true })
  const hangingUp = await raw((socket) => void socket.once('data', () => socket.end()))
  expect(await failure(hangingUp)).toMatchObject({ retryable: true })
  const babbling = await raw((socket) => void socket.end('220 mail.example ESMTP\r\n'))
  expect(await failure(babbling)).toMatchObject({ retryable: true })
  expect(await failure(babbling.replace('http:', 'https:'))).toMatchObject({ retryable: true })
  expect(await failure('http://nowhere.invalid')).toMatchObject({ retryable: true })
})

test('an absent destination is tried six times with growing pauses, then the batch is dropped, counted and logged', async () => {
  let connections = 0
  const url = await raw((socket) => {
    connections++
    socket.resetAndDestroy()
  })
  const { clock, transport } = queued(url, 'to one that resets')
  transport.send(one)
  await until(() => transport.accounting.rejected === 1, clock)
  expect(connections).toBe(6)
  expect(clock.monotonicMs()).toBeGreaterThanOrEqual(31_000)
  expect(selfValue('tallyscope_transport_rejected_items_total', 'to one that resets', 'retries')).toBe(1)
  expect(warnings.some((text) => text.startsWith('exporter to one that resets failed and is retried'))).toBe(true)
  await transport.shutdown()
})

test('a destination that comes back gets the waiting items, each once', async () => {
  let requests = 0
  const url = await gateway((request, response) => {
    request.resume()
    response.statusCode = ++requests <= 2 ? 503 : 200
    response.end()
  })
  const { clock, transport } = queued(url, 'to one that comes back')
  for (let i = 0; i < 3; i++) transport.send(one)
  await until(() => transport.accounting.exported === 3, clock)
  expect(requests).toBe(5)
  await transport.shutdown()
})

test('a refusal is final: nothing is retried, the items are dropped and counted', async () => {
  for (const status of [400, 401, 403, 404, 405, 413, 422]) {
    let requests = 0
    const url = await gateway((request, response) => {
      requests++
      request.resume()
      response.writeHead(status).end('no')
    })
    const { clock, transport } = queued(url, `answered ${status}`)
    transport.send(one)
    await until(() => transport.accounting.rejected === 1, clock)
    await clock.advanceAsync(100_000)
    expect(requests).toBe(1)
    expect(selfValue('tallyscope_transport_rejected_items_total', `answered ${status}`, 'failed')).toBe(1)
    await transport.shutdown()
  }
})

test('a refusal is logged once a minute, with the number of suppressed ones', async () => {
  const url = await gateway((request, response) => void (request.resume(), response.writeHead(400).end('no')))
  const clock = new ManualClock()
  const warn = vi.fn()
  const logger = { debug() {}, info() {}, warn, error() {} }
  const transport = new AsyncTransport<Metric>(push(url), { clock, logger, maxBatchSize: 1, exportTimeoutMs: 1e9 })
  for (let i = 0; i < 20; i++) {
    transport.send(one)
    await transport.flush(1e9)
    await clock.advanceAsync(6_000)
  }
  expect(warn.mock.calls.map(([fields]) => fields.suppressed)).toEqual([undefined, 9])
  await transport.shutdown()
})

test('Retry-After is honoured for a minute at most, and invalid values are ignored', async () => {
  const unixMs = Date.UTC(2026, 0, 1)
  const clock = { unixMs: () => unixMs, monotonicMs: () => 0 }
  for (const [status, header, retryAfterMs] of [
    [429, '1', 1_000],
    [503, '1', 1_000],
    [503, 'Thu, 01 Jan 2026 00:00:30 GMT', 30_000],
    [503, '1000000000', 60_000],
    [503, '9'.repeat(400), 60_000],
    [503, 'Fri, 01 Jan 2100 00:00:00 GMT', 60_000],
    [503, '-5', undefined],
    [503, '1e9', undefined],
    [503, 'soon', undefined],
    [503, 'Wed, 31 Dec 2025 00:00:00 GMT', undefined],
  ] as const) {
    const url = await gateway((request, response) => void (request.resume(), response.writeHead(status, { 'retry-after': header }).end()))
    const error = await failure(url, { clock })
    expect([header, error.retryable, error.retryAfterMs]).toEqual([header, true, retryAfterMs])
  }
})

test('gateway errors of 500 and above are retryable', async () => {
  for (const status of [500, 502, 503, 504]) {
    const url = await gateway((request, response) => void (request.resume(), response.writeHead(status).end()))
    expect(await failure(url)).toMatchObject({ retryable: true, message: expect.stringContaining(`failed with status ${status}`) })
  }
})

test('an endless response, or a compressed bomb, is read for a few kilobytes and then aborted', async () => {
  const zipped = gzipSync(Buffer.alloc(64 << 20))
  let closed = 0
  const url = await gateway((request: IncomingMessage, response) => {
    request.resume()
    response.on('close', () => closed++)
    if (request.url?.includes('zip') === true) {
      response.writeHead(400, { 'content-encoding': 'gzip' }).end(zipped)
      return
    }
    response.writeHead(request.url?.includes('fine') === true ? 200 : 400)
    const babble = () => {
      while (response.write('x'.repeat(10_000)) && !response.destroyed);
    }
    response.on('drain', babble)
    babble()
  })
  const before = process.memoryUsage().rss
  const endless = await failure(url)
  expect(endless.message.length).toBeLessThan(5_000)
  expect((await failure(`${url}/zip`)).message.length).toBeLessThan(5_000)
  await push(`${url}/fine`).export([one])
  while (closed < 3) await new Promise((resolve) => void setTimeout(resolve, 5))
  expect(process.memoryUsage().rss - before).toBeLessThan(60 << 20)
})

test('redirects are not followed, and no credentials go to another host', async () => {
  const seen: (string | undefined)[] = []
  const elsewhere = await gateway((request, response) => {
    seen.push(request.headers.authorization)
    response.end()
  })
  for (const status of [301, 302, 303, 307, 308]) {
    const url = await gateway((request, response) => {
      request.resume()
      response.writeHead(status, { location: `${elsewhere}/metrics` }).end()
    })
    await failure(url.replace('http://', 'http://ann:secret@'))
  }
  expect(seen).toEqual([])
})

test('a destination that accepts the connection and sends nothing, or half a response, times out', async () => {
  const silent = await raw(() => {})
  const half = await raw((socket) => void socket.write('HTTP/1.1 400 Bad Request\r\ncontent-length: 100\r\n\r\nhalf'))
  const slow = await raw((socket) => {
    socket.write('HTTP/1.1 400 Bad Request\r\ncontent-length: 100000\r\n\r\n')
    const timer = setInterval(() => socket.write('x'), 20)
    socket.on('close', () => clearInterval(timer))
  })
  const startMs = performance.now()
  const failures = await Promise.all([silent, half, slow].map((url) => failure(url, { timeoutMs: 300 })))
  expect(performance.now() - startMs).toBeLessThan(5_000)
  // The status of half a response is its outcome.
  for (const [at, error] of failures.entries()) expect(error).toMatchObject({ code: 'ERR_PUSH_FAILED', retryable: at === 0 })
})
