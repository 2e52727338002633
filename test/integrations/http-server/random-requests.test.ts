import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { type Duplex, Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { expect, onTestFinished, test } from 'vitest'
import { AlwaysOnSampler, MemoryExporter, type SpanData, Stats, Tracer } from 'tallyscope'
import { tallyscopeFastify } from 'tallyscope/fastify'
import { instrumentHttpServer } from 'tallyscope/http-server'
import { randomNumbers } from '../../exporters/random.js'
import { amount, seed } from '../../faults/amount.js'
import { counts, streams, sums, until } from '../fastify/served.js'
import { ANSWERED, countsOf, expectedOf, type Kind, LAST, makePrograms, PART, rowOf, runProgram } from './random-programs.js'

const require = createRequire(import.meta.url)

const KINDS: Readonly<Record<string, Kind>> = { ...ANSWERED, ...LAST }
const IGNORED = { ignorePaths: ['/health'] }
const AT_ONCE = 5

type Handler = (request: IncomingMessage, response: ServerResponse) => unknown

/** How a server answers each kind of request. */
const HANDLERS: Readonly<Record<string, Handler>> = {
  ok: (_request, response) => response.end('fine'),
  item: (_request, response) => response.end('an item'),
  late: async ({ url }, response) => {
    await delay(Number(url!.split('/')[2]))
    response.end('late')
  },
  hints: async (_request, response) => {
    response.writeEarlyHints({ link: '</a.css>; rel=preload' })
    await delay(1)
    response.end('hints')
  },
  chunks: (_request, response) => {
    response.write('one ')
    response.end('two')
  },
  empty: (_request, response) => response.writeHead(204).end(),
  moved: (_request, response) => response.writeHead(302, { location: '/ok' }).end('moved'),
  fail: (_request, response) => response.writeHead(500).end('failed'),
  throws: () => {
    throw new Error('planned')
  },
  echo: async (request, response) => {
    const chunks = await request.toArray().catch(() => undefined) // undefined if the client has left
    if (chunks !== undefined) response.end(String(Buffer.concat(chunks as Buffer[]).length))
  },
  health: (_request, response) => response.end('healthy'),
  never: () => {},
  partial: (_request, response) => response.write(PART),
  breaks: (_request, response) => response.write(PART, () => response.destroy()),
  drop: (_request, response) => response.destroy(),
  events: (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(PART)
  },
}

/** How the handlers of Fastify do what they do otherwise; the others take the response over. */
const REPLIES: Readonly<Record<string, (reply: FastifyReply, body: unknown) => unknown>> = {
  ok: (reply) => reply.send('fine'),
  moved: (reply) => reply.redirect('/ok'),
  fail: (reply) => reply.code(500).send('failed'),
  throws: async () => {
    throw new Error('planned')
  },
  echo: async (_reply, body) => String((body as string).length),
  partial: (reply) => reply.send(beginning()),
  breaks: (reply) => {
    const body = beginning()
    setTimeout(() => body.destroy(new Error('planned')), 5)
    return reply.send(body)
  },
}

function beginning(): Readable {
  const body = new Readable({ read() {} })
  body.push(PART)
  return body
}

/** The handlers, each at the template of its kind. */
function routes(): readonly (readonly [name: string, method: 'GET' | 'POST', template: string, handler: Handler])[] {
  return Object.entries(HANDLERS).map(([name, handler]) => {
    const { method, route } = KINDS[name]!
    return [name, method === 'POST' ? 'POST' : 'GET', route!, handler]
  })
}

function upgraded({ url }: IncomingMessage, socket: Duplex): void {
  socket
    .on('error', () => {})
    .on('end', () => socket.end())
    .resume()
  if (url === '/agree') socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
  else socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n')
}

/** What is measured: stats and a tracer of their own, and the span that is current in each handler. */
class Watch {
  readonly stats = new Stats()
  readonly exporter = new MemoryExporter<SpanData>({ maxItems: 1_000_000 })
  readonly tracer = new Tracer({ sampler: new AlwaysOnSampler(), exporter: this.exporter, stats: this.stats })
  readonly ids = new Set<string>()
  /** Handlers in which another trace was current than that of their request. */
  readonly strays: string[] = []

  /** The same handler, which looks at the current span when it begins and when it ends. */
  looking<A extends readonly unknown[]>(handler: (...args: A) => unknown, requestOf: (...args: A) => IncomingMessage) {
    return async (...args: A): Promise<unknown> => {
      this.look(requestOf(...args))
      const result = await handler(...args)
      this.look(requestOf(...args))
      return result
    }
  }

  look({ headers, url }: IncomingMessage): void {
    const expected = url === '/health' ? undefined : String(headers['traceparent']).slice(3, 35)
    const current = this.tracer.currentSpan()?.traceId
    if (current !== expected) this.strays.push(`${current} in ${url} of ${expected}`)
  }
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
    await app.register(tallyscopeFastify, { tracer: watch.tracer, stats: watch.stats, ...IGNORED })
    addRoutes(app, watch)
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

function addRoutes(app: FastifyInstance, watch: Watch): void {
  for (const [name, method, url, handler] of routes()) {
    const reply = REPLIES[name]
    app.route({
      method,
      url,
      handler: watch.looking(
        (request: FastifyRequest, answer: FastifyReply) => {
          if (reply !== undefined) return reply(answer, request.body)
          answer.hijack()
          return handler(request.raw, answer.raw)
        },
        (request: FastifyRequest) => request.raw,
      ),
    })
  }
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

  const { stats, exporter, strays } = watch
  const expected = expectedOf(programs)
  const counted = () => ({ ...prefixed('request', counts(stats)), ...prefixed('stream', streams(stats)) })
  const total = (rows: Record<string, number>) => Object.values(rows).reduce((sum, count) => sum + count, 0)
  await until(() => total(counted()) >= total(expected)).catch(() => {}) // the difference is reported below
  expect(counted()).toEqual(expected)
  expect(strays).toEqual([])
  expect(sums(stats, 'http/server/response_size')).toMatchObject(bytes)
  // Every request is one span, in the trace of its caller.
  const asked = programs.flatMap(({ batches, last, behind }) => [...batches.flat(), ...(last === undefined ? [] : [last]), ...behind])
  const wanted = asked
    .filter(({ kind }) => kind.isExcluded !== true)
    .map((each) => `${each.traceId} ${each.kind.method ?? 'GET'} ${each.kind.route ?? 'unmatched'}`)
  await until(() => exporter.items.length >= wanted.length).catch(() => {})
  expect(countsOf((exporter.items as SpanData[]).map((span) => `${span.traceId} ${span.name}`))).toEqual(countsOf(wanted))
})

function prefixed(prefix: string, rows: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(rows).map(([row, count]) => [`${prefix} ${row}`, count]))
}
