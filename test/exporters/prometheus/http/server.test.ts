import { once } from 'node:events'
import { type IncomingMessage, request as httpRequest, type RequestOptions } from 'node:http'
import { connect, type Socket } from 'node:net'
import { text as textOf } from 'node:stream/consumers'
import { afterEach, expect, test, vi } from 'vitest'
import type { Encoder } from '../../../../src/exporters/prometheus/format/encoder.js'
import { type MetricsEndpoint, type ServeMetricsOptions, serveMetrics } from '../../../../src/exporters/prometheus/http/server.js'
import type { Metric } from '../../../../src/metrics/data/metric.js'
import { selfValue } from '../../self-value.js'
import { manyGauges, metric, producer } from '../format/metric-samples.js'

const one = metric({ name: 'one', type: 'GAUGE_INT64' }, [[], 1])
const open: MetricsEndpoint[] = []
const sockets: Socket[] = []

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await Promise.all(open.splice(0).map((endpoint) => endpoint.close()))
})

async function serve(
  options: Partial<ServeMetricsOptions> = {},
  metrics: () => readonly Metric[] | Promise<readonly Metric[]> = () => [one],
) {
  const endpoint = await serveMetrics({ port: 0, producers: [producer(metrics)], selfMetrics: false, ...options })
  open.push(endpoint)
  return endpoint
}

/** One request on a connection of its own. */
async function ask(url: string, options: RequestOptions = {}, body?: string) {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    httpRequest(url, { agent: false, ...options }, resolve)
      .on('error', reject)
      .end(body)
  })
  return { status: response.statusCode, headers: response.headers, text: await textOf(response) }
}

/** A connection that sends what it is given and says what came back until it was closed. */
function raw(port: number, ...lines: string[]): { received: () => string; closed: Promise<void>; socket: Socket } {
  const socket = connect(port, '127.0.0.1')
  sockets.push(socket)
  let received = ''
  socket.on('data', (data) => (received += data.toString('latin1')))
  socket.on('error', () => {})
  if (lines.length > 0) socket.write(lines.join('\r\n'))
  return { received: () => received, closed: new Promise((resolve) => socket.once('close', () => resolve())), socket }
}

function scripted(encode: (signal: AbortSignal | undefined) => AsyncGenerator<Uint8Array>): [Encoder] {
  return [{ format: 'scripted', contentType: 'text/plain', accepts: () => true, encode: (_, signal) => encode(signal) }]
}

test('the returned URL is complete and serves the document', async () => {
  const { url, port } = await serve()
  expect(url).toBe(`http://127.0.0.1:${port}/metrics`)
  expect(await ask(url)).toMatchObject({ status: 200, text: '# TYPE one gauge\none 1\n' })
  expect(await ask(`${url}?name[]=other`)).toMatchObject({ status: 200, text: '' })
})

test('HEAD has no body, other methods get 405, other paths 404 with the right path', async () => {
  const { url } = await serve()
  expect(await ask(url, { method: 'HEAD' })).toMatchObject({ status: 200, text: '', headers: { vary: 'Accept, Accept-Encoding' } })
  expect(await ask(url, { method: 'POST' }, 'x'.repeat(100_000))).toMatchObject({
    status: 405,
    headers: { allow: 'GET, HEAD', connection: 'close' },
  })
  for (const path of [
    '/',
    '/metrics//',
    '/metricsx',
    '/Metrics',
    '//metrics',
    '/metrics%00',
    '/../etc/passwd',
    '/metrics/../x',
    '/x'.repeat(2_000),
  ]) {
    const { port } = open[0]!
    expect(await ask(`http://127.0.0.1:${port}`, { path })).toMatchObject({ status: 404, text: 'not found: the metrics are at /metrics\n' })
  }
})

test.each(['/metrics', '/metrics/', '/'])('the path %s may be requested with and without a slash at its end', async (path) => {
  const { url, port } = await serve({ path })
  const origin = `http://127.0.0.1:${port}`
  expect(url).toBe(`${origin}${path}`)
  const bare = path.replace(/\/$/, '')
  for (const requested of [path, `${bare}/`, `${bare || '/'}?name[]=one`, `${bare}/?name[]=one`]) {
    expect(await ask(origin, { path: requested }), requested).toMatchObject({ status: 200, text: '# TYPE one gauge\none 1\n' })
  }
  expect((await ask(origin, { path: `${bare}//` })).status).toBe(404)
})

