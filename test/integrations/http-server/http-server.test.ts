import http, { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import fastify from 'fastify'
import { expect, onTestFinished, test } from 'vitest'
import { AlwaysOnSampler, MemoryExporter, type SpanData, Stats, TagBaggage, Tracer } from 'tallyscope'
import { tallyscopeFastify } from 'tallyscope/fastify'
import {
  expressPromBundleViews,
  type HttpServerInstrumentation,
  type HttpServerOptions,
  instrumentHttpServer,
  setRoute,
} from 'tallyscope/http-server'
import { serveMetrics } from 'tallyscope/prometheus'
import { ServerMeasures } from '../../../src/http/server-measures.js'
import { RouteNames } from '../../../src/integrations/http-server/route-names.js'
import { connection, counts, rows, streams, until } from '../fastify/served.js'

const require = createRequire(import.meta.url)

type Next = (error?: unknown) => void
type Handler = (
  request: IncomingMessage & { params: Record<string, string> },
  response: ServerResponse & { send(body: string): void },
  next: Next,
) => void
interface ExpressApp {
  (request: IncomingMessage, response: ServerResponse): void
  use(...handlers: (string | Handler | ExpressApp)[]): void
  get(path: string | RegExp | readonly string[], handler: Handler): void
  post(path: string, ...handlers: Handler[]): void
}
interface Express {
  (): ExpressApp
  Router(options?: { mergeParams?: boolean }): ExpressApp
  json(): Handler
}

interface Watched {
  readonly stats: Stats
  readonly spans: SpanData[]
  readonly tracer: Tracer
  readonly instrumentation: HttpServerInstrumentation
}

function watch(options: HttpServerOptions = {}): Watched {
  const stats = new Stats()
  const exporter = new MemoryExporter<SpanData>()
  const tracer = new Tracer({ sampler: new AlwaysOnSampler(), exporter, stats, baggage: new TagBaggage({ allow: ['tenant'] }) })
  const instrumentation = instrumentHttpServer({ tracer, stats, ...options })
  onTestFinished(() => instrumentation.stop())
  return { stats, spans: exporter.items as SpanData[], tracer, instrumentation }
}

async function listen(handler: RequestListener | Server): Promise<{ url: string; port: number; server: Server }> {
  const server = typeof handler === 'function' ? createServer(handler) : handler
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, port, server }
}

const ask = async (url: string, init?: RequestInit) => await (await fetch(url, init)).text()

test('requests of a plain server are counted once, by method, route, status and outcome', async () => {
  const { stats, spans, tracer } = watch({ route: ({ url }) => (url!.startsWith('/carts/') ? '/carts/:id' : undefined) })
  const { url } = await listen((request, response) => {
    if (request.url === '/boom') response.statusCode = 500
    tracer.span('inside', () => response.end('x'))
  })
  for (const path of ['/carts/1', '/carts/2', '/boom', '/nowhere?x']) await ask(`${url}${path}`)
  await until(() => spans.length === 8)
  expect(counts(stats)).toEqual({ 'GET /carts/:id 200 ok': 2, 'GET unmatched 500 error': 1, 'GET unmatched 200 ok': 1 })
  const served = spans.find(({ attributes }) => attributes['http.path'] === '/carts/1')!
  expect([served.name, served.kind, served.attributes['http.route']]).toEqual(['GET /carts/:id', 1, '/carts/:id'])
  const inside = spans.find(({ parentSpanId }) => parentSpanId === served.spanId)!
  expect(inside.name).toBe('inside')
  expect(rows(stats, 'http/server/response_size')['GET /carts/:id 200 ok']).toEqual({ count: 2, sum: 2 })
})

