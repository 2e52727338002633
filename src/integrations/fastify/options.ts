import type { FastifyRequest as Request, RouteShorthandOptions } from 'fastify'
import type { MetricsHandlerOptions } from '../../exporters/prometheus/http/handler.js'
import type { PathRule } from '../../http/http-exclusion.js'
import type { ServerOptions } from '../../http/make-server-instrumentation.js'
import type { MetricProducer } from '../../metrics/data/producer.js'
import type { MetricRegistry } from '../../metrics/instruments/metric-registry.js'
import type { Stats } from '../../stats/stats.js'
import type { Tags } from '../../stats/tags/tag-map.js'
import type { Span } from '../../trace/span/span.js'
import type { TracerCore } from '../../trace/tracer-core.js'

/** Options of the plugin. `registry` is also `app.tallyscope.registry`. */
export interface TallyscopeFastifyOptions extends ServerOptions<Request> {
  /** Path of the metrics route, below the prefix of the instance. Default `/metrics`; false for no route. */
  readonly metricsPath?: string | false
  /**
   * True to serve that path only if the application has no route for it, after all of its hooks. It replaces Fastify's default
   * "not found" response, so an application that sets its own "not found" handler serves no metrics. In a child instance it needs a call
   * of `setNotFoundHandler()` without arguments, since Fastify runs the hooks of the root instance for unknown paths otherwise. Default
   * false.
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
  /** Older name of `ignorePaths`, with the same default. */
  readonly excludelistPaths?: readonly PathRule[]
  /** Older name of `ignoreHosts`, with the same default. */
  readonly excludelistHostnames?: readonly string[]
  /** Older name of `publicEndpoint`, with the same default. */
  readonly untrusted?: boolean
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
