// @ts-check
// What both services have in common: a tracer that writes spans to a file, the plugin, and the outgoing requests.
import fastify from 'fastify'
import { AlwaysOnSampler, FileExporter, stats, TagBaggage, Tracer } from 'tallyscope'
import { tallyscopeFastify } from 'tallyscope/fastify'
import { instrumentHttpClient } from 'tallyscope/http-client'
import { traceLogMixin } from 'tallyscope/logging'

/**
 * @param {string} name
 * @param {(app: import('fastify').FastifyInstance, tracer: Tracer) => void} addRoutes
 */
export async function startService(name, addRoutes) {
  const tracer = new Tracer({
    sampler: new AlwaysOnSampler(),
    exporter: new FileExporter({ path: process.env.TRACES ?? 'traces.jsonl' }),
    defaultAttributes: { service: name },
    baggage: new TagBaggage({ allow: ['region'] }), // of the current tags, only this one goes along
  })
  tracer.registerViews()
  const client = instrumentHttpClient({ tracer })
  const app = fastify({ logger: { level: process.env.LOG_LEVEL ?? 'warn', mixin: traceLogMixin } })
  await app.register(tallyscopeFastify, { tracer, metricsPath: '/metrics' })
  addRoutes(app, tracer)
  const url = await app.listen({ port: Number(process.env.PORT ?? 0), host: '127.0.0.1' })

  async function close() {
    await app.close()
    client.stop()
    await tracer.shutdown()
    stats.shutdown()
  }
  process.once('SIGTERM', () => void close())
  process.once('disconnect', () => void close())
  process.send?.({ url })
  return { app, url, tracer, close }
}
