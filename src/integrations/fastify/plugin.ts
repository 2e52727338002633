import type { FastifyInstance, FastifyPluginCallback, FastifyRequest } from 'fastify'
import { systemClock } from '../../base/clock.js'
import { currentFrame, EMPTY_FRAME, runInFrame } from '../../base/context.js'
import { warnOnce } from '../../base/logger.js'
import { sharedState } from '../../base/process-global.js'
import { MetricRegistry } from '../../metrics/instruments/metric-registry.js'
import { httpServerViews } from '../../http/http-views.js'
import { registerReadyViews } from '../../http/predefined-view.js'
import { type Stats, stats as sharedStats } from '../../stats/stats.js'
import { PathExclusion } from '../../http/http-exclusion.js'
import { Tracer } from '../../setup/tracer.js'
import { addMetricsFallback, addMetricsRoute } from './metrics-route.js'
import type { TallyscopeDecoration, TallyscopeFastifyOptions } from './options.js'
import { NOT_MEASURED, RouteTable } from './route-table.js'
import { ServerMeasures } from '../../http/server-measures.js'
import { exchangeOf, ServerInstrumentation } from '../../http/server-instrumentation.js'

const registries = sharedState('http-registries', () => new WeakMap<Stats, MetricRegistry>())

/** One registry for each engine, so that several servers of one process add up instead of clashing. */
function registryOf(stats: Stats): MetricRegistry {
  let registry = registries.get(stats)
  if (registry === undefined) {
    registry = new MetricRegistry()
    registries.set(stats, registry)
  }
  return registry
}

/**
 * A Fastify plugin: a server span for each request, its latency and its bytes, the requests in flight, and a route for
 * the metrics. To be registered before the routes and before other plugins: their hooks then run inside the span, and
 * what they answer is counted too.
 *
 * The span and the tags of the request are current in all hooks and handlers after it, over `await` too.
 *
 * @throws {@link DefinitionError} where measures, views or gauges of these names are there with another definition.
 * @example
 * await app.register(tallyscopeFastify, { tracer, metricsPath: '/metrics', excludelistPaths: ['_ah/health'] })
 */
export const tallyscopeFastify: FastifyPluginCallback<TallyscopeFastifyOptions> = Object.assign(install, {
  // The marks of a plugin for the instance itself rather than for a child of it.
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: 'tallyscope',
  [Symbol.for('plugin-meta')]: { name: 'tallyscope', fastify: '>=5 <7' },
})

function install(app: FastifyInstance, options: TallyscopeFastifyOptions, done: (error?: Error) => void): void {
  if (app.hasDecorator('tallyscope')) {
    warnOnce('TALLYSCOPE_FASTIFY_TWICE', 'plugin', 'tallyscopeFastify is registered already on this instance or one above; the first stays')
    return done()
  }
  const { stats = sharedStats, clock = systemClock, views = httpServerViews } = options
  const { registry = registryOf(stats), metricsPath = '/metrics' } = options
  const tracer = options.tracer === false ? undefined : (options.tracer ?? new Tracer({ stats }))
  const measures = new ServerMeasures(stats)
  if (views !== false) registerReadyViews(stats, views)
  const inFlight = registry.gauge('http/server/in_flight', { type: 'int64', description: 'Requests that are being answered' })
  const side = new ServerInstrumentation({
    tracer,
    measures,
    inFlight: inFlight.defaultTimeSeries(),
    clock,
    excludedPaths: new PathExclusion(options.excludelistPaths),
    excludedHosts: options.excludelistHostnames ?? [],
    untrusted: options.untrusted ?? tracer?.untrusted ?? false,
  })
  const decoration: TallyscopeDecoration = { stats, tracer, registry, producers: [stats, registry] }
  app.decorate('tallyscope', decoration)
  if (!app.hasRequestDecorator('span')) app.decorateRequest('span', { getter: spanOf })
  const handlerOptions = { ...options.metrics, producers: [...decoration.producers, ...(options.producers ?? [])], clock }
  const isFallback = options.metricsWhereUnrouted === true
  if (metricsPath !== false && isFallback) addMetricsFallback(app, metricsPath, handlerOptions)
  addHooks(app, side)
  if (metricsPath !== false && !isFallback) addMetricsRoute(app, metricsPath, handlerOptions, options.metricsRoute)
  done()
}

function spanOf(this: FastifyRequest): FastifyRequest['span'] {
  return exchangeOf(this.raw)?.span
}

function addHooks(app: FastifyInstance, side: ServerInstrumentation): void {
  const routes = new RouteTable(side.measures, side.unmatched)

  // `run`, and not `enterWith`: that would outlive the request, and the next one of the connection would find its span.
  app.addHook('onRequest', (request, reply, done) => {
    const exchange = side.exchangeOf(request.raw, reply.raw)
    if (exchange !== undefined) {
      const route = routes.find(request)
      if (route === NOT_MEASURED) exchange.dismiss()
      else exchange.routed(route)
    }
    const frame = exchange?.frame
    // What is current costs a walk through the async hooks to find out: asked only where nothing is to be entered.
    if (frame !== undefined) runInFrame(frame, done)
    else if (currentFrame() === EMPTY_FRAME) done()
    else runInFrame(EMPTY_FRAME, done)
  })

  app.addHook('onError', (request, _reply, error, done) => {
    const exchange = exchangeOf(request.raw)
    if (exchange !== undefined) exchange.error ??= error
    done()
  })

  // Of the whole server: requests that Fastify answers before any hook, such as those with a damaged path.
  if (Object.getPrototypeOf(app) === Object.prototype) {
    app.server.prependListener('request', (request, response) => {
      side.exchangeOf(request, response)
    })
  }
}
