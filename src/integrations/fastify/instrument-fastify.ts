import type { FastifyInstance, FastifyRequest } from 'fastify'
import { checkBooleans, checkMethods, checkOptions, givenOptions, isObject } from '../../base/check-options.js'
import { systemClock } from '../../base/clock.js'
import { currentFrame, EMPTY_FRAME, type Frame, runInFrame } from '../../base/context.js'
import { DefinitionError } from '../../base/errors.js'
import { inspectValue } from '../../base/strings/inspect-value.js'
import { HANDLER_OPTIONS } from '../../exporters/prometheus/http/handler.js'
import { checkProducers } from '../../metrics/collection/gather.js'
import { ownServersOf } from '../../serving/owned-servers.js'
import { runDetached } from '../../base/suppression.js'
import { makeServerInstrumentation } from '../../http/make-server-instrumentation.js'
import type { RequestTags } from '../../http/request-tags.js'
import { exchangeOf, type ServerInstrumentation } from '../../http/server-instrumentation.js'
import { UpgradeWatch } from '../../http/upgrade-watch.js'
import { defaultTracer } from '../../setup/tracer.js'
import { isHijacked } from './hijacked-reply.js'
import { addMetricsFallback, addMetricsRoute, isUnrouted } from './metrics-route.js'
import type { TallyscopeDecoration, TallyscopeFastifyOptions } from './options.js'
import { NOT_MEASURED, RouteTable } from './route-table.js'

interface InstrumentedFastify {
  readonly decoration: TallyscopeDecoration
  readonly server: ServerInstrumentation
}

/** Adds hooks and the metrics route to an application, but no decorators. */
export function instrumentFastify(app: FastifyInstance, options: TallyscopeFastifyOptions): InstrumentedFastify {
  checkPluginOptions(app, options)
  const { clock = systemClock, metricsPath = '/metrics' } = options
  const { excludelistPaths: ignorePaths, excludelistHostnames: ignoreHosts, untrusted: publicEndpoint } = options
  const { server, stats, tracer, registry, requestTags } = makeServerInstrumentation<FastifyRequest>(
    { ...givenOptions({ ignorePaths, ignoreHosts, publicEndpoint }), ...givenOptions(options) },
    { owner: OWNER, defaultTracer, isHijacked },
  )
  ownServersOf(app.server)
  const decoration: TallyscopeDecoration = { stats, tracer, registry, producers: [stats, registry] }
  const producers = [...decoration.producers, ...(options.producers ?? [])]
  const { group } = options
  if (group !== undefined) for (const producer of producers) group.add(producer)
  const handlerOptions = { ...options.metrics, ...(group === undefined ? { producers } : { group }), clock }
  const isFallback = options.metricsFallback ?? options.metricsWhereUnrouted ?? false
  const fallbackPath = metricsPath !== false && isFallback ? app.prefix + metricsPath : false
  if (fallbackPath !== false) addMetricsFallback(app, fallbackPath, handlerOptions, server)
  addHooks(app, server, requestTags, fallbackPath)
  if (metricsPath !== false && !isFallback) addMetricsRoute(app, metricsPath, handlerOptions, options.metricsRoute)
  return { decoration, server }
}

const OWNER = 'tallyscopeFastify'

/** @throws {@link DefinitionError} for an option of the plugin itself that is of the wrong type. */
function checkPluginOptions(app: FastifyInstance, options: TallyscopeFastifyOptions): void {
  const { metricsPath, metricsFallback, metricsWhereUnrouted, metricsRoute, producers, group, metrics } = options
  const isPath = metricsPath === undefined || metricsPath === false || isRoutePath(metricsPath, app.prefix)
  if (!isPath) throw refused('metricsPath', 'a path that begins with a slash, or false', metricsPath)
  checkBooleans('ERR_OPTION', {
    [`metricsFallback of ${OWNER}`]: metricsFallback,
    [`metricsWhereUnrouted of ${OWNER}`]: metricsWhereUnrouted,
  })
  if (metricsRoute !== undefined && !isObject(metricsRoute)) throw refused('metricsRoute', "Fastify's options of a route", metricsRoute)
  if (producers !== undefined) checkProducers(producers)
  if (group !== undefined) checkMethods('ERR_OPTION', `group of ${OWNER}`, group, ['getMetrics', 'add'])
  checkOptions(`metrics of ${OWNER}`, metrics, HANDLER_OPTIONS)
}

function isRoutePath(path: unknown, prefix: string): boolean {
  return typeof path === 'string' && (path.startsWith('/') || (path === '' && prefix !== ''))
}

function refused(name: string, rule: string, given: unknown): DefinitionError {
  return new DefinitionError('ERR_OPTION', `${name} of ${OWNER} must be ${rule}: it is ${inspectValue(given)}`)
}

function addHooks(
  app: FastifyInstance,
  server: ServerInstrumentation,
  requestTags: RequestTags<FastifyRequest> | undefined,
  fallbackPath: string | false,
): void {
  const routes = new RouteTable(server.measures, server.unmatched, requestTags)

  // Not `enterWith`: its context outlives the request, so the next request of the connection would have this span.
  app.addHook('onRequest', (request, reply, done) => {
    if (server.stopped) return done()
    const exchange = server.exchangeOf(request.raw, reply.raw)
    const route = exchange === undefined ? NOT_MEASURED : routes.find(request)
    if (route === NOT_MEASURED) {
      exchange?.dismiss()
      // Requests and spans that the handler of an excluded request makes are excluded too.
      return runDetached(done)
    }
    // No span for a scrape that the fallback may serve.
    if (fallbackPath === false || !isUnrouted(request, fallbackPath)) exchange!.routed(route, request, reply)
    continueIn(exchange!.frame, done)
  })

  // A stream of HTTP/2 ends in the context of its connection.
  if ((app.initialConfig as { http2?: boolean }).http2 === true) {
    app.addHook('onResponse', (request, _reply, done) => {
      const exchange = exchangeOf(request.raw)
      if (exchange === undefined) done()
      else continueIn(exchange.frame, done)
    })
  }

  app.addHook('onError', (request, _reply, error, done) => {
    const exchange = exchangeOf(request.raw)
    if (exchange !== undefined) exchange.error ??= error
    done()
  })

  // Only for the root instance. Fastify responds to some requests before any hook runs, such as those with a malformed path.
  if (Object.getPrototypeOf(app) === Object.prototype) {
    app.server.prependListener('request', (request, response) => {
      server.exchangeOf(request, response)
    })
    new UpgradeWatch(server, { isFrameworks: true }).watch(app.server)
  }
}

/** Calls `done` in this frame, or in the empty one if it is undefined. */
function continueIn(frame: Frame | undefined, done: () => void): void {
  // The current frame is only read if there is none to set, because reading it is expensive.
  if (frame !== undefined) runInFrame(frame, done)
  else if (currentFrame() === EMPTY_FRAME) done()
  else runInFrame(EMPTY_FRAME, done)
}
