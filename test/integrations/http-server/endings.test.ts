import dns from 'node:dns'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo, Server } from 'node:net'
import { connect as connectHttp2, type ServerHttp2Stream } from 'node:http2'
import fastify, { type FastifyInstance } from 'fastify'
import { expect, onTestFinished, test, vi } from 'vitest'
import { AlwaysOnSampler, MemoryExporter, type SpanData, Stats, Tracer } from 'tallyscope'
import { tallyscopeFastify } from 'tallyscope/fastify'
import { instrumentHttpServer } from 'tallyscope/http-server'
import { connection, counts, streams, until } from '../fastify/served.js'

function watch() {
  const stats = new Stats()
  const exporter = new MemoryExporter<SpanData>()
  const tracer = new Tracer({ sampler: new AlwaysOnSampler(), exporter, stats })
  const instrumentation = instrumentHttpServer({ tracer, stats })
  onTestFinished(() => instrumentation.stop())
  return { stats, tracer, spans: exporter.items as SpanData[] }
}

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await until(() => server.listening)
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

/** Sends a head, and closes when a response has arrived or the server has closed. */
async function ask(port: number, head: string, host = '127.0.0.1'): Promise<void> {
  const { socket, text } = await connection(port, host)
  socket.write(`${head}\r\nhost: h\r\n\r\n`)
  await until(() => text().includes('HTTP/1.1 ') || socket.destroyed)
  socket.destroy()
}

test('a tunnel is a stream with the status that accepted it, one that is refused a request', async () => {
  const { stats, spans } = watch()
  const server = createServer().on('connect', ({ url }, socket) => {
    socket
      .on('error', () => {})
      .on('end', () => socket.end())
      .resume()
    if (url === 'a:443') socket.write('HTTP/1.1 200 Connection Established\r\n\r\n')
    else socket.end('HTTP/1.1 403 Forbidden\r\n\r\n')
  })
  const port = await listening(server)
  await ask(port, 'CONNECT a:443 HTTP/1.1')
  await ask(port, 'CONNECT b:443 HTTP/1.1')
  await until(() => spans.length === 2 && Object.keys(streams(stats)).length === 1)
  expect(streams(stats)).toEqual({ 'CONNECT unmatched 200 ok': 1 })
  expect(counts(stats)).toEqual({ 'CONNECT unmatched 403 ok': 1 })
  expect(spans.map(({ status }) => status.name)).toEqual(['OK', 'PERMISSION_DENIED'])
})

const destroyed: Readonly<Record<string, (request: IncomingMessage, response: ServerResponse) => void>> = {
  request: (request) => request.on('error', () => {}).destroy(new Error('planned')),
  response: (_request, response) => response.on('error', () => {}).destroy(new Error('planned')),
  socket: (request) => request.on('error', () => {}).socket.destroy(new Error('planned')),
}

test.each(Object.keys(destroyed))(
  'if the server destroys the %s with an error, it has failed, and the client has not left',
  async (what) => {
    const { stats, spans } = watch()
    const port = await listening(createServer(destroyed[what] as RequestListener))
    await ask(port, 'GET / HTTP/1.1')
    await until(() => spans.length === 1)
    expect(counts(stats)).toEqual({ 'GET unmatched  error': 1 })
  },
)

test('a stream of HTTP/2 that the server destroys with an error is an error', async () => {
  const stats = new Stats()
  const app = fastify({ http2: true }) as unknown as FastifyInstance
  await app.register(tallyscopeFastify, { tracer: false, stats })
  app.get('/broken', (_request, reply) => {
    reply.hijack()
    const { stream } = reply.raw as unknown as { stream: ServerHttp2Stream }
    stream.on('error', () => {}).destroy(new Error('planned'))
  })
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  const session = connectHttp2(url)
  onTestFinished(() => {
    session.destroy()
    void app.close()
  })
  session
    .request({ ':path': '/broken' })
    .on('error', () => {})
    .resume()
  await until(() => Object.keys(counts(stats)).length === 1)
  expect(counts(stats)).toEqual({ 'GET /broken  error': 1 })
})

test('the status is the one that was sent, whatever the application sets afterwards', async () => {
  const { stats, spans } = watch()
  const port = await listening(
    createServer((_request, response) => {
      response.end('x')
      response.statusCode = 500
    }),
  )
  await ask(port, 'GET / HTTP/1.1')
  await until(() => spans.length === 1)
  expect(counts(stats)).toEqual({ 'GET unmatched 200 ok': 1 })
})

test('an event stream is recognised by the type of its response alone, in upper and lower case', async () => {
  const { stats, spans } = watch()
  const heads: Readonly<Record<string, (response: ServerResponse) => unknown>> = {
    '/list': (response) => response.setHeader('Content-Type', ['text/event-stream']),
    '/raw': (response) => response.writeHead(200, ['CONTENT-TYPE', 'Text/Event-Stream; charset=utf-8']),
    '/other': (response) => response.writeHead(200, { 'x-types': 'text/event-stream', 'content-type': 'text/plain' }),
  }
  const port = await listening(
    createServer(({ url }, response) => {
      heads[url!]!(response)
      response.end('data: x')
    }),
  )
  for (const path of Object.keys(heads)) await ask(port, `GET ${path} HTTP/1.1`)
  await until(() => spans.length === 3)
  expect(streams(stats)).toEqual({ 'GET unmatched 200 ok': 2 })
  expect(counts(stats)).toEqual({ 'GET unmatched 200 ok': 1 })
})

