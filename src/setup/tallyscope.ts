import { withTimeout } from '../base/with-timeout.js'
import type { Exporter } from '../base/exporter.js'
import { warnOnce } from '../base/logger.js'
import type { Resource } from '../base/resource.js'
import { type Configuration, configurationFile, readConfiguration } from './configuration/configuration.js'
import { readConfigurationFile } from './configuration-file.js'
import { ConfigurationError, type ConfigurationProblem, lineOf } from './configuration/problem.js'
import type { Guard } from '../serving/bearer-auth.js'
import type { ScrapeAccessOptions } from '../exporters/prometheus/http/scrape-access.js'
import type { MetricsHandlerOptions } from '../exporters/prometheus/http/handler.js'
import type { MetricsEndpoint } from '../exporters/prometheus/http/server.js'
import { exportPeriodically } from '../metrics/collection/export-periodically.js'
import { selfMetrics } from '../metrics/collection/internal-metrics-producer.js'
import type { Metric } from '../metrics/data/metric.js'
import { MetricRegistry } from '../metrics/instruments/metric-registry.js'
import type { PeriodicMetricTask } from '../metrics/collection/periodic-metric-task.js'
import type { MetricProducer } from '../metrics/data/producer.js'
import { relabel } from '../metrics/data/relabel.js'
import { withResource } from '../metrics/data/with-resource.js'
import { type RuntimeMetrics, runtimeMetrics } from '../runtime/runtime-metrics.js'
import { type Stats, stats as sharedStats } from '../stats/stats.js'
import type { TallyscopeOptions } from './tallyscope-options.js'
import type { Tracer } from './tracer.js'
import { ScopeGroup } from './scope-group.js'
import { assemble, type AssembledComponents } from './assemble.js'

/** Everything at once, wired by configuration. Made by {@link createTallyscope}. */
export class Tallyscope {
  readonly stats: Stats
  readonly tracer: Tracer
  readonly registry: MetricRegistry
  readonly resource: Resource
  readonly ignorePaths: readonly string[] | undefined
  readonly ignoreHosts: readonly string[] | undefined
  /** What of a URL's query is shown, for the integrations that are given the tracer; undefined for their defaults. */
  readonly urlQuery: boolean | 'redacted' | ((query: string) => string) | undefined
  /** Names of the integrations that are configured. */
  readonly integrations: readonly string[]
  /** The metrics of all processes as one; undefined unless `cluster` is configured. */
  readonly group: ScopeGroup | undefined
  readonly #options: TallyscopeOptions
  readonly #settings: Configuration['settings']
  readonly #metricExporters: readonly Exporter<Metric>[]
  #runtime: RuntimeMetrics | undefined
  #endpoint: MetricsEndpoint | undefined
  #tasks: readonly PeriodicMetricTask[] = []
  #stopIntegrations: () => void = () => {}
  #starting: Promise<void> | undefined
  #stopping: Promise<void> | undefined

  /** @internal */
  constructor(options: TallyscopeOptions, configuration: Configuration, components: AssembledComponents) {
    const { settings, resource } = configuration
    this.#options = options
    this.#settings = settings
    this.#metricExporters = components.metricExporters
    this.resource = resource
    this.stats = options.stats ?? sharedStats
    this.registry = options.registry ?? new MetricRegistry({ ...(options.clock !== undefined && { clock: options.clock }) })
    this.tracer = components.tracer
    this.ignorePaths = settings['traces.ignorePaths']
    this.ignoreHosts = settings['traces.ignoreHosts']
    this.urlQuery = settings['traces.urlQuery']
    this.integrations = settings['traces.integrations'] ?? []
    const { cluster = false, enabled } = settings
    if (cluster !== false && enabled !== false) this.group = new ScopeGroup(cluster === true ? undefined : cluster)
    if (settings['traces.views'] !== false) this.tracer.registerViews()
  }

  /** The older name of `ignorePaths`. */
  get excludelistPaths(): readonly string[] | undefined {
    return this.ignorePaths
  }

  /** The older name of `ignoreHosts`. */
  get excludelistHostnames(): readonly string[] | undefined {
    return this.ignoreHosts
  }

