import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { Stats } from 'tallyscope'
import { instrumentHttpServer, type KoaContext, koaRoute, setRoute } from 'tallyscope/http-server'
import { connection, counts, until } from '../fastify/served.js'

interface Context extends KoaContext {
  body?: unknown
  respond?: boolean
  _matchedRoute?: unknown
  readonly res: ServerResponse
}

const Koa = createRequire(import.meta.url)('koa') as {
  new (): { use(fn: (context: Context, next: () => Promise<unknown>) => unknown): void; callback(): RequestListener }
}

/** A Koa application behind `koaRoute`, whose handlers set `_matchedRoute` as @koa/router does. */
async function serve(handler: (context: Context) => unknown): Promise<{ stats: Stats; port: number }> {
  const stats = new Stats()
  const instrumentation = instrumentHttpServer({ tracer: false, stats })
  const app = new Koa()
  app.use(koaRoute)
  app.use(handler)
  const server = createServer(app.callback()).listen(0, '127.0.0.1')
  await until(() => server.listening)
  onTestFinished(() => {
    instrumentation.stop()
    server.closeAllConnections()
    server.close()
  })
  return { stats, port: (server.address() as AddressInfo).port }
}

const ask = async (port: number, path: string) => await (await fetch(`http://127.0.0.1:${port}${path}`)).text()

test("Koa: the route is that of Koa's router", async () => {
  const { stats, port } = await serve(async (context) => {
    await delay(1)
    if (context.req.url === '/none') return
    context._matchedRoute = context.req.url === '/pattern' ? /^\/pat/ : '/carts/:id'
    context.body = 'x'
  })
  for (const path of ['/carts/1', '/pattern', '/none']) await ask(port, path)
  await until(() => Object.keys(counts(stats)).length === 3)
  expect(counts(stats)).toEqual({ 'GET /carts/:id 200 ok': 1, 'GET /^\\/pat/ 200 ok': 1, 'GET unmatched 404 ok': 1 })
})

test('Koa: a request whose client leaves before its handler ends has the route', async () => {
  let isRunning = false
  const { stats, port } = await serve((context) => {
    context._matchedRoute = '/reports/:id'
    isRunning = true
    return new Promise(() => {})
  })
  const { socket } = await connection(port)
  socket.write('GET /reports/1 HTTP/1.1\r\nhost: h\r\n\r\n')
  await until(() => isRunning)
  socket.destroy()
  await until(() => Object.keys(counts(stats)).length === 1)
  expect(counts(stats)).toEqual({ 'GET /reports/:id  aborted': 1 })
})

test('Koa: a response that the handler writes itself has the route', async () => {
  const { stats, port } = await serve((context) => {
    context._matchedRoute = '/raw'
    context.respond = false
    context.res.writeHead(200).end('x')
  })
  await ask(port, '/raw')
  await until(() => Object.keys(counts(stats)).length === 1)
  expect(counts(stats)).toEqual({ 'GET /raw 200 ok': 1 })
})

test('Koa: a route of setRoute is kept', async () => {
  const { stats, port } = await serve((context) => {
    context._matchedRoute = '/:any'
    setRoute(context.req, '/mine')
    context.body = 'x'
  })
  await ask(port, '/mine')
  await until(() => Object.keys(counts(stats)).length === 1)
  expect(counts(stats)).toEqual({ 'GET /mine 200 ok': 1 })
})
