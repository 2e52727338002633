import http, { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { request as undiciRequest } from 'undici'
import { internalMetrics } from '../../../src/base/internal-metrics.js'
import { runSuppressed } from '../../../src/base/suppression.js'
import { AlwaysOnSampler, MemoryExporter, type SpanData, Stats, TagBaggage, TagMap, Tracer, withTags } from 'tallyscope'
import {
  type HttpClientInstrumentation,
  httpClientViews,
  instrumentHttpClient,
  type InstrumentHttpClientOptions,
  openCensusHttpClientViews,
  type OutgoingRequest,
  traceIntegrations,
} from 'tallyscope/http-client'
import { rows, until } from '../fastify/served.js'

interface Received {
  readonly path: string
  readonly traceparent: string | undefined
  readonly baggage: string | undefined
}

let server: Server
let url: string
let host: string
let received: Received[]
let running = 0
let mostRunning = 0
let stats: Stats
let spans: SpanData[]
let tracer: Tracer
let client: HttpClientInstrumentation | undefined

beforeEach(async () => {
  received = []
  running = mostRunning = 0
  server = createServer((request, response) => {
    const { traceparent, baggage } = request.headers as Record<string, string | undefined>
    received.push({ path: request.url!, traceparent, baggage })
    mostRunning = Math.max(mostRunning, ++running)
    response.on('close', () => running--)
    request.resume().on('end', () => {
      if (request.url === '/bad') response.statusCode = 503
      if (request.url === '/moved') response.writeHead(302, { location: '/new' })
      response.write('a')
      setTimeout(() => response.end('bcd'), request.url === '/slow' ? 300 : 2)
    })
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  url = `http://${host}`
  stats = new Stats()
  const exporter = new MemoryExporter<SpanData>()
  spans = exporter.items as SpanData[]
  tracer = new Tracer({ sampler: new AlwaysOnSampler(), exporter, stats, baggage: new TagBaggage({ allow: ['tenant'] }) })
})

afterEach(() => {
  client?.stop()
  client = undefined
  server.closeAllConnections()
  server.close()
})

function watch(options: InstrumentHttpClientOptions = {}): HttpClientInstrumentation {
  client = instrumentHttpClient({ tracer, stats, ...options })
  return client
}

function viaNode(path: string, options: http.RequestOptions = {}, body?: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = http.request(`${url}${path}`, options, (response) => {
      let text = ''
      response.on('data', (chunk) => (text += String(chunk))).on('end', () => resolve(text))
    })
    request.on('error', reject)
    for (const part of body ?? []) request.write(part)
    request.end()
  })
}

const viaFetch = async (path: string, init?: RequestInit) => await (await fetch(`${url}${path}`, init)).text()
const viaUndici = async (path: string) => await (await undiciRequest(`${url}${path}`)).body.text()

describe.each([
  ['fetch', viaFetch],
  ['node:http', viaNode],
  ['undici', viaUndici],
] as const)('%s', (_name, ask) => {
  test('a request is a client span under the current one, and its context is sent', async () => {
    watch()
    await tracer.span('outer', async () => {
      await withTags(TagMap.of({ tenant: 'acme', secret: 'x' }), async () => expect(await ask('/cart/1?size=3')).toBe('abcd'))
    })
    await until(() => spans.length === 2)
    const outer = spans.find(({ name }) => name === 'outer')!
    const sent = spans.find(({ name }) => name === 'GET')!
    expect([sent.kind, sent.parentSpanId, sent.traceId]).toEqual([2, outer.spanId, outer.traceId])
    expect(sent.attributes).toMatchObject({
      'http.host': host,
      'http.method': 'GET',
      'http.path': '/cart/1',
      'http.status_code': 200,
      'http.url': `${url}/cart/1?size=REDACTED`,
    })
    expect(received).toEqual([{ path: '/cart/1?size=3', traceparent: `00-${sent.traceId}-${sent.spanId}-01`, baggage: 'tenant=acme' }])
    expect(rows(stats, 'http/client/duration')[`GET ${host} 200 ok`]!.count).toBe(1)
    expect(rows(stats, 'http/client/response_size')[`GET ${host} 200 ok`]!.sum).toBe(4)
  })

  test('failures have a status by the code of the response or by the kind of error', async () => {
    watch()
    await ask('/bad')
    await until(() => spans.length === 1)
    expect(spans[0]!.status.name).toBe('UNAVAILABLE')
    expect(rows(stats, 'http/client/duration')[`GET ${host} 503 error`]!.count).toBe(1)
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    await expect(ask('/gone')).rejects.toThrow()
    await until(() => spans.length === 2)
    expect(spans[1]!.status.isOk).toBe(false)
    expect(spans[1]!.attributes['error.message']).toBeDefined()
    expect(rows(stats, 'http/client/duration')[`GET ${host} error error`]!.count).toBe(1)
  })

  test('excluded hosts and paths, and requests of exporters, are ignored', async () => {
    watch({ ignoreHosts: [host] })
    await ask('/a')
    client!.stop()
    watch({ ignorePaths: ['internal'] })
    await ask('/internal/x')
    await runSuppressed(async () => await ask('/export'))
    await ask('/seen')
    await until(() => spans.length === 1)
    expect(received.map(({ path, traceparent }) => [path, traceparent !== undefined])).toEqual([
      ['/a', false],
      ['/internal/x', false],
      ['/export', false],
      ['/seen', true],
    ])
  })

  test('after stop() nothing is measured', async () => {
    watch().stop()
    await ask('/x')
    await delay(10)
    expect([spans.length, received[0]!.traceparent]).toEqual([0, undefined])
  })

  test('headers are sent to allowed hosts only', async () => {
    watch({ propagateTo: (to) => to !== host })
    await ask('/x')
    await until(() => spans.length === 1)
    expect(received[0]!.traceparent).toBeUndefined()
  })

  test('a function for hosts that throws fails no request: it is sent without headers, and that is counted', async () => {
    const watched = watch({
      propagateTo: () => {
        throw new Error('planted')
      },
    })
    const before = faults('propagateTo')
    await ask('/x')
    await (await watched.fetch(globalThis.fetch)(`${url}/wrapped`)).text()
    await until(() => spans.length === 2)
    expect(received.map(({ path, traceparent }) => [path, traceparent])).toEqual([
      ['/x', undefined],
      ['/wrapped', undefined],
    ])
    expect(faults('propagateTo')).toBe(before + 2)
  })
})

/** The count of `tallyscope_http_client_faults_total` for a reason. */
function faults(reason: string): number {
  return internalMetrics.get('tallyscope_http_client_faults_total')?.series.get(JSON.stringify([reason]))?.count.value ?? 0
}

test('body bytes are the bytes sent, for any kind of body', async () => {
  watch()
  await viaFetch('/x', { method: 'POST', body: 'hellö' })
  const stream = new ReadableStream({
    start(controller) {
      controller.enqueue(new Uint8Array(7))
      controller.enqueue(new Uint8Array(5))
      controller.close()
    },
  })
  await viaFetch('/x', { method: 'PUT', body: stream, duplex: 'half' } as RequestInit)
  await viaNode('/x', { method: 'PATCH' }, ['abc', 'dé'])
  await until(() => spans.length === 3)
  const sizes = rows(stats, 'http/client/request_size')
  expect(['POST', 'PUT', 'PATCH'].map((method) => sizes[`${method} ${host} 200 ok`]!.sum)).toEqual([6, 12, 6])
})

test('an abort and a time-out are distinguished', async () => {
  watch()
  const aborter = new AbortController()
  setTimeout(() => aborter.abort(), 20)
  await expect(viaFetch('/slow', { signal: aborter.signal })).rejects.toThrow()
  await expect(viaFetch('/slow', { signal: AbortSignal.timeout(150) })).rejects.toThrow()
  await until(() => spans.length === 2)
  expect(spans.map(({ status }) => status.name)).toEqual(['CANCELLED', 'DEADLINE_EXCEEDED'])
  const outcomes = Object.keys(rows(stats, 'http/client/duration')).map((tags) => tags.split(' ').at(-1))
  expect(outcomes.sort()).toEqual(['aborted', 'error'])
})

test('each redirect is counted', async () => {
  watch()
  await viaFetch('/moved')
  await until(() => spans.length === 2)
  expect(spans.map(({ attributes }) => [attributes['http.path'], attributes['http.status_code']])).toEqual([
    ['/moved', 302],
    ['/new', 200],
  ])
})

test('headers that the caller set are kept unchanged', async () => {
  watch()
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
  await viaFetch('/f', { headers: { traceparent } })
  await viaNode('/n', { headers: { Traceparent: traceparent } })
  expect(received.map((each) => each.traceparent)).toEqual([traceparent, traceparent])
})

test('custom agents send the context if they are wrapped', async () => {
  const instrumentation = watch({ globalAgents: false })
  const own = new http.Agent({ keepAlive: true, maxSockets: 1 })
  const agent = instrumentation.agent(own)
  await Promise.all(['/1', '/2', '/3'].map((path) => viaNode(path, { agent })))
  await until(() => spans.length === 3)
  expect(received.every(({ traceparent }) => traceparent !== undefined)).toBe(true)
  expect(Object.keys(own.freeSockets).length).toBe(1)
  own.destroy()
})

test('the global agents stay the same objects, with their limits, and their method is restored', async () => {
  const { globalAgent } = http
  const { addRequest } = globalAgent as unknown as { addRequest: unknown }
  const instrumentation = watch({ globalAgents: true })
  expect(http.globalAgent).toBe(globalAgent)
  const { maxSockets } = globalAgent
  globalAgent.maxSockets = 1
  await Promise.all(['/1', '/2', '/3'].map((path) => viaNode(path)))
  expect(mostRunning).toBe(1)
  globalAgent.maxSockets = maxSockets
  instrumentation.stop()
  expect((globalAgent as unknown as { addRequest: unknown }).addRequest).toBe(addRequest)
  expect(Object.hasOwn(globalAgent, 'addRequest')).toBe(false)
})

test('two instrumentations of the same client count a request once', async () => {
  watch()
  const second = instrumentHttpClient({ tracer, stats })
  await viaFetch('/x')
  await viaNode('/y')
  await until(() => spans.length === 2)
  await delay(10)
  expect(spans.length).toBe(2)
  second.stop()
  await viaFetch('/z')
  await until(() => spans.length === 3)
})

test('another implementation of fetch can be wrapped', async () => {
  const instrumentation = watch({ fetch: true })
  const wrapped = instrumentation.fetch(async (input, init) => await fetch(input, init))
  await tracer.span('outer', async () => {
    const response = await wrapped(`${url}/made?x`, { method: 'POST', body: 'abc' })
    expect([response.status, response.url, await response.text()]).toEqual([200, `${url}/made?x`, 'abcd'])
  })
  await until(() => spans.length === 2)
  const sent = spans.find(({ name }) => name === 'POST')!
  expect(received[0]!.traceparent).toContain(sent.spanId)
  expect(rows(stats, 'http/client/response_size')[`POST ${host} 200 ok`]!).toEqual({ count: 1, sum: 4 })
  await expect(instrumentation.fetch(async () => await Promise.reject(new Error('no net')))(url)).rejects.toThrow('no net')
  await until(() => spans.length === 3)
  expect(spans[2]!.status.isOk).toBe(false)
})

test('the OpenCensus views are recorded beside ours, in milliseconds', async () => {
  watch({ views: [...httpClientViews, ...openCensusHttpClientViews] })
  await viaFetch('/x')
  await until(() => spans.length === 1)
  expect(rows(stats, 'opencensus.io/http/client/received_bytes')['GET 200']).toEqual({ count: 1, sum: 4 })
  const ours = rows(stats, 'http/client/duration')[`GET ${host} 200 ok`]!
  expect(rows(stats, 'opencensus.io/http/client/roundtrip_latency')['GET 200']!.sum).toBeCloseTo(ours.sum * 1_000, 6)
})

test('spans are named by method, by method and host, or by a function', async () => {
  for (const spanName of ['method', 'methodAndHost', ({ protocol }: OutgoingRequest) => `out ${protocol}`] as const) {
    const instrumentation = watch({ spanName })
    await viaFetch('/services/T024/S3cret')
    instrumentation.stop()
  }
  await until(() => spans.length === 3)
  expect(spans.map(({ name }) => name)).toEqual(['GET', `GET ${host}`, 'out http:'])
})

test.each([
  ['redacted', '/a?b=REDACTED&REDACTED&c=REDACTED'],
  [false, '/a'],
  [true, '/a?b=1&token&c=2'],
  [(query: string) => query.toUpperCase(), '/a?B=1&TOKEN&C=2'],
] as const)('with urlQuery %s the query in http.url is %s', async (urlQuery, shown) => {
  watch({ urlQuery })
  await viaFetch('/a?b=1&token&c=2')
  await until(() => spans.length === 1)
  expect(spans[0]!.attributes['http.url']).toBe(`${url}${shown}`)
})

test('without a tracer requests are measured and have no trace headers', async () => {
  watch({ tracer: false })
  await viaFetch('/x')
  await until(() => rows(stats, 'http/client/duration')[`GET ${host} 200 ok`] !== undefined)
  expect(received[0]!.traceparent).toBeUndefined()
})

test('integrations are enabled by name, also by their names in OpenCensus', async () => {
  const options = { tracer, stats }
  const http_ = traceIntegrations(['httplib', 'nonsense'], options)
  expect([http_.enabled, http_.unknown]).toEqual([['httplib'], ['nonsense']])
  await viaFetch('/not-watched')
  await viaNode('/watched')
  http_.stop()
  const fetch_ = traceIntegrations(['requests'], options)
  await viaFetch('/fetched')
  await viaNode('/not-any-more')
  fetch_.stop()
  await until(() => spans.length === 2)
  expect(spans.map(({ attributes }) => attributes['http.path'])).toEqual(['/watched', '/fetched'])
  expect(traceIntegrations([]).instrumentation).toBeUndefined()
})

test('an unreadable channel message affects no request', async () => {
  const { channel } = await import('node:diagnostics_channel')
  watch()
  for (const name of ['undici:request:create', 'undici:request:headers', 'http.client.request.start', 'http.client.response.finish']) {
    channel(name).publish({ request: {} })
    channel(name).publish({})
  }
  expect(await viaFetch('/x')).toBe('abcd')
  await until(() => spans.length === 1)
})
