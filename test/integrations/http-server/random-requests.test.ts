import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import fastify from 'fastify'
import { onTestFinished, test } from 'vitest'
import { instrumentHttpServer } from 'tallyscope/http-server'
import { randomNumbers } from '../../exporters/random.js'
import { amount, seed } from '../../faults/amount.js'
import { until } from '../fastify/served.js'
import { expectedOf, makePrograms, rowOf, runProgram } from './random-programs.js'
import { addToFastify, expectCounted, type Handler, IGNORED, routes, Watch } from './random-servers.js'

const require = createRequire(import.meta.url)

const AT_ONCE = 5

function upgraded({ url }: IncomingMessage, socket: Duplex): void {
  socket
    .on('error', () => {})
    .on('end', () => socket.end())
    .resume()
  if (url === '/agree') socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
  else socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n')
}

/** Starts a server that answers all kinds of requests. */
type Start = (watch: Watch) => Promise<Server>

const asHandler = (watch: Watch, handler: Handler): Handler => watch.looking(handler, (request) => request)

const SERVERS: Readonly<Record<string, Start>> = {
  'node:http': async (watch) => {
    const known = routes().map(([, method, template, handler]) => {
      const path = new RegExp(`^${template.replace(/:\w+/, '[^/]+')}(\\?|$)`)
      return { method, template, path, handler: asHandler(watch, handler) }
    })
    const find = ({ method, url }: IncomingMessage) =>
      known.find((each) => each.path.test(url!) && each.method === method!.replace('HEAD', 'GET'))
    instrument(watch, (request) => find(request)?.template)
    return createServer((request, response) => void (find(request)?.handler ?? notFound)(request, response))
  },
  'Express 5': async (watch) => express('express', watch),
  'Express 4': async (watch) => express('express-4', watch),
  Fastify: async (watch) => {
    const app = fastify()
    await addToFastify(app, watch)
    await app.ready()
    onTestFinished(() => void app.close())
    return app.server
  },
}

function notFound(_request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(404).end('nothing')
}

function instrument({ stats, tracer }: Watch, route?: (request: IncomingMessage) => string | undefined): void {
  const instrumentation = instrumentHttpServer({ tracer, stats, ...IGNORED, ...(route !== undefined && { route }) })
  onTestFinished(() => instrumentation.stop())
}

function express(name: string, watch: Watch): Server {
  interface App {
    (request: IncomingMessage, response: ServerResponse): void
    get(path: string, handler: Handler): void
    post(path: string, handler: Handler): void
  }
  instrument(watch)
  const app = require(name)() as App
  for (const [each, method, template, handler] of routes()) {
    // Version 4 does not look at promises.
    const isSync = each === 'throws' && name === 'express-4'
    app[method === 'GET' ? 'get' : 'post'](template, isSync ? handler : asHandler(watch, handler))
  }
  return createServer(app)
}

test.each(Object.keys(SERVERS))('%s: whatever clients ask for and however they leave, each request is counted once', async (name) => {
  const watch = new Watch()
  const server = await SERVERS[name]!(watch)
  server.on('upgrade', upgraded)
  // The heads that have arrived, whatever is made of them.
  const arrived = ({ headers }: IncomingMessage): void => void watch.ids.add(String(headers['x-id']))
  server.prependListener('request', arrived).prependListener('upgrade', arrived)
  server.listen(0, '127.0.0.1')
  await until(() => server.listening)
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })

  const random = randomNumbers(seed())
  const programs = makePrograms(random, amount(60, 2_000), (kind) => kind !== 'throws' || name !== 'node:http')
  const bytes: Record<string, number> = {}
  const seen = {
    port: (server.address() as AddressInfo).port,
    hasArrived: (id: string) => watch.ids.has(id),
    received: (asked: Parameters<typeof rowOf>[0], length: number) => {
      const row = rowOf(asked)?.slice('request '.length)
      if (row !== undefined) bytes[row] = (bytes[row] ?? 0) + length
    },
  }
  const waiting = [...programs]
  const run = async (): Promise<void> => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) await runProgram(seen, next)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, run))

  const asked = programs.flatMap(({ batches, last, behind }) => [...batches.flat(), ...(last === undefined ? [] : [last]), ...behind])
  await expectCounted(watch, asked, expectedOf(programs), bytes)
})
