import { type Clock, systemClock } from '../base/clock.js'
import { processGlobal } from '../base/process-global.js'
import { MetricRegistry } from '../metrics/instruments/metric-registry.js'
import { type Stats, stats as sharedStats } from '../stats/stats.js'
import type { TracerCore } from '../trace/tracer-core.js'
import { PathExclusion, type PathRule } from './http-exclusion.js'
import { httpServerDurationViews, httpServerViews } from './http-views.js'
import { type ReadyView, registerReadyViews } from './predefined-view.js'
import { type RequestTagFunctions, RequestTags } from './request-tags.js'
import { type RouteFinder, ServerInstrumentation } from './server-instrumentation.js'
import { ServerMeasures } from './server-measures.js'
import type { UrlQuery } from './url-query.js'

/** The options of all server integrations. */
export interface ServerOptions<R> {
  readonly tracer?: TracerCore | false
  readonly stats?: Stats
  readonly registry?: MetricRegistry
  readonly views?: readonly ReadyView[] | false
  readonly ignorePaths?: readonly PathRule[] | undefined
  readonly ignoreHosts?: readonly string[] | undefined
  readonly publicEndpoint?: boolean | undefined
  readonly requestTags?: RequestTagFunctions<R>
  readonly contextTags?: readonly string[]
  readonly statusClasses?: boolean
  readonly bodySizes?: boolean
  readonly urlQuery?: UrlQuery
  readonly clock?: Clock
}

/** The parts in which server integrations differ. */
export interface ServerParts<R> {
  readonly defaultTracer: (stats: Stats) => TracerCore
  readonly routes?: (measures: ServerMeasures, requestTags: RequestTags<R> | undefined) => RouteFinder
  readonly isHijacked?: (reply: object) => boolean
}

export interface MadeServerInstrumentation<R> {
  readonly server: ServerInstrumentation
  readonly stats: Stats
  readonly tracer: TracerCore | undefined
  readonly registry: MetricRegistry
  readonly requestTags: RequestTags<R> | undefined
}

const registries = processGlobal('http-registries', () => new WeakMap<Stats, MetricRegistry>())

/** One registry for each engine, so that several servers of a process share their metrics instead of clashing. */
function registryOf(stats: Stats): MetricRegistry {
  let registry = registries.get(stats)
  if (registry === undefined) {
    registry = new MetricRegistry()
    registries.set(stats, registry)
  }
  return registry
}

/**
 * Defines measures, views and the gauge of requests in flight, and creates the instrumentation.
 * @throws {@link DefinitionError} if one of these names exists with another definition.
 */
export function makeServerInstrumentation<R>(options: ServerOptions<R>, parts: ServerParts<R>): MadeServerInstrumentation<R> {
  const { stats = sharedStats, clock = systemClock, bodySizes = true } = options
  const { registry = registryOf(stats), views = bodySizes ? httpServerViews : httpServerDurationViews } = options
  const tracer = options.tracer === false ? undefined : (options.tracer ?? parts.defaultTracer(stats))
  const requestTags = options.requestTags === undefined ? undefined : new RequestTags<R>(options.requestTags)
  const measures = new ServerMeasures(stats, { statusClasses: options.statusClasses === true })
  if (views !== false) registerReadyViews(stats, views, requestTags?.keys, options.contextTags)
  const inFlight = registry.gauge('http/server/in_flight', { type: 'int64', description: 'Requests in progress' })
  const server = new ServerInstrumentation({
    tracer,
    measures,
    inFlight: inFlight.defaultTimeSeries(),
    clock,
    ignorePaths: new PathExclusion(options.ignorePaths),
    ignoreHosts: options.ignoreHosts ?? [],
    publicEndpoint: options.publicEndpoint ?? tracer?.untrusted ?? false,
    ...(options.publicEndpoint === false && { trustsCallers: true }),
    urlQuery: options.urlQuery ?? false,
    requestTags,
    routes: parts.routes?.(measures, requestTags),
    isHijacked: parts.isHijacked,
  })
  return { server, stats, tracer, registry, requestTags }
}