  /** All whose metrics are exported, of this process. */
  get producers(): readonly MetricProducer[] {
    const runtime = this.#runtime === undefined ? [] : [this.#runtime]
    return [this.stats, this.registry, ...runtime, ...(this.#options.producers ?? [])]
  }

  /** The whole URL of /metrics while it is served. */
  get metricsUrl(): string | undefined {
    return this.#endpoint?.url
  }

  /**
   * Starts what is configured: /metrics, runtime metrics, periodic exports, integrations. Calling it again returns the same promise.
   * @throws (as a rejection) `ERR_SERVER_LISTEN` when /metrics cannot be served, `ERR_GROUP_FOLDER` when a group cannot be joined;
   *   nothing runs then, and it may be tried again.
   */
  start(): Promise<void> {
    this.#starting ??= this.#start().catch((error: unknown) => {
      this.#starting = undefined
      throw error
    })
    return this.#starting
  }

  async #start(): Promise<void> {
    const settings = this.#settings
    const { logger, clock } = this.#options
    const shared = { ...(logger !== undefined && { logger }), ...(clock !== undefined && { clock }) }
    if (settings.enabled === false || this.#stopping !== undefined) return
    const promClientNames = settings['metrics.promClientNames'] === true
    // prom-client's names are for dashboards, most of whose panels are about the process.
    if (settings['metrics.runtime'] ?? promClientNames) {
      this.#runtime = runtimeMetrics({ ...(clock !== undefined && { clock }), promClientNames })
    }
    try {
      await this.group?.join([...this.producers, selfMetrics()], clock)
      if (settings.prometheus === true) await this.#serve()
    } catch (error) {
      this.#runtime?.stop()
      this.#runtime = undefined
      throw error
    }
    await this.#startIntegrations()
    const { 'metrics.intervalMs': intervalMs, 'metrics.exportTimeoutMs': exportTimeoutMs } = settings
    const schedule = { ...(intervalMs !== undefined && { intervalMs }), ...(exportTimeoutMs !== undefined && { exportTimeoutMs }) }
    const all = this.group === undefined ? this.producers : [this.group.once]
    const producers = all.map((producer) => relabel(withResource(producer, this.resource), this.#labels))
    this.#tasks = this.#metricExporters.map((exporter) => exportPeriodically({ producers, exporter, ...schedule, ...shared }))
  }

  get #labels(): Pick<MetricsHandlerOptions, 'constantLabels' | 'renameLabels'> {
    const { constantLabels, renameLabels } = this.#settings
    return { ...(constantLabels !== undefined && { constantLabels }), ...(renameLabels !== undefined && { renameLabels }) }
  }

  /** Who may scrape, and what labels there are, by the settings: for every way in which metrics are served. */
  get metricsOptions(): ScrapeAccessOptions & Pick<MetricsHandlerOptions, 'constantLabels' | 'renameLabels'> {
    const {
      'prometheus.bearerTokenFile': bearerTokenFile,
      'prometheus.allowedHosts': allowedHosts,
      'prometheus.guard': guard,
    } = this.#settings
    return {
      ...(bearerTokenFile !== undefined && { bearerTokenFile }),
      ...(allowedHosts !== undefined && { allowedHosts }),
      ...(guard !== undefined && { guard: guard as Guard }),
      ...this.#labels,
    }
  }

  async #serve(): Promise<void> {
    const settings = this.#settings
    const { 'prometheus.port': port, 'prometheus.host': host, 'prometheus.path': path, 'prometheus.unref': unref } = settings
    try {
      // This loads node:http, which programs that serve nothing need not load.
      const { serveMetrics } = await import('../exporters/prometheus/http/server.js')
      this.#endpoint = await serveMetrics({
        ...(this.group === undefined ? { producers: this.producers } : { group: this.group }),
        ...(port !== undefined && { port }),
        ...(host !== undefined && { host }),
        ...(path !== undefined && { path }),
        ...(unref !== undefined && { unref }),
        ...this.metricsOptions,
      })
    } catch (error) {
      if (settings['prometheus.optional'] === true) {
        warnOnce('TALLYSCOPE_METRICS_NOT_SERVED', String(port), `/metrics is not served: ${(error as Error).message}`)
        return
      }
      throw error
    }
  }

  async #startIntegrations(): Promise<void> {
    if (this.integrations.length === 0 || this.#options.startIntegrations === false) return
    const { traceIntegrations } = await import('../integrations/http-client/trace-integrations.js')
    const { tracer, stats, ignoreHosts, urlQuery } = this
    const integrations = traceIntegrations(this.integrations, {
      tracer,
      stats,
      ...(ignoreHosts !== undefined && { ignoreHosts }),
      ...(urlQuery !== undefined && { urlQuery }),
    })
    this.#stopIntegrations = () => integrations.stop()
  }

  /** Exports what there is now, spans and metrics. */
  async flush(timeoutMs?: number): Promise<void> {
    // A failure has been logged and counted by then; a task's own `flush` rejects.
    await Promise.allSettled([this.tracer.transport.flush(timeoutMs), ...this.#tasks.map((task) => task.flush())])
  }

  /** Exports the spans and metrics that can be exported without waiting, when the process ends. */
  flushSync(): void {
    this.tracer.flushSync()
    for (const task of this.#tasks) task.flushSync()
  }

  /**
   * Ends everything in order: spans go out first, then the metrics for the last time, then /metrics. What fails on the way
   * is logged; a part that hangs holds up the others for a second. Calling it again returns the same promise.
   */
  shutdown(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  async #stop(): Promise<void> {
    await this.#starting?.catch(() => {})
    this.#stopIntegrations()
    const spans = settle(
      'transport',
      [this.tracer].map(async ({ transport }) => transport.shutdown()),
    )
    // A span exporter that hangs takes its whole grace period, after which the metrics may not be waited for.
    await withTimeout(spans, { clock: this.#options.clock, timeoutMs: HEAD_START_MS, keepAlive: true })
    await settle(
      'periodic export',
      this.#tasks.map((task) => task.close()),
    )
    if (this.#tasks.length === 0)
      await settle(
        'exporter',
        this.#metricExporters.map(async (exporter) => exporter.shutdown?.()),
      )
    await spans
    await settle('endpoint', [this.#endpoint?.close()])
    this.#endpoint = undefined
    await settle('group', [this.group?.leave()])
    this.#runtime?.stop()
    if (this.stats !== sharedStats) this.stats.shutdown()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown()
  }
}

/** How long the last metrics wait for the last spans. */
const HEAD_START_MS = 1_000

/**
 * Stats, tracer and registry, with exporters, /metrics and all the rest as configured: in code, in the environment
 * (`TALLYSCOPE_…`, and `OTEL_…` if the meaning is the same), in a JSON file, in this order. It starts nothing before `start()`.
 *
 * @throws {@link ConfigurationError} `ERR_CONFIGURATION` with all problems of all sources, each with its place and a hint.
 * @example
 * const scope = createTallyscope({ service: 'shop', traces: { sampler: 'probability(0.1)' }, prometheus: { port: 9464 } })
 * await scope.start()
 * scope.stats.record(latency, 0.0125)
 * await scope.shutdown()
 */
export function createTallyscope(options: TallyscopeOptions = {}): Tallyscope {
  const { configFile, env = process.env } = options
  const code = Object.fromEntries(Object.entries(options).filter(([key]) => !MADE_IN_CODE.has(key)))
  const problems: ConfigurationProblem[] = []
  const name = configurationFile({ configFile }, env)
  const file = name === undefined ? undefined : readFile(name, problems)
  const configuration = readConfiguration({ code, env, file })
  for (const warning of configuration.warnings) {
    warnOnce('TALLYSCOPE_CONFIGURATION', warning.path, `passed over in the configuration: ${lineOf(warning).trim()}`)
  }
  problems.push(...configuration.problems)
  const components = assemble(options, configuration, problems)
  if (problems.length > 0 || components === undefined) throw new ConfigurationError(problems)
  return new Tallyscope(options, configuration, components)
}

/** What only code can give, and no file and no variable. */
const MADE_IN_CODE: ReadonlySet<string> = new Set<keyof TallyscopeOptions>([
  'configFile',
  'env',
  'stats',
  'registry',
  'startIntegrations',
  'producers',
  'tracer',
  'logger',
  'clock',
])

function readFile(name: string, problems: ConfigurationProblem[]): { name: string; text: string } | undefined {
  try {
    return readConfigurationFile(name)
  } catch (error) {
    problems.push({ path: name, problem: `cannot be read: ${(error as Error).message}` })
    return undefined
  }
}

async function settle(what: string, ends: readonly unknown[]): Promise<void> {
  for (const end of await Promise.allSettled(ends)) {
    if (end.status === 'rejected') warnOnce('TALLYSCOPE_SHUTDOWN', what, `a ${what} could not be ended properly: ${String(end.reason)}`)
  }
}
