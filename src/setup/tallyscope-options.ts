import type { Guard } from '../serving/bearer-auth.js'
import type { Clock } from '../base/clock.js'
import type { Exporter } from '../base/exporter.js'
import type { Logger } from '../base/logger.js'
import type { TransportFactory } from './component-factory.js'
import type { Metric } from '../metrics/data/metric.js'
import type { MetricRegistry } from '../metrics/instruments/metric-registry.js'
import type { MetricProducer } from '../metrics/data/producer.js'
import type { ConstantLabels } from '../metrics/data/validate-definition.js'
import type { Stats } from '../stats/stats.js'
import type { Propagator } from '../trace/propagation/propagator.js'
import type { Sampler } from '../trace/sampling/sampler.js'
import type { SpanData } from '../trace/data/span-data.js'
import type { TracerOptions } from './tracer.js'

/** A component: a string, `probability(0.5)`; an object, `{ file: { path } }`; or an instance. */
export type PartOption<T> = string | { readonly [part: string]: unknown } | T

/** Address and access control of /metrics. The defaults are those of `serveMetrics`. */
interface PrometheusSettings {
  readonly port?: number
  readonly host?: string
  readonly path?: string
  /** A file of accepted bearer tokens, one per line. */
  readonly bearerTokenFile?: string
  /** Accepted host names of requests, without port. Default: any. */
  readonly allowedHosts?: readonly string[]
  /** Decides whether a scrape is allowed. Can only be set in code. */
  readonly guard?: Guard
  /** Logs a warning instead of failing if the server cannot listen on the address. Default false; true under `tallyscope/auto`. */
  readonly optional?: boolean
  /** Lets the process exit while the server is open. Default false; true under `tallyscope/auto`. */
  readonly unref?: boolean
}

export interface TallyscopeOptions {
  /** Name of the service, the label `service.name`. Default: none. */
  readonly service?: string
  /** If false, nothing is started or sampled. Values are still recorded in memory. Default true. */
  readonly enabled?: boolean
  /** Additional resource labels. Default: none. */
  readonly resource?: Readonly<Record<string, string>>
  /** Settings of tracing. If false, spans are not sampled, exported or measured by views. Default: those of each setting. */
  readonly traces?:
    | false
    | {
        /** Default `probability(0.0001)`. */
        readonly sampler?: PartOption<Sampler>
        /** Default `console`. */
        readonly exporters?: PartOption<Exporter<SpanData>> | readonly PartOption<Exporter<SpanData>>[]
        /** Default `traceContext`. */
        readonly propagator?: PartOption<Propagator> | readonly PartOption<Propagator>[]
        /** Transport of exporters that have none. Default `sync`, for `otlp` `async`. */
        readonly transport?: PartOption<TransportFactory>
        /** Registers views of rates, errors and durations of spans. Default true. */
        readonly views?: boolean
        /** Paths of incoming requests that are neither traced nor measured. Default `['_ah/health']`. */
        readonly ignorePaths?: readonly string[]
        /** Older name of `ignorePaths`, with the same default. */
        readonly excludelistPaths?: readonly string[]
        /** Hosts that are neither traced nor measured. Default: none. */
        readonly ignoreHosts?: readonly string[]
        /** Older name of `ignoreHosts`, with the same default. */
        readonly excludelistHostnames?: readonly string[]
        /**
         * True if callers are not trusted: spans link to their traces instead of continuing them, and their tags are dropped. False if all
         * callers are trusted. Default: traces are continued, and a caller's decision to sample is followed at most ten times a second.
         */
        readonly publicEndpoint?: boolean
        /**
         * The query in the attribute `http.url` of servers and clients: `false` none, `'redacted'` names with `REDACTED` for values, `true`
         * all, or, in code, a function of the query. Default: false for servers, `'redacted'` for clients.
         */
        readonly urlQuery?: boolean | 'redacted' | ((query: string) => string)
        /** Names of integrations to start: `http`, `fetch`, … Default: none. */
        readonly integrations?: readonly string[]
      }
  /** Settings of periodic export. If false, there are no exports and no runtime metrics. Default: those of each setting. */
  readonly metrics?:
    | false
    | {
        /** Default none. */
        readonly exporters?: PartOption<Exporter<Metric>> | readonly PartOption<Exporter<Metric>>[]
        /** Time between two exports, in milliseconds. Default 60 000. */
        readonly intervalMs?: number
        /** Time limit of an export, in milliseconds. A value longer than the interval is reduced to it. Default 30 000, also if the interval is shorter. */
        readonly exportTimeoutMs?: number
        /** Collects metrics of the process and of Node.js. Default: the value of `promClientNames`. */
        readonly runtime?: boolean
        /** Adds prom-client's names of runtime metrics and, under `tallyscope/auto`, of HTTP metrics. Default false. */
        readonly promClientNames?: boolean
      }
  /** Serves /metrics. A port, or an object, even an empty one, enables it. Default: false; port 9464, host 127.0.0.1, path /metrics. */
  readonly prometheus?: boolean | number | PrometheusSettings
  /**
   * Merges the metrics of several processes. True: of a cluster, or of one application under PM2. A string: of all processes with this
   * group name. Default false.
   */
  readonly cluster?: boolean | string
  /** Parts of `tallyscope/auto`. Each is enabled by default. */
  readonly auto?: {
    /** Instruments Fastify applications. Default true. */
    readonly fastify?: boolean
    /** Instruments other HTTP servers. Default true. */
    readonly httpServer?: boolean
    /** Instruments outgoing HTTP requests. Default true. */
    readonly httpClient?: boolean
    /** Exports the last spans and metrics at the end of the process. Default true. */
    readonly shutdownHooks?: boolean
  }
  /** Labels of every exposed and exported series. A label that a metric already has is not replaced. Default: none. */
  readonly constantLabels?: ConstantLabels
  /** New label keys by old label keys, for all exposed and exported metrics. Default: none. */
  readonly renameLabels?: Readonly<Record<string, string>>
  /** The configuration in OpenCensus' format. Default: none. */
  readonly OPENCENSUS?: unknown
  /** A JSON file of these options. Default: the variable `TALLYSCOPE_CONFIG_FILE`. */
  readonly configFile?: string
  /** Environment variables. Default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Default: the shared `stats`. */
  readonly stats?: Stats
  /** Default: a new one. */
  readonly registry?: MetricRegistry
  /** Makes `start()` start the configured integrations. Default true. */
  readonly startIntegrations?: boolean
  /** Additional producers of exposed and exported metrics. Default: none. */
  readonly producers?: readonly MetricProducer[]
  /** Other options of the tracer. Default: those of `Tracer`. */
  readonly tracer?: Omit<TracerOptions, 'sampler' | 'exporter' | 'transport' | 'propagator' | 'stats'>
  /** Logs failures of exporters and transports. Default: process warnings. */
  readonly logger?: Logger
  /** Source of time. Default: the system clock. */
  readonly clock?: Clock
}