test.each(['express', 'express-4'])('%s: the route is the template, prefixed with those of all routers and applications', async (name) => {
  const express = require(name) as Express
  const { stats, spans } = watch()
  const app = express()
  app.use(express.json())
  app.get('/', (_request, response) => response.send('root'))
  const shops = express.Router()
  const carts = express.Router({ mergeParams: true })
  carts.get('/:cart', (request, response) => response.send(request.params['cart']!))
  carts.get('/', (_request, response) => response.send('all'))
  shops.use('/:shop/carts', carts)
  shops.use((_request, _response, next) => next())
  app.use('/shops', shops)
  const other = express.Router()
  other.get(['/one', '/two'], (_request, response) => response.send('list'))
  app.use(other)
  const admin = express()
  admin.get('/users/:id', (_request, response) => response.send('user'))
  admin.post('/boom', () => {
    throw new Error('boom')
  })
  admin.use(((error: Error, _request: unknown, response: ServerResponse, _next: Next) => {
    response.statusCode = 500
    response.end(error.message)
  }) as unknown as Handler)
  app.use('/admin/:tenant', admin)
  const { url } = await listen(app)
  for (const path of ['/', '/shops/a%20b/carts/7', '/shops/1/carts', '/two', '/admin/acme/users/9', '/shops/nothing'])
    await ask(`${url}${path}`)
  await ask(`${url}/admin/acme/boom`, { method: 'POST', body: '{"a":1}', headers: { 'content-type': 'application/json' } })
  await until(() => spans.length === 7)
  expect(counts(stats)).toEqual({
    'GET / 200 ok': 1,
    'GET /shops/:shop/carts/:cart 200 ok': 1,
    'GET /shops/:shop/carts 200 ok': 1,
    'GET /one,/two 200 ok': 1,
    'GET /admin/:tenant/users/:id 200 ok': 1,
    'GET unmatched 404 ok': 1,
    'POST /admin/:tenant/boom 500 error': 1,
  })
  expect(spans.map((span) => span.name)).toContain('GET /shops/:shop/carts/:cart')
})

test('span and tags of a request are current in handlers and bodies and after await, and end with the request', async () => {
  const { spans, tracer } = watch()
  const { port } = await listen(async (request, response) => {
    const seen = [tracer.currentSpan()?.traceId]
    request.on('data', () => seen.push(tracer.currentSpan()?.traceId))
    await new Promise((resolve) => request.on('end', resolve))
    seen.push(tracer.currentSpan()?.traceId)
    await delay(2)
    seen.push(tracer.currentSpan()?.traceId)
    response.end(JSON.stringify(seen))
  })
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
  const send = (traceId: string) =>
    new Promise<string[]>((resolve) => {
      const headers = { traceparent: `00-${traceId}-00f067aa0ba902b7-01` }
      const request = http.request({ port, host: '127.0.0.1', method: 'POST', agent, headers }, (response) => {
        let text = ''
        response.on('data', (chunk) => (text += String(chunk))).on('end', () => resolve(JSON.parse(text) as string[]))
      })
      request.write('a')
      setTimeout(() => request.end('b'), 5)
    })
  for (const n of ['1', '2', '3']) {
    const traceId = n.repeat(32)
    const seen = await send(traceId)
    expect(new Set(seen)).toEqual(new Set([traceId]))
    expect(seen.length).toBe(5)
  }
  agent.destroy()
  await until(() => spans.length === 3)
})

test('excluded requests and the work of their handlers are ignored', async () => {
  const { stats, spans, tracer } = watch({ ignorePaths: ['/health'] })
  const { url } = await listen((_request, response) => {
    tracer.span('inside', () => response.end('x'))
  })
  await ask(`${url}/health`)
  await ask(`${url}/healthy`)
  await until(() => spans.length === 2)
  expect(counts(stats)).toEqual({ 'GET unmatched 200 ok': 1 })
})

test('disconnected clients are aborts, event streams and upgrades are streams', async () => {
  const { stats, spans } = watch()
  const { port, server } = await listen((request, response) => {
    if (request.url !== '/events') return
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write('data: 1\n\n')
  })
  server.on('upgrade', (_request, socket) =>
    socket.on('end', () => socket.end()).write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n'),
  )
  for (const path of ['/never', '/events', '/socket']) {
    const { socket, text } = await connection(port)
    const upgrade = path === '/socket' ? 'connection: upgrade\r\nupgrade: echo\r\n' : ''
    socket.write(`GET ${path} HTTP/1.1\r\nhost: h\r\n${upgrade}\r\n`)
    await (path === '/never' ? delay(50) : until(() => text().includes('HTTP/1.1 ')))
    socket.destroy()
  }
  await until(() => spans.length === 3 && Object.keys(streams(stats)).length === 2)
  expect(counts(stats)).toEqual({ 'GET unmatched  aborted': 1 })
  expect(streams(stats)).toEqual({ 'GET unmatched 200 ok': 1, 'GET unmatched 101 ok': 1 })
  expect(spans.filter(({ status }) => status.isOk).length).toBe(2)
})

