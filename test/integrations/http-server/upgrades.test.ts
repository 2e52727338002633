import { createServer, type IncomingMessage, type Server, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import fastify from 'fastify'
import { expect, onTestFinished, test } from 'vitest'
import { AlwaysOnSampler, MemoryExporter, type SpanData, Stats, Tracer } from 'tallyscope'
import { tallyscopeFastify } from 'tallyscope/fastify'
import { instrumentHttpServer } from 'tallyscope/http-server'
import { connection, counts, streams, until } from '../fastify/served.js'

const AGREED = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n'

interface Watched {
  readonly stats: Stats
  readonly spans: SpanData[]
  readonly tracer: Tracer
}

function traced(): Watched {
  const stats = new Stats()
  const exporter = new MemoryExporter<SpanData>()
  return { stats, spans: exporter.items as SpanData[], tracer: new Tracer({ sampler: new AlwaysOnSampler(), exporter, stats }) }
}

function answer(request: IncomingMessage, socket: Duplex): void {
  socket
    .on('error', () => {})
    .on('end', () => socket.end())
    .resume()
  if (request.url === '/agree') socket.write(AGREED)
  else if (request.url === '/bytes') socket.write(Buffer.from(AGREED))
  else if (request.url === '/refuse') socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n')
  else if (request.url === '/fail') socket.end(Buffer.from('HTTP/1.1 503 Service Unavailable\r\n\r\n'))
  else if (request.url === '/drop') socket.destroy()
}

async function listening(server: Server): Promise<number> {
  if (!server.listening) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** Asks for another protocol, and closes once there is an answer, or at once if none will come. */
async function upgrade(port: number, path: string): Promise<void> {
  const { socket, text } = await connection(port)
  socket.write(`GET ${path} HTTP/1.1\r\nhost: h\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n`)
  if (path === '/leave') await new Promise((resolve) => setTimeout(resolve, 50))
  else await until(() => text().includes('HTTP/1.1 ') || socket.destroyed)
  socket.destroy()
}

test('an upgrade that is refused, fails or is dropped counts as a request of that status, and an accepted one as a stream', async () => {
  const { stats, spans, tracer } = traced()
  const instrumentation = instrumentHttpServer({ tracer, stats })
  onTestFinished(() => instrumentation.stop())
  const server = createServer().on('upgrade', answer)
  const port = await listening(server)
  for (const path of ['/agree', '/bytes', '/refuse', '/refuse', '/fail', '/drop', '/leave']) await upgrade(port, path)
  await until(() => spans.length === 7)
  await until(() => streams(stats)['GET unmatched 101 ok'] === 2 && counts(stats)['GET unmatched  aborted'] === 1)
  expect(counts(stats)).toEqual({
    'GET unmatched 401 ok': 2,
    'GET unmatched 503 error': 1,
    'GET unmatched  error': 1,
    'GET unmatched  aborted': 1,
  })
  expect(spans.map(({ attributes, status }) => [attributes['http.status_code'], status.name])).toEqual([
    [101, 'OK'],
    [101, 'OK'],
    [401, 'UNAUTHENTICATED'],
    [401, 'UNAUTHENTICATED'],
    [503, 'UNAVAILABLE'],
    [undefined, 'UNKNOWN'],
    [undefined, 'CANCELLED'],
  ])
  const metrics = await instrumentation.registry.getMetrics()
  expect(metrics.find(({ descriptor }) => descriptor.name === 'http/server/in_flight')!.timeSeries[0]!.points[0]!.value).toBe(0)
})

test('the socket of an upgrade keeps its own methods, and its span is current in the listener', async () => {
  const { stats, spans, tracer } = traced()
  const instrumentation = instrumentHttpServer({ tracer, stats })
  onTestFinished(() => instrumentation.stop())
  let sockets: boolean[] = []
  let traceId: string | undefined
  const server = createServer().on('upgrade', (_request, socket) => {
    traceId = tracer.currentSpan()?.traceId
    socket.write(AGREED)
    sockets = [Object.hasOwn(socket, 'write'), Object.hasOwn(socket, 'end')]
  })
  await upgrade(await listening(server), '/agree')
  await until(() => spans.length === 1)
  expect(sockets).toEqual([false, false])
  expect(traceId).toBe(spans[0]!.traceId)
})

test('upgrades of a Fastify server are counted once, with a listener or a route', async () => {
  const { stats, spans, tracer } = traced()
  const app = fastify()
  await app.register(tallyscopeFastify, { tracer, stats })
  app.get('/routed', async (_request, reply) => reply.code(403).send('no'))
  app.server.on('upgrade', (request, socket: Socket) => {
    if (request.url !== '/routed') return answer(request, socket)
    const response = new ServerResponse(request) // as @fastify/websocket does
    response.assignSocket(socket as never)
    response.on('finish', () => socket.destroySoon())
    app.routing(request, response)
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const port = await listening(app.server)
  for (const path of ['/agree', '/refuse', '/routed']) await upgrade(port, path)
  await until(() => spans.length === 3 && Object.keys(streams(stats)).length === 1)
  expect(counts(stats)).toEqual({ 'GET unmatched 401 ok': 1, 'GET /routed 403 ok': 1 })
  expect(streams(stats)).toEqual({ 'GET unmatched 101 ok': 1 })
  await app.close()
})
