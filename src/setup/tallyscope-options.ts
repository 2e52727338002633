import type { Guard } from '../serving/bearer-auth.js'
import type { Clock } from '../base/clock.js'
import type { Exporter } from '../base/exporter.js'
import type { Logger } from '../base/logger.js'
import type { TransportFactory } from './component-factory.js'
import type { Metric } from '../metrics/data/metric.js'
import type { MetricRegistry } from '../metrics/instruments/metric-registry.js'
import type { MetricProducer } from '../metrics/data/producer.js'
import type { Stats } from '../stats/stats.js'
import type { Propagator } from '../trace/propagation/propagator.js'
import type { Sampler } from '../trace/sampling/sampler.js'
import type { SpanData } from '../trace/data/span-data.js'
import type { TracerOptions } from './tracer.js'

/** A built-in component by a string, `probability(0.5)`; by an object, `{ file: { path } }`; or one made by code. */
export type PartOption<T> = string | { readonly [part: string]: unknown } | T

/** Where metrics are served, and to whom. The defaults are those of `serveMetrics`. */
export interface PrometheusSettings {
  readonly port?: number
  readonly host?: string
  readonly path?: string
  /** A file with bearer tokens, one a line, of which scrapers must send one. */
  readonly bearerTokenFile?: string
  /** Host names that requests may be for, without port. Default: any. */
  readonly allowedHosts?: readonly string[]
  /** Decides whether a scrape is allowed; in code only. */
  readonly guard?: Guard
  /** True to go on without /metrics, with a warning, if the address cannot be listened on. Default false; true under `tallyscope/auto`. */
  readonly optional?: boolean
  /** True if the server may not keep the process alive. Default false; true under `tallyscope/auto`. */
  readonly unref?: boolean
}

export interface TallyscopeOptions {
  /** Name of the service, the label `service.name`. Default: none. */
  readonly service?: string
  /** False starts nothing and samples nothing; recording goes on in memory. Default true. */
  readonly enabled?: boolean
  /** Further labels of the identity of the process. Default: none. */
  readonly resource?: Readonly<Record<string, string>>
  /** Settings of tracing. False: nothing is sampled, exported, or measured by views. Default: those of each setting. */
  readonly traces?:
    | false
    | {
        /** Default `probability(0.0001)`. */
        readonly sampler?: PartOption<Sampler>
        /** Default `console`. */
        readonly exporters?: PartOption<Exporter<SpanData>> | readonly PartOption<Exporter<SpanData>>[]
        /** Default `traceContext`. */
        readonly propagator?: PartOption<Propagator> | readonly PartOption<Propagator>[]
        /** Of exporters for which none is named. Default `sync`, for `otlp` `async`. */
        readonly transport?: PartOption<TransportFactory>
        /** Whether rates, errors and durations of spans become views. Default true. */
        readonly views?: boolean
        /** Paths of incoming requests that are neither traced nor measured. Default `['_ah/health']`. */
        readonly ignorePaths?: readonly string[]
        /** The older name of `ignorePaths`, with the same default. */
        readonly excludelistPaths?: readonly string[]
        /** Hosts that are neither traced nor measured. Default: none. */
        readonly ignoreHosts?: readonly string[]
        /** The older name of `ignoreHosts`, with the same default. */
        readonly excludelistHostnames?: readonly string[]
        /** True if strangers call: their traces are linked to instead of continued, their tags are dropped. Default false. */
        readonly publicEndpoint?: boolean
        /**
         * What of a URL's query is in `http.url`, for servers and clients: `false` nothing, `'redacted'` names without values, `true` all, or, in
         * code, a function of the query. Default: false for servers, `'redacted'` for clients.
         */
        readonly urlQuery?: boolean | 'redacted' | ((query: string) => string)
        /** Integrations to start, by name: `http`, `fetch`, and others. Default: none. */
        readonly integrations?: readonly string[]
      }
  /** Settings of periodic export. False: nothing is exported, and there are no runtime metrics. Default: those of each setting. */
  readonly metrics?:
    | false
    | {
        /** Default none. */
        readonly exporters?: PartOption<Exporter<Metric>> | readonly PartOption<Exporter<Metric>>[]
        /** Time between two exports, in milliseconds. Default 60 000. */
        readonly intervalMs?: number
        /** What one export may take, in milliseconds; a longer time than the interval is cut to it. Default 30 000. */
        readonly exportTimeoutMs?: number
        /** Whether metrics of the process and of Node.js are among those exported. Default: the value of `promClientNames`. */
        readonly runtime?: boolean
        /** Whether runtime metrics, and HTTP metrics under `tallyscope/auto`, also have prom-client's names. Default false. */
        readonly promClientNames?: boolean
      }
  /** Serves /metrics. An object, even an empty one, switches it on. Default off; port 9464, host 127.0.0.1, path /metrics. */
  readonly prometheus?: boolean | number | PrometheusSettings
  /**
   * True to serve and export the metrics of all processes of a cluster, or of one application under PM2, as those of one; a string is
   * the name of the group, for other processes. Default false.
   */
  readonly cluster?: boolean | string
  /** What `tallyscope/auto` instruments. Each part is on by default. */
  readonly auto?: {
    /** Whether Fastify applications get the plugin. Default true. */
    readonly fastify?: boolean
    /** Whether other HTTP servers are traced and measured. Default true. */
    readonly httpServer?: boolean
    /** Whether outgoing HTTP requests are traced and measured. Default true. */
    readonly httpClient?: boolean
    /** Whether the last spans and metrics are exported when the process ends. Default true. */
    readonly shutdownHooks?: boolean
  }
  /** Labels that every series exposed or exported gets; a label of this key that a metric has itself stays. Default: none. */
  readonly constantLabels?: Readonly<Record<string, string>>
  /** New keys of labels by their old ones, for all that is exposed or exported. Default: none. */
  readonly renameLabels?: Readonly<Record<string, string>>
  /** The configuration in the form of OpenCensus' documents. Default: none. */
  readonly OPENCENSUS?: unknown
  /** A JSON file with the same. Default: the variable `TALLYSCOPE_CONFIG_FILE`. */
  readonly configFile?: string
  /** Environment variables. Default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Default: the shared one. */
  readonly stats?: Stats
  /** Default: a new one. */
  readonly registry?: MetricRegistry
  /** False if the caller switches on the configured integrations itself. Default true: `start()` does. */
  readonly startIntegrations?: boolean
  /** Further producers whose metrics are exposed and exported. Default: none. */
  readonly producers?: readonly MetricProducer[]
  /** Further options of the tracer. Default: those of `Tracer`. */
  readonly tracer?: Omit<TracerOptions, 'sampler' | 'exporter' | 'transport' | 'propagator' | 'stats'>
  /** Logs failures of exporters and transports. Default: process warnings. */
  readonly logger?: Logger
  /** Source of time. Default: the system clock. */
  readonly clock?: Clock
}
