// @ts-check
// A Fastify hello-world server without and with each contender.
import { AsyncLocalStorage, executionAsyncResource } from 'node:async_hooks'
import { createRequire } from 'node:module'

/** Loads peers, which need not be installed. @type {((name: string) => any) & { resolve: (name: string) => string }} */
const require = createRequire(import.meta.url)

/** @typedef {import('fastify').FastifyInstance} App */

/** @type {unknown} */
export let kept

/** Spans go to the cheapest exporter, because exporters are not compared here. */
const NO_EXPORTER = { export: () => {} }

/** @param {App} app @param {'on' | 'unsampled' | 'off'} spans */
async function tallyscope(app, spans) {
  const { AlwaysOffSampler, AlwaysOnSampler, AsyncTransport, Stats, Tracer } = await import('tallyscope')
  const { tallyscopeFastify } = await import('tallyscope/fastify')
  const stats = new Stats()
  const sampler = spans === 'on' ? new AlwaysOnSampler() : new AlwaysOffSampler()
  const transport = (/** @type {any} */ exporter) => new AsyncTransport(exporter)
  const tracer = spans === 'off' ? false : new Tracer({ stats, sampler, exporter: NO_EXPORTER, transport })
  await app.register(tallyscopeFastify, { stats, tracer })
}

/** OpenTelemetry patches node:http when it is loaded, so this comes before Fastify is. @param {'on' | 'unsampled'} spans */
function startOpenTelemetry(spans) {
  const { AlwaysOffSampler, AlwaysOnSampler, BasicTracerProvider, BatchSpanProcessor } = require('@opentelemetry/sdk-trace-base')
  const { AsyncLocalStorageContextManager } = require('@opentelemetry/context-async-hooks')
  const { context, trace } = require('@opentelemetry/api')
  const { registerInstrumentations } = require('@opentelemetry/instrumentation')
  const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http')
  const { MeterProvider } = require('@opentelemetry/sdk-metrics')
  const FastifyInstrumentation = require('@fastify/otel').FastifyOtelInstrumentation
  const exporter = {
    export: (/** @type {unknown} */ _spans, /** @type {(result: object) => void} */ done) => done({ code: 0 }),
    shutdown: async () => {},
  }
  const sampler = spans === 'on' ? new AlwaysOnSampler() : new AlwaysOffSampler()
  const tracerProvider = new BasicTracerProvider({ sampler, spanProcessors: [new BatchSpanProcessor(/** @type {any} */ (exporter))] })
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  trace.setGlobalTracerProvider(tracerProvider)
  const instrumentation = new FastifyInstrumentation()
  instrumentation.setTracerProvider(tracerProvider)
  registerInstrumentations({ tracerProvider, meterProvider: new MeterProvider(), instrumentations: [new HttpInstrumentation()] })
  return (/** @type {App} */ app) => app.register(instrumentation.plugin())
}

/** @type {{ [contender: string]: { needs?: readonly string[], install: () => (app: App) => unknown } }} */
const CONTENDERS = {
  nothing: { install: () => () => {} },
  /** A side effect of the plugin of tallyscope: see src/http/tick-shape-guard.ts. */
  'kept tick': {
    install: () => (app) => {
      let seen = 0
      const keep = () => process.nextTick(() => (kept = executionAsyncResource()))
      keep()
      app.addHook('onRequest', (_request, _reply, done) => {
        if (++seen % 256 === 0) keep()
        done()
      })
    },
  },
  /** The minimum cost of any context over `await`. */
  context: {
    install: () => (app) => {
      const storage = new AsyncLocalStorage()
      app.addHook('onRequest', (_request, _reply, done) => storage.run({}, done))
    },
  },
  'tallyscope on': { install: () => (app) => tallyscope(app, 'on') },
  'tallyscope unsampled': { install: () => (app) => tallyscope(app, 'unsampled') },
  'tallyscope off': { install: () => (app) => tallyscope(app, 'off') },
  'fastify-metrics': {
    needs: ['fastify-metrics'],
    install: () => (app) => {
      const plugin = require('fastify-metrics')
      return app.register(plugin.default ?? plugin, { endpoint: '/metrics', defaultMetrics: { enabled: false } })
    },
  },
  'opentelemetry on': { needs: ['@fastify/otel', '@opentelemetry/instrumentation-http'], install: () => startOpenTelemetry('on') },
  'opentelemetry unsampled': {
    needs: ['@fastify/otel', '@opentelemetry/instrumentation-http'],
    install: () => startOpenTelemetry('unsampled'),
  },
}

/** The contenders whose packages are installed. */
export function contenders() {
  const isThere = (/** @type {string} */ name) => {
    try {
      return require.resolve(name) !== ''
    } catch {
      return false
    }
  }
  return Object.keys(CONTENDERS).filter((name) => CONTENDERS[name]?.needs?.every(isThere) ?? true)
}

/** @param {string} contender @returns {Promise<number>} The port. */
export async function listen(contender) {
  const entry = CONTENDERS[contender]
  if (entry === undefined) throw new Error(`no contender is called ${contender}`)
  const register = entry.install()
  require('node:http')
  const app = /** @type {App} */ (require('fastify')())
  await register(app)
  app.get('/hello', async () => ({ hello: 'world' }))
  await app.listen({ port: 0, host: '127.0.0.1' })
  return /** @type {import('node:net').AddressInfo} */ (app.server.address()).port
}
