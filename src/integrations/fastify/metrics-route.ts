import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteShorthandOptions } from 'fastify'
import { clientSignal } from '../../serving/client-signal.js'
import { type MetricsHandler, type MetricsHandlerOptions, metricsHandler } from '../../exporters/prometheus/http/handler.js'
import { exchangeOf } from '../../http/server-instrumentation.js'

/** Adds the route of the metrics in a child of its own: the hooks of the instance apply, those given here are for it alone. */
export function addMetricsRoute(
  app: FastifyInstance,
  path: string,
  options: MetricsHandlerOptions,
  route: RouteShorthandOptions = {},
): void {
  const handle = metricsHandler(options)
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
      handler: (request, reply) => answer(handle, request, reply),
    })
    done()
  })
}

/** Answers at the path where no route does. To be called before other hooks are added: those then see none of it. */
export function addMetricsFallback(app: FastifyInstance, path: string, options: MetricsHandlerOptions): void {
  const handle = metricsHandler(options)
  app.addHook('onRequest', (request, reply, done) => {
    if (!request.is404 || (request.raw.url ?? '').split('?', 1)[0] !== path) return done()
    exchangeOf(request.raw)?.dismiss()
    answer(handle, request, reply).catch(() => reply.raw.destroy())
  })
}

async function answer(handle: MetricsHandler, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const signal = clientSignal(request.raw, reply.raw)
  const query = /\?(.*)$/s.exec(request.raw.url ?? '')?.[1] ?? ''
  const { status, headers, body } = await handle(request.headers, query, { method: request.method, signal })
  reply.code(status).headers(headers)
  if (body === undefined) return reply.send()
  if (body instanceof Uint8Array) return reply.send(Buffer.from(body.buffer, body.byteOffset, body.byteLength))
  return reply.send(Readable.from(body, { objectMode: false }))
}
