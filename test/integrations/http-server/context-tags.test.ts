import http, { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import http2 from 'node:http2'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import fastify, { type FastifyInstance } from 'fastify'
import { describe, expect, onTestFinished, test } from 'vitest'
import { count, Stats, Tracer, withOnlyTags, withTags } from 'tallyscope'
import { tallyscopeFastify } from 'tallyscope/fastify'
import { type HttpServerOptions, instrumentHttpServer } from 'tallyscope/http-server'
import { connection, until } from '../fastify/served.js'

const require = createRequire(import.meta.url)

type Next = () => void
type Express = () => { use(handler: (request: IncomingMessage, response: ServerResponse, next: Next) => void): void } & RequestListener

const tenantOf = ({ url = '/' }: { url?: string | undefined }) => url.split('/')[1]!
/** Responses are written in another order than their requests came in, as far as the handler can. */
const pause = ({ url = '/' }: { url?: string | undefined }) => delay(url.endsWith('slow') ? 60 : 5)

/** How many requests were counted for each tenant. */
function tenants(stats: Stats): Record<string, number> {
  const { rows } = stats.viewManager.getView('by tenant')!
  return Object.fromEntries(rows.map(({ tagValues, data }) => [String(tagValues['tenant'] ?? '-'), (data as { value: number }).value]))
}

const all = (stats: Stats) => Object.values(tenants(stats)).reduce((sum, value) => sum + value, 0)

function byTenant(stats: Stats, measure = 'http/server/duration'): void {
  stats.registerView({ name: 'by tenant', measure, contextTags: ['tenant'], aggregation: count() })
}

async function listen(handler: RequestListener, options: HttpServerOptions = {}): Promise<{ stats: Stats; port: number }> {
  const stats = new Stats()
  byTenant(stats)
  const instrumentation = instrumentHttpServer({ stats, ...options })
  const server = createServer(handler).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  onTestFinished(() => {
    instrumentation.stop()
    server.closeAllConnections()
    server.close()
  })
  return { stats, port: (server.address() as AddressInfo).port }
}

/** Two requests of two tenants on one connection, the second sent before the first is answered; then two more, kept alive. */
async function fourRequests(port: number, stats: Stats): Promise<void> {
  const { socket, text } = await connection(port)
  const send = (...paths: string[]) => socket.write(paths.map((path) => `GET ${path} HTTP/1.1\r\nhost: h\r\n\r\n`).join(''))
  send('/acme/slow', '/bell')
  await until(() => text().split('HTTP/1.1 200').length === 3)
  send('/bell/slow')
  await until(() => text().split('HTTP/1.1 200').length === 4)
  send('/cole')
  await until(() => text().split('HTTP/1.1 200').length === 5)
  await until(() => all(stats) === 4, `4 counted requests: ${JSON.stringify(tenants(stats))}`)
  socket.destroy()
}

const EACH_ITS_OWN = { acme: 1, bell: 2, cole: 1 }

const plain: RequestListener = (request, response) =>
  withTags({ tenant: tenantOf(request) }, async () => {
    await pause(request)
    response.end('ok')
  })

describe.each([
  ['without spans', false],
  ['with spans', undefined],
] as const)('%s, a pipelined request is recorded with its own tags', (_title, off) => {
  const traced = () => ({ tracer: off ?? new Tracer({ exporter: 'none', stats: new Stats() }) })

  test('in a server of node:http', async () => {
    const { stats, port } = await listen(plain, traced())
    await fourRequests(port, stats)
    expect(tenants(stats)).toEqual(EACH_ITS_OWN)
  })

  test('if its tags are set in a function that has returned before the response is sent', async () => {
    const { stats, port } = await listen(async (request, response) => {
      const body = await withTags({ tenant: tenantOf(request) }, async () => {
        await pause(request)
        return 'ok'
      })
      response.end(body)
    }, traced())
    await fourRequests(port, stats)
    expect(tenants(stats)).toEqual(EACH_ITS_OWN)
  })

  test.each(['express', 'express-4'])('in %s, with middleware', async (name) => {
    const app = (require(name) as Express)()
    app.use((request, _response, next) => withTags({ tenant: tenantOf(request) }, next))
    app.use((request, response) => void pause(request).then(() => response.end('ok')))
    const { stats, port } = await listen(app, traced())
    await fourRequests(port, stats)
    expect(tenants(stats)).toEqual(EACH_ITS_OWN)
  })

  const hook = (app: FastifyInstance) =>
    app.addHook('onRequest', (request, _reply, done) => withTags({ tenant: tenantOf(request.raw) }, done))
  test.each<[string, (app: FastifyInstance) => unknown, (work: () => Promise<string>, request: IncomingMessage) => Promise<string>]>([
    ['a hook', hook, (work) => work()],
    ['its handler', () => {}, (work, request) => withTags({ tenant: tenantOf(request) }, work)],
  ])('in Fastify, with tags of %s', async (_where, add, handle) => {
    const stats = new Stats()
    byTenant(stats)
    const app = fastify()
    await app.register(tallyscopeFastify, { stats, ...traced() })
    add(app)
    app.get('*', ({ raw }) =>
      handle(async () => {
        await pause(raw)
        return 'ok'
      }, raw),
    )
    await app.listen({ port: 0, host: '127.0.0.1' })
    onTestFinished(() => app.close())
    await fourRequests((app.server.address() as AddressInfo).port, stats)
    expect(tenants(stats)).toEqual(EACH_ITS_OWN)
  })
})

test('streams of one HTTP/2 connection are recorded with their own tags', async () => {
  const stats = new Stats()
  byTenant(stats)
  const app = fastify({ http2: true })
  await app.register(tallyscopeFastify, { stats, tracer: false })
  app.addHook('onRequest', (request, _reply, done) => withTags({ tenant: tenantOf(request.raw) }, done))
  app.get('*', async ({ raw }) => {
    await pause(raw)
    return 'ok'
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const session = http2.connect(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}`)
  onTestFinished(async () => {
    session.destroy()
    await app.close()
  })
  for (const path of ['/acme/slow', '/bell', '/bell']) session.request({ ':path': path }).resume().end()
  await until(() => all(stats) === 3)
  expect(tenants(stats)).toEqual({ acme: 1, bell: 2 })
})

test('a response that another request writes is recorded with the tags of its request', async () => {
  let waiting: ServerResponse | undefined
  const { stats, port } = await listen((request, response) =>
    withTags({ tenant: tenantOf(request) }, async () => {
      await delay(1)
      if (waiting === undefined) {
        waiting = response
        return
      }
      response.end('poked')
      waiting.end('news')
    }),
  )
  const get = (path: string) => fetch(`http://127.0.0.1:${port}${path}`).then((response) => response.text())
  const poll = get('/acme')
  await until(() => waiting !== undefined)
  await Promise.all([poll, get('/bell')])
  await until(() => all(stats) === 2)
  expect(tenants(stats)).toEqual({ acme: 1, bell: 1 })
})

test('a response is recorded with the tags that are current when its head is written', async () => {
  const { stats, port } = await listen((_request, response) =>
    withTags({ tenant: 'acme' }, async () => {
      await withTags({ tenant: 'part' }, () => delay(1))
      await withOnlyTags({ region: 'north' }, () => delay(1))
      response.writeHead(200)
      response.end('ok')
    }),
  )
  await (await fetch(`http://127.0.0.1:${port}/`)).text()
  await until(() => all(stats) === 1)
  expect(tenants(stats)).toEqual({ acme: 1 })
})

test('a request that is aborted before its head is written is recorded with the tags set until then', async () => {
  let isHandled = false
  const { stats, port } = await listen((request) =>
    withTags({ tenant: tenantOf(request) }, () => {
      isHandled = true
    }),
  )
  const { socket } = await connection(port)
  socket.write('GET /acme HTTP/1.1\r\nhost: h\r\n\r\n')
  await until(() => isHandled)
  socket.destroy()
  await until(() => all(stats) === 1)
  expect(tenants(stats)).toEqual({ acme: 1 })
})

test('server spans are recorded with the tags of their request', async () => {
  const stats = new Stats()
  const tracer = new Tracer({ exporter: 'none', stats })
  byTenant(stats, 'span/latency')
  const { port } = await listen(plain, { stats, tracer, contextTags: [] })
  await fourRequests(port, stats)
  expect(tenants(stats)).toEqual(EACH_ITS_OWN)
})

test('without context tags no method of a response is replaced', async () => {
  const seen: boolean[] = []
  const stats = new Stats()
  const instrumentation = instrumentHttpServer({ stats, tracer: false })
  const server = createServer((_request, response) => {
    seen.push(Object.hasOwn(response, 'writeHead'))
    response.end()
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  onTestFinished(() => {
    instrumentation.stop()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => http.get({ port, agent: false }, (response) => response.resume().on('end', resolve)))
  expect(seen).toEqual([false])
})

test('the option contextTags adds tags of the context to the views of the integration', async () => {
  const { stats, port } = await listen(plain, { contextTags: ['tenant'], tracer: false })
  await fourRequests(port, stats)
  const { rows } = stats.viewManager.getView('http/server/duration')!
  expect(rows.map(({ tagValues }) => tagValues['tenant']).sort()).toEqual(['acme', 'bell', 'cole'])
})
