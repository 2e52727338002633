import http, { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import fastify from 'fastify'
import { request as undiciRequest } from 'undici'
import { expect, onTestFinished, test } from 'vitest'
import { AlwaysOnSampler, MemoryExporter, type SpanData, Stats, TagBaggage, Tracer } from 'tallyscope'
import { tallyscopeFastify, type TallyscopeFastifyOptions } from 'tallyscope/fastify'
import { instrumentHttpClient } from 'tallyscope/http-client'
import { until } from '../fastify/served.js'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const CALLER = `00-${TRACE}-00f067aa0ba902b7-01`

type Send = (url: string, headers: Record<string, string>) => Promise<unknown>

const ways: Readonly<Record<string, Send>> = {
  fetch: async (url, headers) => (await fetch(url, { headers })).text(),
  undici: async (url, headers) => (await undiciRequest(url, { headers })).body.text(),
  'node:http': (url, headers) =>
    new Promise((resolve) => http.get(url, { headers }, (response) => response.resume().on('end', () => resolve(undefined)))),
  'node:http, headers set afterwards': (url, headers) =>
    new Promise((resolve) => {
      const request = http.request(url, (response) => response.resume().on('end', () => resolve(undefined)))
      for (const [name, value] of Object.entries(headers)) request.setHeader(name, value)
      request.end()
    }),
}

/** A gateway that passes its caller's headers on, or sends others; the headers that the inner service receives. */
async function behindGateway(send: Send, plugin: TallyscopeFastifyOptions, sent?: Record<string, string>) {
  const stats = new Stats()
  const exporter = new MemoryExporter<SpanData>()
  const spans = exporter.items as SpanData[]
  const tracer = new Tracer({ sampler: new AlwaysOnSampler(), exporter, stats, baggage: new TagBaggage({ allow: ['tenant'] }) })
  let received: IncomingHttpHeaders = {}
  const inner = createServer((request, response) => {
    received = request.headers
    response.end()
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => inner.once('listening', resolve))
  const client = instrumentHttpClient({ tracer, stats })
  const gateway = fastify()
  await gateway.register(tallyscopeFastify, { tracer, stats, ...plugin })
  gateway.get('/', async ({ headers: { host: _host, connection: _connection, ...headers } }) => {
    await send(`http://127.0.0.1:${(inner.address() as AddressInfo).port}/`, sent ?? (headers as Record<string, string>))
    return 'x'
  })
  onTestFinished(async () => {
    client.stop()
    inner.closeAllConnections()
    inner.close()
    await gateway.close()
  })
  await gateway.inject({ path: '/', headers: { traceparent: CALLER, tracestate: 'a=1', baggage: 'tenant=other' } })
  await until(() => spans.length === 2)
  return { received, span: spans.find(({ kind }) => kind === 2)!, server: spans.find(({ kind }) => kind === 1)! }
}

test.each(Object.entries(ways))('a context forwarded by a gateway is replaced by that of its own span: %s', async (_name, send) => {
  const { received, span, server } = await behindGateway(send, {})
  expect(received['traceparent']).toBe(`00-${TRACE}-${span.spanId}-01`)
  expect(received['tracestate']).toBe('a=1')
  expect([span.parentSpanId, server.parentSpanId]).toEqual([server.spanId, '00f067aa0ba902b7'])
})

test.each(Object.entries(ways))('a public endpoint forwards no untrusted context: %s', async (_name, send) => {
  const { received, span } = await behindGateway(send, { publicEndpoint: true })
  expect(received['traceparent']).toBe(`00-${span.traceId}-${span.spanId}-01`)
  expect(span.traceId).not.toBe(TRACE)
  expect([received['tracestate'], received['baggage']]).toEqual([undefined, undefined])
})

test.each(Object.entries(ways))('a context of another trace that the program has set is kept: %s', async (_name, send) => {
  const own = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  const { received } = await behindGateway(send, {}, { traceparent: own })
  expect(received['traceparent']).toBe(own)
})

const { fetch: byFetch, undici: byUndici, 'node:http': byNode } = ways
const INVALID: Record<string, string>[] = [{ traceparent: 'garbage' }, { traceparent: CALLER.toUpperCase() }, { tracestate: 'a=1' }]

test.each(INVALID.flatMap((sent) => [byFetch, byUndici, byNode].map((send) => [JSON.stringify(sent), sent, send!] as const)))(
  'headers without a valid context are replaced: %s',
  async (_name, sent, send) => {
    const { received, span } = await behindGateway(send, {}, sent)
    expect(received['traceparent']).toBe(`00-${TRACE}-${span.spanId}-01`)
  },
)

test('headers that are arrays, as in `headersDistinct`, are read like others', async () => {
  const own = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  const distinct = (traceparent: string) => behindGateway(byNode!, {}, { traceparent: [traceparent] as unknown as string })
  expect((await distinct(own)).received['traceparent']).toBe(own)
})

test('a forwarded context in an array is replaced', async () => {
  const { received, span } = await behindGateway(byNode!, {}, { traceparent: [CALLER] as unknown as string })
  expect(received['traceparent']).toBe(`00-${TRACE}-${span.spanId}-01`)
})

const OWN = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' }

test.each(Object.entries(ways))(
  'a context of another trace is not mixed with the state and the tags of this one: %s',
  async (_name, send) => {
    const { received } = await behindGateway(send, {}, OWN)
    expect(received).toMatchObject(OWN)
    expect([received['tracestate'], received['baggage']]).toEqual([undefined, undefined])
  },
)

const ORDERS: Record<string, string>[] = [
  { tracestate: 'own=2', ...OWN, baggage: 'tenant=own' },
  { baggage: 'tenant=own', ...OWN, tracestate: 'own=2' },
]

test.each(Object.entries(ways).flatMap(([name, send]) => ORDERS.map((sent) => [name, Object.keys(sent).join(', '), send, sent] as const)))(
  'a context of another trace arrives whole: %s, in the order %s',
  async (_name, _order, send, sent) => {
    expect((await behindGateway(send, {}, sent)).received).toMatchObject(sent)
  },
)

test('plugin and client share one trace by default', async () => {
  let received: string | undefined
  const inner = createServer((request, response) => {
    received = request.headers['traceparent'] as string
    response.end()
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => inner.once('listening', resolve))
  const client = instrumentHttpClient()
  const app = fastify()
  await app.register(tallyscopeFastify)
  app.get('/', async () => (await fetch(`http://127.0.0.1:${(inner.address() as AddressInfo).port}`)).text())
  await app.inject({ path: '/', headers: { traceparent: `00-${TRACE}-00f067aa0ba902b7-00` } })
  expect(received).toContain(TRACE)
  client.stop()
  inner.closeAllConnections()
  inner.close()
  await app.close()
})

test('requests from the handler of an excluded path are excluded too', async () => {
  const stats = new Stats()
  const exporter = new MemoryExporter<SpanData>()
  const tracer = new Tracer({ sampler: new AlwaysOnSampler(), exporter, stats })
  const inner = createServer((_request, response) => response.end()).listen(0, '127.0.0.1')
  await new Promise((resolve) => inner.once('listening', resolve))
  const client = instrumentHttpClient({ tracer, stats })
  const app = fastify()
  await app.register(tallyscopeFastify, { tracer, stats, ignorePaths: ['/health'] })
  const ask = async () => {
    await tracer.span('check', async () => (await fetch(`http://127.0.0.1:${(inner.address() as AddressInfo).port}`)).text())
    return 'x'
  }
  app.get('/health', ask)
  app.get('/probe', { config: { tallyscope: false } }, ask)
  await app.inject('/health')
  await app.inject('/probe')
  expect(exporter.items).toEqual([])
  expect(stats.viewManager.getView('http/client/duration')!.rows).toEqual([])
  client.stop()
  inner.closeAllConnections()
  inner.close()
  await app.close()
})
