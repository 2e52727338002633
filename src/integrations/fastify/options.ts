import type { FastifyRequest as Request, RouteShorthandOptions } from 'fastify'
import type { Clock } from '../../base/clock.js'
import type { MetricsHandlerOptions } from '../../exporters/prometheus/http/handler.js'
import type { MetricRegistry } from '../../metrics/instruments/metric-registry.js'
import type { MetricProducer } from '../../metrics/data/producer.js'
import type { ReadyView } from '../../http/predefined-view.js'
import type { Stats } from '../../stats/stats.js'
import type { Tags } from '../../stats/tags/tag-map.js'
import type { PathRule } from '../../http/http-exclusion.js'
import type { RequestTagFunctions } from '../../http/request-tags.js'
import type { UrlQuery } from '../../http/url-query.js'
import type { Span } from '../../trace/span/span.js'
import type { TracerCore } from '../../trace/tracer-core.js'

export interface TallyscopeFastifyOptions {
  /** Tracer of the server spans. Default: one shared by all integrations, which exports nothing. False: no spans and no async context. */
  readonly tracer?: TracerCore | false
  /** Stats that record the requests. Default: the shared `stats`. */
  readonly stats?: Stats
  /** Registry of the gauge `http/server/in_flight`, which is also `app.tallyscope.registry`. Default: one registry for each `stats`. */
  readonly registry?: MetricRegistry
  /** Views to register, such as `openCensusHttpServerViews`. Default: `httpServerViews`; false for none. */
  readonly views?: readonly ReadyView[] | false
  /** Path of the metrics route, below the prefix of the instance. Default `/metrics`; false for no route. */
  readonly metricsPath?: string | false
  /**
   * True to serve that path only if the application has no route for it, after all of its hooks. It replaces Fastify's default
   * "not found" response, so an application that sets its own "not found" handler serves no metrics. Default false.
   */
  readonly metricsFallback?: boolean
  /** Older name of `metricsFallback`, with the same default. */
  readonly metricsWhereUnrouted?: boolean
  /** Fastify options of the metrics route, such as hooks for authentication. Hooks of the instance apply too. Default: none. */
  readonly metricsRoute?: RouteShorthandOptions
  /** Producers for the metrics route in addition to `stats` and the registry. Default: none. */
  readonly producers?: readonly MetricProducer[]
  /**
   * A group from `shareMetrics` of `tallyscope/cluster`. The plugin adds its producers to it, and the metrics route serves the
   * metrics of all processes. Default: none, only the metrics of this process.
   */
  readonly group?: MetricProducer & { add(producer: MetricProducer): void }
  /** Options of the metrics handler: `bearerToken`, `guard`, `gzip`, … Default: those of `metricsHandler`. */
  readonly metrics?: Omit<MetricsHandlerOptions, 'producers' | 'group' | 'clock'>
  /**
   * Paths without spans and measurements, including spans that their handlers would start. A string matches a path and all paths
   * below it. A regular expression is matched against the path with its leading slash. Default `['_ah/health']`.
   */
  readonly ignorePaths?: readonly PathRule[]
  /** Older name of `ignorePaths`, with the same default. */
  readonly excludelistPaths?: readonly PathRule[]
  /** `Host` headers without spans and measurements, compared exactly. Callers choose this header. Default none. */
  readonly ignoreHosts?: readonly string[]
  /** Older name of `ignoreHosts`, with the same default. */
  readonly excludelistHostnames?: readonly string[]
  /**
   * True if callers are not trusted: spans link to their traces instead of continuing them, and tags that they send are dropped. False
   * if all callers are trusted. Default: `untrusted` of the tracer. If that is not set either, traces are continued, and a caller's
   * decision to sample is followed at most ten times a second.
   */
  readonly publicEndpoint?: boolean
  /** Older name of `publicEndpoint`, with the same default. */
  readonly untrusted?: boolean
  /**
   * Additional tags of the plugin's views, by key. Each function is called with the request when the response closes. From the 101st
   * different value of a tag on, values become `other`. Default: none.
   * @example
   * requestTags: { tenant: (request) => request.headers['x-tenant'] }
   */
  readonly requestTags?: RequestTagFunctions<Request>
  /**
   * Additional tag keys of the plugin's views that are read from the async context, where `withTags` sets them while a request is
   * handled. The number of values is not limited: use few. Default none.
   */
  readonly contextTags?: readonly string[]
  /** True for `2xx` instead of `204` as value of the tag `status`. Default false. */
  readonly statusClasses?: boolean
  /** False to register no views of body sizes. Default true. */
  readonly bodySizes?: boolean
  /** The query in the attribute `http.url`: `false` none, `'redacted'` names without values, `true` all, or a function of the query. Default false. */
  readonly urlQuery?: UrlQuery
  /** Source of time. Default: the system clock. */
  readonly clock?: Clock
}

/** `config.tallyscope` of a route. */
export interface TallyscopeRouteConfig {
  /** Replaces the template of the route in the tag `route` and in the name of the span. */
  readonly name?: string
  /** Tags of everything recorded for this route and by its handlers; functions are called when the response closes. Your views may use them. */
  readonly tags?: Readonly<Record<string, Tags[string] | ((request: Request) => unknown)>>
}

/** The type of `app.tallyscope`. */
export interface TallyscopeDecoration {
  readonly stats: Stats
  readonly tracer: TracerCore | undefined
  readonly registry: MetricRegistry
  /** `stats` and the registry, for another metrics endpoint or for exporters. */
  readonly producers: readonly MetricProducer[]
}

declare module 'fastify' {
  interface FastifyInstance {
    tallyscope: TallyscopeDecoration
  }
  interface FastifyRequest {
    /** The server span of this request; undefined if it has none. */
    readonly span: Span | undefined
  }
  interface FastifyContextConfig {
    /** False: no spans and no measurements for this route. */
    tallyscope?: false | TallyscopeRouteConfig
  }
}
