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
  /** Where requests are recorded. Default: the shared `stats`. */
  readonly stats?: Stats
  /** Where the gauge `http/server/in_flight` lives. Default: one registry for each `stats`; it is `app.tallyscope.registry`. */
  readonly registry?: MetricRegistry
  /** Views to register. Default: `httpServerViews`; false for none. `openCensusHttpServerViews` are the others that are ready. */
  readonly views?: readonly ReadyView[] | false
  /** Path of the metrics, below the prefix of the instance. Default `/metrics`; false for no such route. */
  readonly metricsPath?: string | false
  /**
   * True to answer at that path only if no route of the application does, after all of its hooks. Default false. It replaces
   * Fastify's own "not found", so that an application with a not-found handler of its own shows no metrics.
   */
  readonly metricsFallback?: boolean
  /** The older name of `metricsFallback`. */
  readonly metricsWhereUnrouted?: boolean
  /** Options of that route, such as hooks for authentication. The hooks of the instance apply to it anyway. */
  readonly metricsRoute?: RouteShorthandOptions
  /** Further producers for that route, beside `stats` and the registry. */
  readonly producers?: readonly MetricProducer[]
  /** What the handler of the metrics takes: `bearerToken`, `guard`, `gzip`, … */
  readonly metrics?: Omit<MetricsHandlerOptions, 'producers' | 'clock'>
  /**
   * Paths that get neither span nor measurement, as what their handlers do: a string covers a path and all below it, a pattern
   * is tried on the path with its slash. Default `['_ah/health']`.
   */
  readonly ignorePaths?: readonly PathRule[]
  /** The older name of `ignorePaths`. */
  readonly excludelistPaths?: readonly PathRule[]
  /** Values of the header `Host`, exactly as it has them, that get neither. The caller chooses that header. Default none. */
  readonly ignoreHosts?: readonly string[]
  /** The older name of `ignoreHosts`. */
  readonly excludelistHostnames?: readonly string[]
  /**
   * True if strangers call: their traces are linked to instead of continued, tags that they send are dropped. False if all callers are
   * trusted. Default: the tracer's `untrusted`; without that, traces are continued, and callers decide ten times a second what is sampled.
   */
  readonly publicEndpoint?: boolean
  /** The older name of `publicEndpoint`. */
  readonly untrusted?: boolean
  /**
   * Tags from the request, by key: each function is called when the response is closed. At most 100 values of a tag are kept
   * apart, further ones are `other`. The views that the plugin registers are broken down by them.
   */
  readonly requestTags?: RequestTagFunctions<Request>
  /**
   * Tags that the views of the integration are broken down by, read from the async context: what `withTags` has set while a request was
   * handled. The application chooses the values; use few. Default none.
   */
  readonly contextTags?: readonly string[]
  /** True for `2xx` instead of `204` in the tag `status`. Default false. */
  readonly statusClasses?: boolean
  /** False to leave the views of the sizes of bodies out. Default true. */
  readonly bodySizes?: boolean
  /** What of a URL's query is in the attribute `http.url`: `false` nothing, `'redacted'` names without values, `true` all, or a function of the query. Default false. */
  readonly urlQuery?: UrlQuery
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