test('a server has a listener for upgrades only while the application has one', async () => {
  watch()
  const { url, server } = await listen((_request, response) => response.end('x'))
  await ask(url)
  expect(server.listenerCount('upgrade')).toBe(0)
  const own = (): void => {}
  server.on('upgrade', own)
  await delay(1)
  expect(server.listenerCount('upgrade')).toBe(2)
  server.off('upgrade', own)
  expect(server.listenerCount('upgrade')).toBe(0)
})

test('Fastify servers with the plugin, and the metrics server, are ignored', async () => {
  const { stats, spans, tracer } = watch()
  const app = fastify()
  await app.register(tallyscopeFastify, { tracer, stats })
  app.get('/a', async () => 'a')
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  const endpoint = await serveMetrics({ port: 0, producers: [stats] })
  await ask(`${url}/a`)
  await ask(endpoint.url)
  await until(() => spans.length === 1)
  expect(counts(stats)).toEqual({ 'GET /a 200 ok': 1 })
  await endpoint.close()
  await app.close()
})

test('the middleware measures one application, and counts a request once', async () => {
  const express = require('express') as Express
  const { stats, spans, tracer, instrumentation } = watch({ watch: false })
  const app = express()
  app.use(instrumentation.middleware as Handler)
  app.use(instrumentation.middleware as Handler)
  app.get('/carts/:id', (_request, response) => tracer.span('inside', () => response.send('x')))
  const { url } = await listen(app)
  const plain = await listen((_request, response) => response.end('x'))
  await ask(`${url}/carts/1`)
  await ask(plain.url)
  await until(() => spans.length === 2)
  expect(counts(stats)).toEqual({ 'GET /carts/:id 200 ok': 1 })
  expect(spans[0]!.parentSpanId).toBe(spans[1]!.spanId)
})

test('after stop() the middleware only passes requests on, with the context that they have', async () => {
  const { stats, spans, tracer, instrumentation } = watch({ watch: false })
  const { url } = await listen((request, response) => {
    instrumentation.middleware(request, response, () => tracer.span('inside', () => response.end('x')))
  })
  await ask(`${url}/a`)
  await until(() => spans.length === 2)
  instrumentation.stop()
  await ask(`${url}/a`)
  await until(() => spans.length === 3)
  expect([spans[2]!.name, spans[2]!.parentSpanId]).toEqual(['inside', undefined])
  expect(counts(stats)).toEqual({ 'GET unmatched 200 ok': 1 })
})

test('the views of express-prom-bundle have its names and labels, and setRoute names requests without a template', async () => {
  const { stats, spans } = watch({ views: expressPromBundleViews, requestTags: { tenant: ({ headers }) => headers['x-tenant'] } })
  const { url } = await listen((request, response) => {
    setRoute(request, '/pages/[slug]')
    response.end('x')
  })
  await ask(`${url}/pages/a`, { headers: { 'x-tenant': 'acme' } })
  await until(() => spans.length === 1)
  expect(Object.keys(rows(stats, 'http_request_duration_seconds'))).toEqual(['200 GET /pages/[slug] acme'])
})

test('a route function that throws, or returns endless routes, is limited and counted', () => {
  let n = 0
  const routes = new RouteNames(
    new ServerMeasures(new Stats()),
    () => {
      if (n++ === 0) throw new Error('no')
      return `/r${n}`
    },
    undefined,
  )
  const found = Array.from({ length: 1_003 }, () => routes.find({} as IncomingMessage)?.route)
  expect([found[0], found[1], found[1_000], found[1_001], found[1_002]]).toEqual([undefined, '/r2', '/r1001', 'other', 'other'])
})

test('two instrumentations of all servers count a request once, and after stop() none', async () => {
  const { stats, spans, instrumentation } = watch()
  const second = instrumentHttpServer({ stats, tracer: false })
  const { url } = await listen((_request, response) => response.end('x'))
  await ask(url)
  await until(() => spans.length === 1)
  second.stop()
  instrumentation.stop()
  await ask(url)
  await delay(20)
  expect(counts(stats)).toEqual({ 'GET unmatched 200 ok': 1 })
})
