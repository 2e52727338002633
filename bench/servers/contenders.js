// @ts-check
// Hello-world servers of Express and Fastify, without and with each contender, with the first settings of its documentation.
import { AsyncLocalStorage } from 'node:async_hooks'
import { createRequire } from 'node:module'

/** Loads peers, which need not be installed. @type {((name: string) => any) & { resolve: (name: string) => string }} */
const require = createRequire(import.meta.url)

/** OpenTelemetry patches modules when they are loaded, so that this comes first. Spans go to the cheapest exporter. @param {boolean} isSampled */
function startOpenTelemetry(isSampled) {
  const { AlwaysOffSampler, AlwaysOnSampler, BasicTracerProvider, BatchSpanProcessor } = require('@opentelemetry/sdk-trace-base')
  const { AsyncLocalStorageContextManager } = require('@opentelemetry/context-async-hooks')
  const { context } = require('@opentelemetry/api')
  const { registerInstrumentations } = require('@opentelemetry/instrumentation')
  const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http')
  const { ExpressInstrumentation } = require('@opentelemetry/instrumentation-express')
  const { MeterProvider } = require('@opentelemetry/sdk-metrics')
  const exporter = {
    export: (/** @type {unknown} */ _spans, /** @type {(result: object) => void} */ done) => done({ code: 0 }),
    shutdown: async () => {},
  }
  const sampler = isSampled ? new AlwaysOnSampler() : new AlwaysOffSampler()
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  registerInstrumentations({
    tracerProvider: new BasicTracerProvider({ sampler, spanProcessors: [new BatchSpanProcessor(/** @type {any} */ (exporter))] }),
    meterProvider: new MeterProvider(),
    instrumentations: [new HttpInstrumentation(), new ExpressInstrumentation()],
  })
}

/** @param {(app: any) => unknown} [install] */
function express(install) {
  const app = require('express')()
  install?.(app)
  app.get('/hello', (/** @type {unknown} */ _request, /** @type {any} */ response) => response.json({ hello: 'world' }))
  return new Promise((resolve) => {
    const server = app.listen(0, '127.0.0.1', () => resolve(server.address().port))
  })
}

/** @param {(app: any) => unknown} [install] @returns {Promise<number>} */
async function fastify(install) {
  const app = require('fastify')()
  await install?.(app)
  app.get('/hello', async () => ({ hello: 'world' }))
  await app.listen({ port: 0, host: '127.0.0.1' })
  return app.server.address().port
}

/** Each starts a server and returns its port. @type {{ [framework: string]: { [contender: string]: () => Promise<number> } }} */
export const CONTENDERS = {
  Express: {
    nothing: () => express(),
    tallyscope: async () => {
      const { instrumentHttpServer } = await import('tallyscope/http-server')
      instrumentHttpServer()
      return express()
    },
    // The others count no bytes of bodies.
    'tallyscope, no body sizes': async () => {
      const { instrumentHttpServer } = await import('tallyscope/http-server')
      instrumentHttpServer({ bodySizes: false })
      return express()
    },
    'express-prom-bundle': () => express((app) => app.use(require('express-prom-bundle')({ includeMethod: true, includePath: true }))),
    OpenTelemetry: () => {
      startOpenTelemetry(true)
      return express()
    },
    'OpenTelemetry, unsampled': () => {
      startOpenTelemetry(false)
      return express()
    },
  },
  Fastify: {
    nothing: () => fastify(),
    tallyscope: async () => {
      const { tallyscopeFastify } = await import('tallyscope/fastify')
      return fastify((app) => app.register(tallyscopeFastify))
    },
    'tallyscope, no body sizes': async () => {
      const { tallyscopeFastify } = await import('tallyscope/fastify')
      return fastify((app) => app.register(tallyscopeFastify, { bodySizes: false }))
    },
    'fastify-metrics': () =>
      fastify((app) => {
        const plugin = require('fastify-metrics')
        return app.register(plugin.default ?? plugin, { endpoint: '/metrics', defaultMetrics: { enabled: false } })
      }),
    'AsyncLocalStorage.run alone': () =>
      fastify((app) => {
        const storage = new AsyncLocalStorage()
        app.addHook('onRequest', (/** @type {unknown} */ _request, /** @type {unknown} */ _reply, /** @type {() => void} */ done) =>
          storage.run({}, done),
        )
      }),
  },
}
