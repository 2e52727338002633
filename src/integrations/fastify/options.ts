import type { RouteShorthandOptions } from 'fastify'
import type { Clock } from '../../base/clock.js'
import type { MetricsHandlerOptions } from '../../exporters/prometheus/http/handler.js'
import type { MetricRegistry } from '../../metrics/instruments/metric-registry.js'
import type { MetricProducer } from '../../metrics/data/producer.js'
import type { ReadyView } from '../../http/predefined-view.js'
import type { Stats } from '../../stats/stats.js'
import type { Tags } from '../../stats/tags/tag-map.js'
import type { PathRule } from '../../http/http-exclusion.js'
import type { Span } from '../../trace/span/span.js'
import type { TracerCore } from '../../trace/tracer-core.js'

export interface TallyscopeFastifyOptions {
  /**
   * Makes the server spans. Default: a new `Tracer` on `stats`, which samples one trace in 10 000 and prints it.
   * False: no spans, and nothing enters the async context.
   */
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
   * True to answer at that path only where no route of the application does, instead of adding a route: for a plugin that is
   * registered without knowing the application. Default false.
   */
  readonly metricsWhereUnrouted?: boolean
  /** Options of that route, such as hooks for authentication. The hooks of the instance apply to it anyway. */
  readonly metricsRoute?: RouteShorthandOptions
  /** Further producers for that route, beside `stats` and the registry. */
  readonly producers?: readonly MetricProducer[]
  /** What the handler of the metrics takes: `bearerToken`, `guard`, `gzip`, … */
  readonly metrics?: Omit<MetricsHandlerOptions, 'producers' | 'clock'>
  /**
   * Paths that get neither span nor measurement, by their beginning; patterns are tried on the path and query, slash included.
   * Default `['_ah/health']`.
   */
  readonly excludelistPaths?: readonly PathRule[]
  /** Values of the header `Host`, exactly as it has them, that get neither. Default none. */
  readonly excludelistHostnames?: readonly string[]
  /** True for public endpoints: a caller's trace is not continued but linked to, tags sent along are dropped. Default: the tracer's. */
  readonly untrusted?: boolean
  readonly clock?: Clock
}

/** `config.tallyscope` of a route. */
export interface TallyscopeRouteConfig {
  /** Stands for the route's template, as tag and in the span's name. */
  readonly name?: string
  /** Tags for what is recorded of this route and by its handlers. Views of your own may break down by them. */
  readonly tags?: Tags
}

/** What `app.tallyscope` gives. */
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
    /** The server span of this request; undefined where it has none. */
    readonly span: Span | undefined
  }
  interface FastifyContextConfig {
    /** False: no span, no measurement for this route. */
    tallyscope?: false | TallyscopeRouteConfig
  }
}
