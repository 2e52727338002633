import type { FastifyInstance, FastifyRequest } from 'fastify'
import { systemClock } from '../../base/clock.js'
import { currentFrame, EMPTY_FRAME, runInFrame } from '../../base/context.js'
import { sharedState } from '../../base/process-global.js'
import { runDetached } from '../../base/suppression.js'
import { PathExclusion } from '../../http/http-exclusion.js'
import { httpServerDurationViews, httpServerViews } from '../../http/http-views.js'
import { registerReadyViews } from '../../http/predefined-view.js'
import { RequestTags } from '../../http/request-tags.js'
import { exchangeOf, ServerInstrumentation } from '../../http/server-instrumentation.js'
import { ServerMeasures } from '../../http/server-measures.js'
import { MetricRegistry } from '../../metrics/instruments/metric-registry.js'
import { defaultTracer } from '../../setup/tracer.js'
import { type Stats, stats as sharedStats } from '../../stats/stats.js'
import { isHijacked } from './hijacked-reply.js'
import { addMetricsFallback, addMetricsRoute, isUnrouted } from './metrics-route.js'
import type { TallyscopeDecoration, TallyscopeFastifyOptions } from './options.js'
import { NOT_MEASURED, RouteTable } from './route-table.js'

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

export interface InstrumentedFastify {
  readonly decoration: TallyscopeDecoration
  readonly server: ServerInstrumentation
}

/** Adds hooks and the route of the metrics to an application. It adds no decorators. */
export function instrumentFastify(app: FastifyInstance, options: TallyscopeFastifyOptions): InstrumentedFastify {
  const { stats = sharedStats, clock = systemClock } = options
  const { registry = registryOf(stats), metricsPath = '/metrics' } = options
  const tracer = options.tracer === false ? undefined : (options.tracer ?? defaultTracer(stats))
  const requestTags = options.requestTags === undefined ? undefined : new RequestTags<FastifyRequest>(options.requestTags)
  const measures = new ServerMeasures(stats, { statusClasses: options.statusClasses === true })
  const views = options.views ?? (options.bodySizes === false ? httpServerDurationViews : httpServerViews)
  if (views !== false) registerReadyViews(stats, views, requestTags?.keys)
  const inFlight = registry.gauge('http/server/in_flight', { type: 'int64', description: 'Requests that are being answered' })
  const server = new ServerInstrumentation({
    tracer,
    measures,
    inFlight: inFlight.defaultTimeSeries(),
    clock,
    ignorePaths: new PathExclusion(options.ignorePaths ?? options.excludelistPaths),
    ignoreHosts: options.ignoreHosts ?? options.excludelistHostnames ?? [],
    publicEndpoint: options.publicEndpoint ?? options.untrusted ?? tracer?.untrusted ?? false,
    urlQuery: options.urlQuery ?? false,
    requestTags,
    isHijacked,
  })
  const decoration: TallyscopeDecoration = { stats, tracer, registry, producers: [stats, registry] }
  const handlerOptions = { ...options.metrics, producers: [...decoration.producers, ...(options.producers ?? [])], clock }
  const isFallback = options.metricsFallback ?? options.metricsWhereUnrouted ?? false
  if (metricsPath !== false && isFallback) addMetricsFallback(app, metricsPath, handlerOptions, server)
  addHooks(app, server, requestTags, isFallback ? metricsPath : false)
  if (metricsPath !== false && !isFallback) addMetricsRoute(app, metricsPath, handlerOptions, options.metricsRoute)
  return { decoration, server }
}

function addHooks(
  app: FastifyInstance,
  server: ServerInstrumentation,
  requestTags: RequestTags<FastifyRequest> | undefined,
  fallbackPath: string | false,
): void {
  const routes = new RouteTable(server.measures, server.unmatched, requestTags)

  // `run`, and not `enterWith`: that would outlive the request, and the next one of the connection would find its span.
  app.addHook('onRequest', (request, reply, done) => {
    if (server.stopped) return done()
    const exchange = server.exchangeOf(request.raw, reply.raw)
    const route = exchange === undefined ? NOT_MEASURED : routes.find(request)
    if (route === NOT_MEASURED) {
      exchange?.dismiss()
      // What the handler of an excluded request does is excluded with it.
      return runDetached(done)
    }
    // A scrape that the fallback may answer has no span.
    if (fallbackPath === false || !isUnrouted(request, fallbackPath)) exchange!.routed(route, request, reply)
    const frame = exchange!.frame
    // Reading what is current costs a walk through the async hooks, so only if nothing is entered.
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
      server.exchangeOf(request, response)
    })
  }
}
