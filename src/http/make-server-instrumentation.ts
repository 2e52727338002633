import { getOrInsert } from '../base/get-or-insert.js'
import { checkMethods, type OptionNames, optionNames } from '../base/check-options.js'
import { type Clock, systemClock } from '../base/clock.js'
import { processGlobal } from '../base/process-global.js'
import { MetricRegistry } from '../metrics/instruments/metric-registry.js'
import { type Stats, stats as sharedStats } from '../stats/stats.js'
import { integrationTracer } from '../trace/integration-tracer.js'
import type { TracerCore } from '../trace/tracer-core.js'
import { checkHttpOptions, checkRequestTags } from './check-http-options.js'
import { PathExclusion, type PathRule } from './http-exclusion.js'
import { httpServerDurationViews, httpServerViews } from './views/http-views.js'
import { type ReadyView, registerReadyViews } from './views/predefined-view.js'
import { type RequestTagFunctions, RequestTags } from './request-tags.js'
import { type RouteFinder, ServerInstrumentation } from './server-instrumentation.js'
import { ServerMeasures } from './server-measures.js'
import type { UrlQuery } from './url-query.js'

/** The options of all server integrations. */
export interface ServerOptions<R> {
  /** Tracer of the server spans. Default: one shared by all integrations, which exports nothing. False: no spans and no async context. */
  readonly tracer?: TracerCore | false
  /** Stats that record the requests. Default: the shared `stats`. */
  readonly stats?: Stats
  /** Registry of the gauge `http/server/in_flight`. Default: one registry for each `stats`. */
  readonly registry?: MetricRegistry
  /** Views to register, such as `openCensusHttpServerViews`. Default: `httpServerViews`; false for none. */
  readonly views?: readonly ReadyView[] | false
  /**
   * Paths without spans and measurements, including spans that their handlers would start. A string matches a path and all paths
   * below it. A regular expression is matched against the path with its leading slash. Default `['_ah/health']`.
   */
  readonly ignorePaths?: readonly PathRule[]
  /** `Host` headers without spans and measurements, compared exactly. Callers choose this header. Default none. */
  readonly ignoreHosts?: readonly string[]
  /**
   * True if callers are not trusted: spans link to their traces instead of continuing them, and tags that they send are dropped. False
   * if all callers are trusted. Default: `untrusted` of the tracer. If that is not set either, traces are continued, and a caller's
   * decision to sample is followed at most ten times a second.
   */
  readonly publicEndpoint?: boolean
  /**
   * Additional tags of the integration's views, by key. Each function is called with the request when the response closes. From the
   * 101st different value of a tag on, values become `other`. Default: none.
   * @example
   * requestTags: { tenant: (request) => request.headers['x-tenant'] }
   */
  readonly requestTags?: RequestTagFunctions<R>
  /**
   * Additional tag keys of the integration's views that are read from the async context, where `withTags` sets them while a request is
   * handled. The number of values is not limited: use few. Default none.
   */
  readonly contextTags?: readonly string[]
  /** True for `2xx` instead of `204` as value of the tag `status`. Default false. */
  readonly statusClasses?: boolean
  /** False to register no views of body sizes. Default true. */
  readonly bodySizes?: boolean
  /**
   * The query in the attribute `http.url`: `false` none, `'redacted'` names with `REDACTED` for values, `true` all, or a function of the
   * query. Default false.
   */
  readonly urlQuery?: UrlQuery
  /** Source of time. Default: the system clock. */
  readonly clock?: Clock
}

export const SERVER_OPTIONS: OptionNames<ServerOptions<never>> = optionNames(
  'tracer stats registry views ignorePaths ignoreHosts publicEndpoint requestTags contextTags statusClasses bodySizes urlQuery clock',
)

/** The parts in which server integrations differ. */
interface ServerParts<R> {
  /** The function or plugin with the options, for messages. */
  readonly owner: string
  readonly defaultTracer: (stats: Stats) => TracerCore
  readonly routes?: (measures: ServerMeasures, requestTags: RequestTags<R> | undefined) => RouteFinder
  readonly isHijacked?: (reply: object) => boolean
}

interface MadeServerInstrumentation<R> {
  readonly server: ServerInstrumentation
  readonly stats: Stats
  readonly tracer: TracerCore | undefined
  readonly registry: MetricRegistry
  readonly requestTags: RequestTags<R> | undefined
}

function checkServerOptions<R>(owner: string, options: ServerOptions<R>): void {
  const { registry, publicEndpoint, statusClasses, bodySizes, requestTags } = options
  checkHttpOptions(owner, options, { publicEndpoint, statusClasses, bodySizes })
  if (registry !== undefined) checkMethods('ERR_OPTION', `registry of ${owner}`, registry, ['gauge', 'getMetrics'])
  checkRequestTags(owner, requestTags)
}

const registries = processGlobal('http-registries', () => new WeakMap<Stats, MetricRegistry>())

/** One registry for each engine, so that several servers of a process share their metrics instead of clashing. */
function registryOf(stats: Stats): MetricRegistry {
  return getOrInsert(registries, stats, () => new MetricRegistry())
}

/**
 * Defines measures, views and the gauge of requests in flight, and creates the instrumentation.
 * @throws {@link DefinitionError} if one of these names exists with another definition, `ERR_TRACER_OPTION` if the tracer is none,
 *   `ERR_OPTION` for another option of the wrong type.
 */
export function makeServerInstrumentation<R>(options: ServerOptions<R>, parts: ServerParts<R>): MadeServerInstrumentation<R> {
  checkServerOptions(parts.owner, options)
  const { stats = sharedStats, clock = systemClock, bodySizes = true } = options
  const { registry = registryOf(stats), views = bodySizes ? httpServerViews : httpServerDurationViews } = options
  const tracer = integrationTracer(options.tracer, () => parts.defaultTracer(stats))
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
