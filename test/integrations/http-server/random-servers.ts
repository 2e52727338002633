import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { expect } from 'vitest'
import { AlwaysOnSampler, MemoryExporter, type SpanData, Stats, Tracer } from 'tallyscope'
import { tallyscopeFastify } from 'tallyscope/fastify'
import { counts, streams, sums, until } from '../fastify/served.js'
import { ANSWERED, type Asked, countsOf, type Kind, LAST, PART } from './random-programs.js'

const KINDS: Readonly<Record<string, Kind>> = { ...ANSWERED, ...LAST }
export const IGNORED = { ignorePaths: ['/health'] }

export type Handler = (request: IncomingMessage, response: ServerResponse) => unknown

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
export function routes(): readonly (readonly [name: string, method: 'GET' | 'POST', template: string, handler: Handler])[] {
  return Object.entries(HANDLERS).map(([name, handler]) => {
    const { method, route } = KINDS[name]!
    return [name, method === 'POST' ? 'POST' : 'GET', route!, handler]
  })
}

/** What is measured: stats and a tracer of their own, and the span that is current in each handler. */
export class Watch {
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

export async function addToFastify(app: FastifyInstance, watch: Watch): Promise<void> {
  await app.register(tallyscopeFastify, { tracer: watch.tracer, stats: watch.stats, ...IGNORED })
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

/**
 * What was counted is what the client knows of.
 * @param expected by row
 */
export async function expectCounted(
  watch: Watch,
  asked: readonly Asked[],
  expected: Readonly<Record<string, number>>,
  bytes: Readonly<Record<string, number>>,
): Promise<void> {
  const { stats, exporter, strays } = watch
  const counted = () => ({ ...prefixed('request', counts(stats)), ...prefixed('stream', streams(stats)) })
  const total = (rows: Record<string, number>) => Object.values(rows).reduce((sum, count) => sum + count, 0)
  await until(() => total(counted()) >= total(expected)).catch(() => {}) // the difference is reported below
  expect(counted()).toEqual(expected)
  expect(strays).toEqual([])
  expect(sums(stats, 'http/server/response_size')).toMatchObject(bytes)
  // Every request is one span, in the trace of its caller.
  const wanted = asked
    .filter(({ kind }) => kind.isExcluded !== true)
    .map((each) => `${each.traceId} ${each.kind.method ?? 'GET'} ${each.kind.route ?? 'unmatched'}`)
  await until(() => exporter.items.length >= wanted.length).catch(() => {})
  expect(countsOf((exporter.items as SpanData[]).map((span) => `${span.traceId} ${span.name}`))).toEqual(countsOf(wanted))
}

function prefixed(prefix: string, rows: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(rows).map(([row, count]) => [`${prefix} ${row}`, count]))
}