test('a custom path, an absolute request target and a bracketed host are accepted', async () => {
  const { url, port } = await serve({ path: '/internal/prometheus' })
  expect(url.endsWith('/internal/prometheus')).toBe(true)
  expect((await ask(url)).status).toBe(200)
  expect((await ask(url, { path: url })).status).toBe(200)
  expect((await ask(`http://127.0.0.1:${port}/metrics`)).status).toBe(404)
  const six = await serve({ host: '::1' }).catch(() => undefined) // not every machine has it
  if (six !== undefined) expect(six.url).toBe(`http://[::1]:${six.port}/metrics`)
})

test('a port in use rejects and leaves the first server running', async () => {
  const { url, port } = await serve()
  await expect(serve({ port })).rejects.toMatchObject({ code: 'ERR_SERVER_LISTEN' })
  expect((await ask(url)).status).toBe(200)
})

test('options out of range are refused before listening', async () => {
  const wrong: Partial<ServeMetricsOptions>[] = [
    { port: -1 },
    { port: 65_536 },
    { port: '80' as never },
    { host: '' },
    { host: 5 as never },
    { path: 'metrics' },
    { path: '/a?b' },
    { sendTimeoutMs: 0 },
    { requestTimeoutMs: 1_000, headersTimeoutMs: 2_000 },
  ]
  for (const options of wrong)
    await expect(serve(options), JSON.stringify(options)).rejects.toMatchObject({ code: 'ERR_PROMETHEUS_OPTION' })
})

test('a long document is streamed completely', async () => {
  const { url } = await serve({}, () => [manyGauges(40_000)])
  const { text, headers } = await ask(url)
  expect(headers['content-length']).toBeUndefined()
  expect(text.split('\n')).toHaveLength(40_002)
})

test('200 concurrent scrapes are answered', async () => {
  const { url } = await serve({}, () => [manyGauges(2_000)])
  const replies = await Promise.all(Array.from({ length: 200 }, () => ask(url)))
  expect(new Set(replies.map(({ status, text }) => `${status} ${text.length}`)).size).toBe(1)
  expect(replies[0]!.status).toBe(200)
})

test('a document that fails after its first byte destroys the connection', async () => {
  let fail = (): void => {}
  const encoders = scripted(async function* () {
    yield Buffer.alloc(800_000, 'x')
    await new Promise<void>((resolve) => (fail = resolve))
    throw new Error('no')
  })
  const { port } = await serve({ encoders })
  const { received, closed } = raw(port, 'GET /metrics HTTP/1.1', 'Host: x', '', '')
  await vi.waitFor(() => expect(received()).toContain('xxx'), 10_000)
  fail()
  await closed
  expect(received()).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
  expect(received()).not.toContain('\r\n0\r\n') // the mark of a body that is whole
})

test('a document that fails right after its first byte is not a complete response', async () => {
  const encoders = scripted(async function* () {
    yield Buffer.alloc(800_000, 'x')
    throw new Error('no')
  })
  const { url } = await serve({ encoders })
  // From Node 22 on nothing of it is on its way yet, so that the client has not even seen headers.
  await expect(ask(url)).rejects.toMatchObject({ code: 'ECONNRESET' })
})

test('an aborting client stops the work and leaves nothing behind', async () => {
  let stopped: AbortSignal | undefined
  const encoders = scripted(async function* (signal) {
    stopped = signal
    for (;;) {
      signal?.throwIfAborted()
      yield Buffer.alloc(800_000, 'x')
    }
  })
  const { port } = await serve({ encoders })
  const { socket, received } = raw(port, 'GET /metrics HTTP/1.1', 'Host: x', '', '')
  await vi.waitFor(() => expect(received().length).toBeGreaterThan(0), 10_000)
  socket.resetAndDestroy()
  await vi.waitFor(() => expect(stopped?.aborted).toBe(true), 10_000)
})

