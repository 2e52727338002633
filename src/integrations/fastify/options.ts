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
  /** Makes the server spans. Default: the tracer that all integrations share, which exports nothing. False: no spans, and nothing enters the async context. */
  readonly tracer?: TracerCore | false
  /** Engine that records the requests. Default: the shared `stats`. */
  readonly stats?: Stats
  /** Registry of the gauge `http/server/in_flight`, which is also `app.tallyscope.registry`. Default: one registry for each `stats`. */
  readonly registry?: MetricRegistry
  /** Views to register. Default: `httpServerViews`; false for none. `openCensusHttpServerViews` are the others that are ready. */
  readonly views?: readonly ReadyView[] | false
  /** Path of the metrics, below the prefix of the instance. Default `/metrics`; false for no such route. */
  readonly metricsPath?: string | false
  /**
   * True to serve that path only if no route of the application does, after all of its hooks. It replaces Fastify's own "not found"
   * handler, so that an application with one of its own shows no metrics. Default false.
   */
  readonly metricsFallback?: boolean
  /** The older name of `metricsFallback`, with the same default. */
  readonly metricsWhereUnrouted?: boolean
  /** Fastify's options of that route, such as hooks for authentication. The hooks of the instance apply to it too. Default: none. */
  readonly metricsRoute?: RouteShorthandOptions
  /** Further producers for that route, beside `stats` and the registry. Default: none. */
  readonly producers?: readonly MetricProducer[]
  /**
   * The group of `shareMetrics` of `tallyscope/cluster`. The plugin adds its producers to it, and its route has the metrics of all
   * processes. Default: none, the metrics of this process alone.
   */
  readonly group?: MetricProducer & { add(producer: MetricProducer): void }
  /** Options of the handler of that route: `bearerToken`, `guard`, `gzip`, … Default: those of `metricsHandler`. */
  readonly metrics?: Omit<MetricsHandlerOptions, 'producers' | 'group' | 'clock'>
  /**
   * Paths that get neither span nor measurement, as what their handlers do: a string covers a path and all below it, a pattern
   * is tried on the path with its slash. Default `['_ah/health']`.
   */
  readonly ignorePaths?: readonly PathRule[]
  /** The older name of `ignorePaths`, with the same default. */
  readonly excludelistPaths?: readonly PathRule[]
  /** Values of the header `Host`, exactly as it has them, that get neither. The caller chooses that header. Default none. */
  readonly ignoreHosts?: readonly string[]
  /** The older name of `ignoreHosts`, with the same default. */
  readonly excludelistHostnames?: readonly string[]
  /**
   * True if strangers call: their traces are linked to instead of continued, tags that they send are dropped. False if all callers are
   * trusted. Default: the tracer's `untrusted`; without that, traces are continued, and callers decide ten times a second what is sampled.
   */
  readonly publicEndpoint?: boolean
  /** The older name of `publicEndpoint`, with the same default. */
  readonly untrusted?: boolean
  /**
   * Tags of the plugin's own views, by key: each function is called with the request when the response is closed. At most 100 values of
   * a tag are kept apart; further ones become `other`. Default: none.
   * @example
   * requestTags: { tenant: (request) => request.headers['x-tenant'] }
   */
  readonly requestTags?: RequestTagFunctions<Request>
  /**
   * Tags that the views of the integration are broken down by, read from the async context: what `withTags` has set while a request was
   * handled. The application chooses the values; use few. Default none.
   */
  readonly contextTags?: readonly string[]
  /** True for `2xx` instead of `204` in the tag `status`. Default false. */
  readonly statusClasses?: boolean
  /** False to register no views of body sizes. Default true. */
  readonly bodySizes?: boolean
  /** What of a URL's query is in the attribute `http.url`: `false` nothing, `'redacted'` names without values, `true` all, or a function of the query. Default false. */
  readonly urlQuery?: UrlQuery
  /** Source of time. Default: the system clock. */
  readonly clock?: Clock
}

/** `config.tallyscope` of a route. */
export interface TallyscopeRouteConfig {
  /** Used instead of the route's template, as tag and in the span's name. */
  readonly name?: string
  /** Tags for what is recorded of this route and by its handlers; a function is called when the response is closed. Views of your own may break down by them. */
  readonly tags?: Readonly<Record<string, Tags[string] | ((request: Request) => unknown)>>
}

/** The type of `app.tallyscope`. */
export interface TallyscopeDecoration {
  readonly stats: Stats
  readonly tracer: TracerCore | undefined
  readonly registry: MetricRegistry
  /** Stats and registry: for a metrics endpoint elsewhere, or for exporters. */
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
    /** False: no span, no measurement for this route. */
    tallyscope?: false | TallyscopeRouteConfig
  }
}
