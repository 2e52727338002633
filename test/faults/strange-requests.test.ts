import fastify from 'fastify'
import { createServer } from 'node:http'
import { connect, createServer as createHttp2, type OutgoingHttpHeaders } from 'node:http2'
import type { AddressInfo, Server } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { nodeHandler } from '../../src/exporters/prometheus/http/node-handler.js'
import { serveMetrics } from '../../src/exporters/prometheus/http/server.js'
import { tallyscopeFastify } from '../../src/integrations/fastify/plugin.js'
import { MetricRegistry } from '../../src/metrics/instruments/metric-registry.js'
import { RawClient } from './raw-client.js'

const SECRET = 'S3cr3t-of-the-house'
const HOST = 'Host: localhost\r\nConnection: close\r\n\r\n'
const registry = new MetricRegistry()
registry.gauge('up_and_well').set(1)
const options = { producers: [registry], selfMetrics: false }

const cleanUp: (() => unknown)[] = []
afterEach(async () => {
  for (const each of cleanUp.splice(0).toReversed()) await each()
})

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  cleanUp.push(() => server.close())
  return (server.address() as AddressInfo).port
}

async function byFastify(http2: boolean): Promise<number> {
  const app = fastify((http2 ? { http2 } : {}) as { http2: true })
  await app.register(tallyscopeFastify, { tracer: false, views: false, producers: [registry], metrics: { selfMetrics: false } })
  await app.listen({ port: 0, host: '127.0.0.1' })
  cleanUp.push(() => app.close())
  return (app.server.address() as AddressInfo).port
}

const WAYS: Readonly<Record<string, () => Promise<number>>> = {
  serveMetrics: async () => {
    const { port, close } = await serveMetrics({ port: 0, ...options })
    cleanUp.push(close)
    return port
  },
  node: () => listening(createServer(nodeHandler(options))),
  Fastify: () => byFastify(false),
}

/** A request, and the statuses that it may get; a closed connection has none. */
const REQUESTS: Readonly<Record<string, readonly [request: string, statuses: readonly number[][]]>> = {
  'a range': [`GET /metrics HTTP/1.1\r\nRange: bytes=0-10\r\n${HOST}`, [[200]]],
  'OPTIONS of everything': [`OPTIONS * HTTP/1.1\r\n${HOST}`, [[404], [405]]],
  OPTIONS: [`OPTIONS /metrics HTTP/1.1\r\n${HOST}`, [[404], [405]]],
  TRACE: [`TRACE /metrics HTTP/1.1\r\nX-Key: ${SECRET}\r\n${HOST}`, [[404], [405]]],
  'a method of UPnP': [`M-SEARCH /metrics HTTP/1.1\r\n${HOST}`, [[404], [405]]],
  CONNECT: [`CONNECT localhost:80 HTTP/1.1\r\n${HOST}`, [[]]],
  'a target with user and password': [`GET http://me:${SECRET}@localhost/metrics HTTP/1.1\r\n${HOST}`, [[200]]],
  'two hosts': [`GET /metrics HTTP/1.1\r\nHost: ${SECRET}\r\n${HOST}`, [[200], [400]]],
  'an expectation that nobody has': [`GET /metrics HTTP/1.1\r\nExpect: ${SECRET}\r\n${HOST}`, [[417]]],
  'an upgrade to HTTP/2': ['GET /metrics HTTP/1.1\r\nUpgrade: h2c\r\nConnection: Upgrade\r\nHost: localhost\r\n\r\n', [[200]]],
  'a body with trailers': [
    `GET /metrics HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTrailer: x\r\n${HOST}5\r\nhello\r\n0\r\nx: ${SECRET}\r\n\r\n`,
    [[200]],
  ],
  'queries that are no queries': [`GET /metrics?name[]=%ff%zz&${`${SECRET}[]=%00&`.repeat(300)} HTTP/1.1\r\n${HOST}`, [[200]]],
  'names of Object.prototype': [`GET /metrics?name[]=__proto__&name[]=constructor HTTP/1.1\r\n${HOST}`, [[200]]],
  'time-outs that are none': [`GET /metrics HTTP/1.1\r\n${'X-Prometheus-Scrape-Timeout-Seconds: 1e309\r\n'.repeat(3)}${HOST}`, [[200]]],
  'a pipeline of formats': [
    [
      'GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n',
      'GET /metrics HTTP/1.1\r\nHost: localhost\r\nAccept: application/openmetrics-text\r\n\r\n',
      `HEAD /metrics HTTP/1.1\r\nAccept-Encoding: gzip\r\n${HOST}`,
    ].join(''),
    [[200, 200, 200]],
  ],
}

describe.each(Object.keys(WAYS))('by way of %s', (way) => {
  test.each(Object.keys(REQUESTS))('%s gets a plain response that repeats nothing of it', async (name) => {
    const port = await WAYS[way]!()
    const [request, statuses] = REQUESTS[name]!
    const client = new RawClient(port, request)
    cleanUp.push(() => client.socket.destroy())
    await expect.poll(() => statuses.some((wanted) => String(wanted) === String(client.statuses))).toBe(true)
    if (name !== 'an upgrade to HTTP/2') await client.closed // it stays open for more
    expect(statuses).toContainEqual(client.statuses)
    expect(client.received).not.toContain(SECRET)
    const after = new RawClient(port, `GET /metrics HTTP/1.1\r\n${HOST}`)
    await after.closed
    expect(after.received).toContain('up_and_well 1')
  })
})

const HTTP2_REQUESTS: readonly (readonly [string, OutgoingHttpHeaders, readonly (number | string)[]])[] = [
  ['OPTIONS', { ':path': '*', ':method': 'OPTIONS' }, [404, 405]],
  ['TRACE', { ':path': '/metrics', ':method': 'TRACE' }, [404, 405]],
  ['CONNECT', { ':method': 'CONNECT', ':authority': 'x:1' }, [405]],
  ['a scheme of another protocol', { ':path': '/metrics', ':scheme': 'ftp' }, [200]],
  ['two hosts', { ':path': '/metrics', host: SECRET }, [200]],
  ['no path', { ':path': '' }, ['ERR_HTTP2_STREAM_ERROR']],
  ['a path without slash', { ':path': SECRET }, ['ERR_HTTP2_STREAM_ERROR']],
  ['a length without body', { ':path': '/metrics', 'content-length': '5' }, [200, 'ERR_HTTP2_STREAM_ERROR']],
]

describe.each(['node', 'Fastify'])('by HTTP/2 and %s', (way) => {
  test.each(HTTP2_REQUESTS)('%s gets a plain response that repeats nothing of it', async (_name, headers, outcomes) => {
    const port = way === 'node' ? await listening(createHttp2(nodeHandler(options) as never)) : await byFastify(true)
    const client = connect(`http://127.0.0.1:${port}`)
    client.on('error', () => {})
    cleanUp.push(() => client.destroy())
    const stream = client.request(headers)
    stream.end() // the client of CONNECT and others could send a body
    let outcome: number | string | undefined
    let text = ''
    stream.setEncoding('utf8')
    stream.on('response', (given) => (outcome = given[':status'])).on('data', (data) => (text += data))
    stream.on('error', (error: NodeJS.ErrnoException) => (outcome = error.code))
    await new Promise<void>((resolve) => void stream.once('close', resolve))
    expect(outcomes).toContain(outcome)
    expect(text).not.toContain(SECRET)
  })
})