test('a stalled reader is disconnected and delays no other client', async () => {
  const encoders = scripted(async function* () {
    for (;;) yield Buffer.alloc(100_000, 'x')
  })
  const stalling = await serve({ encoders, sendTimeoutMs: 200 })
  const { socket, closed } = raw(stalling.port, 'GET /metrics HTTP/1.1', 'Host: x', '', '')
  socket.pause()
  setTimeout(() => socket.resume(), 600)
  await closed
})

test('clients that never finish their request are disconnected, others are answered meanwhile', async () => {
  const { url, port } = await serve({ requestTimeoutMs: 400, headersTimeoutMs: 300 })
  const slow = Array.from({ length: 50 }, () => raw(port, 'GET /metrics HTTP/1.1', 'Host: x', 'X-Slow: '))
  expect((await ask(url)).status).toBe(200)
  await Promise.all(slow.map(({ closed }) => closed))
  expect((await ask(url)).status).toBe(200)
})

test('garbage is answered with 400 or a closed connection, and the server keeps running', async () => {
  const { url, port } = await serve({ requestTimeoutMs: 400, headersTimeoutMs: 300 })
  const junk = [
    ['\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ['PRI * HTTP/2.0', '', 'SM', '', ''],
    ['GET /metrics HTTP/1.1', 'Host: x', 'Content-Length: 5', 'Transfer-Encoding: chunked', '', '0', '', ''],
    ['GET /metrics HTTP/1.1\rHost: x', '', ''],
    ['GET /metrics HTTP/1.1', 'Host: x', `Accept: ${'x'.repeat(20_000)}`, '', ''],
  ]
  for (const lines of junk) {
    const { received, closed } = raw(port, ...lines)
    await closed
    expect(received()).not.toContain('one 1')
  }
  expect((await ask(url)).status).toBe(200)
})

test('a connection beyond the limit replaces the one that is idle for the longest, or is closed if none is idle', async () => {
  const closed = () => ['idle', 'refused'].map((reason) => selfValue('tallyscope_prometheus_closed_connections_total', reason))
  let release = (): void => {}
  let requests = 0
  const guard = (): boolean => ++requests > 0
  const { port } = await serve({ maxConnections: 2, guard }, () => new Promise((resolve) => (release = () => resolve([one]))))
  const request = ['GET /metrics HTTP/1.1', 'Host: x', 'Connection: close', '', '']
  const first = raw(port, ...request)
  await expect.poll(() => requests).toBe(1)
  const silent = raw(port)
  await once(silent.socket, 'connect')
  const second = raw(port, ...request)
  await silent.closed
  await expect.poll(() => requests).toBe(2)
  expect(closed()).toEqual([1, 0])
  const third = raw(port, ...request)
  await third.closed
  expect(closed()).toEqual([1, 1])
  release()
  await Promise.all([first.closed, second.closed])
  expect([first, second, third].map(({ received }) => received().includes('one 1'))).toEqual([true, true, false])
})

test('close waits for a running scrape, and for no idle connection', async () => {
  let release = (): void => {}
  const gathered = vi.fn(() => new Promise<Metric[]>((resolve) => (release = () => resolve([one]))))
  const { url, port, close } = await serve({}, gathered)
  const silent = raw(port)
  const scrape = raw(port, 'GET /metrics HTTP/1.1', 'Host: x', '', '')
  await vi.waitFor(() => expect(gathered).toHaveBeenCalled(), 10_000)
  const closed = close()
  expect(close()).toBe(closed)
  await silent.closed
  release()
  await scrape.closed
  expect(scrape.received()).toContain('one 1')
  await closed
  await expect(ask(url)).rejects.toThrow('ECONNREFUSED')
})

test('close aborts scrapes that do not end in time', async () => {
  const { port, close } = await serve({ closeTimeoutMs: 100 }, () => new Promise<Metric[]>(() => {}))
  const { closed, socket } = raw(port, 'GET /metrics HTTP/1.1', 'Host: x', '', '')
  await vi.waitFor(() => expect(socket.bytesWritten).toBeGreaterThan(0), 10_000)
  await close()
  await closed
})
