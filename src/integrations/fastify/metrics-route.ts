import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteShorthandOptions } from 'fastify'
import { clientSignal } from '../../serving/client-signal.js'
import { type MetricsHandlerOptions, ScrapeHandler } from '../../exporters/prometheus/http/handler.js'
import { ScrapeBody } from '../../exporters/prometheus/http/scrape-body.js'
import { responseTurn } from '../../serving/response-turn.js'
import { limitUnread } from '../../serving/send-body.js'
import { exchangeOf } from '../../http/server-instrumentation.js'

/** Adds the route of the metrics in a child of its own: the hooks of the instance apply, those given here are for it alone. */
export function addMetricsRoute(
  app: FastifyInstance,
  path: string,
  options: MetricsHandlerOptions,
  route: RouteShorthandOptions = {},
): void {
  const handler = new ScrapeHandler(options)
  const { config, schema, ...rest } = route
  void app.register((child, _options, done) => {
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
    done()
  })
}

/** Answers at the path if no route does. Call it before other hooks are added: those then see none of it. */
export function addMetricsFallback(app: FastifyInstance, path: string, options: MetricsHandlerOptions): void {
  const handler = new ScrapeHandler(options)
  app.addHook('onRequest', (request, reply, done) => {
    if (!request.is404 || (request.raw.url ?? '').split('?', 1)[0] !== path) return done()
    exchangeOf(request.raw)?.dismiss()
    respond(handler, request, reply).catch(() => reply.raw.destroy())
  })
}

async function respond(handler: ScrapeHandler, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  if (!(await responseTurn(request.raw, reply.raw))) return reply.hijack()
  const signal = clientSignal(reply.raw)
  const query = /\?(.*)$/s.exec(request.raw.url ?? '')?.[1] ?? ''
  const { status, headers, body } = await handler.respond(request.headers, query, { method: request.method, signal })
  reply.code(status).headers(headers)
  if (body instanceof ScrapeBody) return reply.send(readableOf(body))
  const bytes = body as Uint8Array | undefined
  void reply.send(bytes && Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  limitUnread(reply.raw, bytes?.length ?? 0, handler.sendLimits)
  return reply
}

/** A stream as Fastify sends it, which fails if the body does. */
function readableOf(body: ScrapeBody): Readable {
  const readable = new Readable({
    highWaterMark: 1, // the next part is rendered when the last one has been taken
    read() {
      body.next().then(
        ({ done, value }) => this.push(done === true ? null : value),
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
