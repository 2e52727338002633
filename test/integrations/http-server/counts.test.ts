import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import fastify, { type FastifyInstance } from 'fastify'
import { expect, onTestFinished, test } from 'vitest'
import { Stats } from 'tallyscope'
import { tallyscopeFastify } from 'tallyscope/fastify'
import { instrumentHttpServer } from 'tallyscope/http-server'
import { connection, rows, until } from '../fastify/served.js'

const require = createRequire(import.meta.url)

/** How many requests of each kind the client sends. */
const SENT = { ok: 7, missing: 5, fail: 3, never: 2, events: 2, upgrade: 2, health: 4 }
const IGNORED = { ignorePaths: ['/health'] }

function respond({ url }: { url?: string | undefined }, response: ServerResponse): void {
  if (url === '/never') return
  if (url === '/events') {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write('data: 1\n\n')
    return
  }
  response.statusCode = url === '/fail' ? 500 : url === '/ok' || url === '/health' ? 200 : 404
  response.end('x')
}

function agree(_request: IncomingMessage, socket: Duplex): void {
  socket.on('error', () => {}).on('end', () => socket.end())
  socket.resume().write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
}

async function port(server: Server): Promise<number> {
  if (!server.listening) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

function addRoutes(app: FastifyInstance): void {
  app.get('/ok', async () => 'x')
  app.get('/health', async () => 'x')
  app.get('/fail', async () => {
    throw new Error('planned')
  })
  app.get('/never', (_request, reply) => void reply.hijack())
  app.get('/events', (_request, reply) => {
    reply.hijack()
    reply.raw.writeHead(200, { 'content-type': 'text/event-stream' })
    reply.raw.write('data: 1\n\n')
  })
}

/** Sends all requests over bare sockets, so that nothing of the library is on the client's side. */
async function sendAll(to: number): Promise<void> {
  for (const [kind, times] of Object.entries(SENT)) {
    for (let at = 0; at < times; at++) {
      const { socket, text } = await connection(to)
      const upgrade = kind === 'upgrade' ? 'connection: upgrade\r\nupgrade: echo\r\n' : ''
      socket.write(`GET /${kind} HTTP/1.1\r\nhost: h\r\n${upgrade}\r\n`)
      if (kind === 'never') await new Promise((resolve) => setTimeout(resolve, 50))
      else await until(() => text().includes(kind === 'events' ? 'data: 1' : 'HTTP/1.1 '))
      socket.destroy()
    }
  }
}

/** The same over one connection of HTTP/2, which has no upgrades. */
async function sendAllHttp2(to: number): Promise<void> {
  const session = connectHttp2(`http://127.0.0.1:${to}`)
  onTestFinished(() => session.destroy())
  for (const [kind, times] of Object.entries(SENT)) {
    for (let at = 0; at < times && kind !== 'upgrade'; at++) {
      const stream = session.request({ ':path': `/${kind}` })
      stream.on('error', () => {})
      let text = ''
      stream.on('data', (chunk) => (text += String(chunk)))
      stream.end()
      if (kind === 'never') await new Promise((resolve) => setTimeout(resolve, 50))
      else await until(() => text !== '')
      stream.close(8) // CANCEL
    }
  }
}

/** Requests and streams that are counted, by status and outcome, whatever their route. */
function counted(stats: Stats): Record<string, number> {
  const sums: Record<string, number> = {}
  for (const view of ['http/server/duration', 'http/server/stream_duration'] as const) {
    for (const [tags, { count }] of Object.entries(rows(stats, view))) {
      const key = `${view.includes('stream') ? 'stream' : 'request'} ${tags.split(' ').slice(2).join(' ')}`
      sums[key] = (sums[key] ?? 0) + count
    }
  }
  return sums
}

async function expectAll(stats: Stats, upgrades: number): Promise<void> {
  const expected: Record<string, number> = {
    'request 200 ok': SENT.ok,
    'request 404 ok': SENT.missing,
    'request 500 error': SENT.fail,
    'request  aborted': SENT.never,
    'stream 200 ok': SENT.events,
    ...(upgrades > 0 && { 'stream 101 ok': upgrades }),
  }
  const total = (counts: Record<string, number>) => Object.values(counts).reduce((sum, count) => sum + count, 0)
  await until(() => total(counted(stats)) >= total(expected), JSON.stringify(counted(stats)))
  expect(counted(stats)).toEqual(expected)
}

test.each(['node:http', 'express', 'express-4'])('%s: counts equal those of the client', async (name) => {
  const stats = new Stats()
  const instrumentation = instrumentHttpServer({ tracer: false, stats, ...IGNORED })
  onTestFinished(() => instrumentation.stop())
  let handler: (request: IncomingMessage, response: ServerResponse) => void = respond
  if (name !== 'node:http') {
    const app = require(name)() as typeof handler & { get(path: string, handler: typeof respond): void }
    for (const kind of ['ok', 'fail', 'never', 'events', 'health']) app.get(`/${kind}`, respond)
    handler = app
  }
  const to = await port(createServer(handler).on('upgrade', agree))
  await sendAll(to)
  await expectAll(stats, SENT.upgrade)
})

test('Fastify: counts equal those of the client', async () => {
  const stats = new Stats()
  const app = fastify()
  await app.register(tallyscopeFastify, { tracer: false, stats, ...IGNORED })
  addRoutes(app)
  app.server.on('upgrade', agree)
  await app.listen({ port: 0, host: '127.0.0.1' })
  await sendAll(await port(app.server))
  await expectAll(stats, SENT.upgrade)
})

test('Fastify with HTTP/2: counts equal those of the client', async () => {
  const stats = new Stats()
  const app = fastify({ http2: true }) as unknown as FastifyInstance
  await app.register(tallyscopeFastify, { tracer: false, stats, ...IGNORED })
  addRoutes(app)
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  onTestFinished(() => void app.close())
  await sendAllHttp2(Number(new URL(url).port))
  await expectAll(stats, 0)
})
