import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteShorthandOptions } from 'fastify'
import { checkOptions } from '../../base/check-options.js'
import { HANDLER_OPTIONS, type MetricsHandlerOptions, ScrapeHandler } from '../../exporters/prometheus/http/handler.js'
import { ScrapeBody } from '../../exporters/prometheus/http/scrape-body.js'
import { closeAfterBody } from '../../serving/close-after-body.js'
import { inTurn } from '../../serving/response-turn.js'
import { limitUnread, type SendLimits } from '../../serving/send-body.js'
import { runDetached } from '../../base/suppression.js'
import { exchangeOf, type ServerInstrumentation } from '../../http/server-instrumentation.js'

/** Adds the metrics route in a child instance: the hooks of `app` apply to it, those of `route` apply to nothing else. */
export function addMetricsRoute(
  app: FastifyInstance,
  path: string,
  options: MetricsHandlerOptions,
  route: RouteShorthandOptions = {},
): void {
  checkOptions('metrics of tallyscopeFastify', options, HANDLER_OPTIONS)
  const handler = new ScrapeHandler(options)
  const { config, schema, ...rest } = route
  void app.register((child, _options, done) => {
    try {
      child.route({
        logLevel: 'silent',
        exposeHeadRoute: true,
        ...rest,
        method: 'GET',
        url: path,
        schema: { ...(schema as object | undefined), hide: true } as object,
        config: { ...config, tallyscope: false },
        handler: (request, reply) => respond(handler, request, reply),
      })
    } catch (error) {
      return done(error as Error) // the application has this route too; Fastify does not catch what a plugin throws
    }
    done()
  })
}

/**
 * Serves the metrics at `path` if the application has no route for it. All hooks of the application run first, and only Fastify's
 * default "not found" response is replaced, so that a hook which refuses a request still refuses it. Fastify runs the hooks of a child
 * instance for unknown paths only after its `setNotFoundHandler()`.
 * @param path With the prefix of the instance.
 */
export function addMetricsFallback(
  app: FastifyInstance,
  path: string,
  options: MetricsHandlerOptions,
  server: ServerInstrumentation,
): void {
  checkOptions('metrics of tallyscopeFastify', options, HANDLER_OPTIONS)
  const handler = new ScrapeHandler(options)
  app.addHook('onSend', (request, reply, payload, done) => {
    if (server.stopped || !isUnrouted(request, path) || !isOwnNotFound(request, reply, payload)) return done(null, payload)
    exchangeOf(request.raw)?.dismiss()
    runDetached(() => scrapeInTurn(handler, request, reply))
      .then((body) => {
        done(null, body === undefined ? payload : body)
        if (body instanceof Buffer) limitUnread(reply.raw, body.length, handler.sendLimits)
      })
      .catch(() => reply.raw.destroy())
  })
}

/** True if no route matches this path. */
export function isUnrouted(request: FastifyRequest, path: string): boolean {
  return request.is404 && (request.raw.url ?? '').split('?', 1)[0] === path
}

/** True for Fastify's default response if neither a route nor a "not found" handler of the application exists. */
function isOwnNotFound(request: FastifyRequest, reply: FastifyReply, payload: unknown): boolean {
  if (reply.statusCode !== 404 || typeof payload !== 'string') return false
  const { method, url } = request.raw
  return payload === JSON.stringify({ message: `Route ${method}:${url} not found`, error: 'Not Found', statusCode: 404 })
}

async function respond(handler: ScrapeHandler, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const body = await scrapeInTurn(handler, request, reply)
  if (body === undefined) return reply.hijack()
  void reply.send(body)
  if (body instanceof Buffer) limitUnread(reply.raw, body.length, handler.sendLimits)
  return reply
}

/** Waits for earlier responses of the connection. Returns undefined if the connection closed meanwhile. */
async function scrapeInTurn(handler: ScrapeHandler, request: FastifyRequest, reply: FastifyReply): Promise<Buffer | Readable | undefined> {
  const query = /\?(.*)$/s.exec(request.raw.url ?? '')?.[1] ?? ''
  const respond = (signal: AbortSignal) => handler.respond(request.headers, query, { method: request.method, signal })
  const result = await inTurn(request.raw, reply.raw, respond)
  if (result === undefined) return undefined
  const { status, headers, body } = result
  closeAfterBody(request.raw, reply.raw)
  reply.removeHeader('content-length')
  reply.code(status).headers(headers)
  if (body instanceof ScrapeBody) return readableOf(body, reply.raw, handler.sendLimits)
  // Fastify announces the length of an empty buffer, and a response to HEAD must not announce another length than that of GET.
  if (body === undefined) return Readable.from([])
  const { buffer, byteOffset, byteLength } = body as Uint8Array<ArrayBuffer>
  return Buffer.from(buffer, byteOffset, byteLength)
}

/** The body as a stream for Fastify. It fails if the body fails. */
function readableOf(body: ScrapeBody, response: ServerResponse, limits: SendLimits): Readable {
  let lastBytes = 0
  const readable = new Readable({
    highWaterMark: 1, // renders a part only after the previous one was read
    read() {
      body.next().then(
        ({ done, value }) => {
          // Streams read ahead: the client may not have received the last part yet.
          if (done === true) limitUnread(response, lastBytes, limits)
          else lastBytes = value.length
          this.push(done === true ? null : value)
        },
        (error: Error) => this.destroy(error),
      )
    },
    destroy(error, done) {
      body.return().then(
        () => done(error),
        () => done(error),
      )
    },
  })
  body.onCut = (reason) => void readable.destroy(reason)
  return readable
}