test('an application with a decorator of the same name keeps it, and is measured', async () => {
  const stats = new Stats()
  const app = fastify()
  const own = { mine: true }
  app.decorate('tallyscope', own as never)
  await app.register(tallyscopeFastify, { tracer: false, stats })
  app.get('/a', async () => 'x')
  await app.inject('/a')
  expect(app.tallyscope).toBe(own)
  expect(counts(stats)).toEqual({ 'GET /a 200 ok': 1 })
  await app.close()
})

test('at all addresses of localhost, requests and upgrades of Fastify are counted once, with one span each', async () => {
  const { stats, tracer, spans } = watch()
  const app = fastify()
  await app.register(tallyscopeFastify, { tracer, stats })
  app.get('/a', async () => 'x')
  app.server.on('upgrade', (_request, socket) => socket.on('error', () => {}).end('HTTP/1.1 401 Unauthorized\r\n\r\n'))
  const addresses = ['127.0.0.1', '127.0.0.2']
  type Done = (error: null, address: unknown, family?: number) => void
  const resolve = (host: string, options: { all?: boolean } | Done, done?: Done): void => {
    const callback = typeof options === 'function' ? options : done!
    const found = (host === 'localhost' ? addresses : [host]).map((address) => ({ address, family: 4 }))
    if (typeof options === 'object' && options.all === true) callback(null, found)
    else callback(null, found[0]!.address, 4)
  }
  const lookup = vi.spyOn(dns, 'lookup').mockImplementation(resolve as never)
  onTestFinished(() => {
    lookup.mockRestore()
    void app.close()
  })
  await app.listen({ port: 0, host: 'localhost' })
  const { port } = app.server.address() as AddressInfo
  for (const address of addresses) {
    await ask(port, 'GET /a HTTP/1.1', address)
    await ask(port, 'GET /b HTTP/1.1\r\nconnection: upgrade\r\nupgrade: echo', address)
  }
  await until(() => spans.length === 4)
  expect(counts(stats)).toEqual({ 'GET /a 200 ok': 2, 'GET unmatched 401 ok': 2 })
  expect(spans.map(({ name }) => name).sort()).toEqual(['GET /a', 'GET /a', 'GET unmatched', 'GET unmatched'])
})

test.each(['http-server', 'fastify'])(
  '%s: a client that leaves while it sends its body gets no response, whatever is written to it',
  async (kind) => {
    const { stats, tracer, spans } = watch()
    const app = fastify()
    // Answers an aborted body, as the error handlers of frameworks do.
    let server = createServer((request, response) =>
      request
        .resume()
        .on('error', () => {})
        .on('aborted', () => response.writeHead(400).end('aborted')),
    )
    if (kind === 'fastify') {
      await app.register(tallyscopeFastify, { tracer, stats })
      app.post('/', async () => 'never reached')
      await app.ready()
      server = app.server
    }
    const { socket } = await connection(await listening(server))
    server.once('request', () => socket.destroy())
    socket.write('POST / HTTP/1.1\r\nhost: h\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{')
    await until(() => spans.length === 1)
    expect(counts(stats)).toEqual({ [`POST ${kind === 'fastify' ? '/' : 'unmatched'}  aborted`]: 1 })
    expect(spans.map(({ status }) => status.name)).toEqual(['CANCELLED'])
  },
)

test('a response to a body that was not read to its end is complete', async () => {
  const { stats, spans } = watch()
  const port = await listening(createServer((_request, response) => response.writeHead(413, { connection: 'close' }).end('too large')))
  await ask(port, 'POST / HTTP/1.1\r\ncontent-length: 500')
  await until(() => spans.length === 1)
  expect(counts(stats)).toEqual({ 'POST unmatched 413 ok': 1 })
})

test('a client that leaves during a large body has aborted, and one that resets the connection after it has not', async () => {
  const { stats, spans } = watch()
  let isFinished = false
  const port = await listening(
    createServer((_request, response) => {
      response.end('x'.repeat(30_000_000))
      response.once('finish', () => (isFinished = true))
    }),
  )
  for (const isWhole of [false, true]) {
    isFinished = false
    const { socket, text } = await connection(port)
    if (!isWhole) socket.once('data', () => socket.resetAndDestroy())
    socket.write('GET / HTTP/1.1\r\nhost: h\r\n\r\n')
    // A server can take a connection for broken that is reset while the last bytes are still being written, although the client has them.
    await until(() => (isWhole ? isFinished && text().length > 30_000_000 : socket.destroyed))
    socket.resetAndDestroy()
  }
  await until(() => spans.length === 2)
  expect(counts(stats)).toEqual({ 'GET unmatched 200 aborted': 1, 'GET unmatched 200 ok': 1 })
  expect(spans.map(({ status }) => status.name)).toEqual(['CANCELLED', 'OK'])
})
