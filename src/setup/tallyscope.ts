import { checkIsObject, givenOptions } from '../base/check-options.js'
import { withTimeout } from '../base/with-timeout.js'
import type { Exporter } from '../base/exporter.js'
import { warnOnce } from '../base/logger.js'
import type { Resource } from '../base/resource.js'
import { type Configuration, configurationFile, readConfiguration } from './configuration/configuration.js'
import { readConfigurationFile } from './configuration-file.js'
import { ConfigurationError, type ConfigurationProblem, lineOf, withShortPath } from './configuration/problem.js'
import type { UrlQuerySetting } from './configuration/settings.js'
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
import { codeProblems } from './check-code-options.js'
import { assemble, type AssembledComponents } from './assemble.js'

/** Stats, tracer, registry, exporters and /metrics of a configuration. Created by {@link createTallyscope}. */
export class Tallyscope {
  readonly stats: Stats
  readonly tracer: Tracer
  readonly registry: MetricRegistry
  readonly resource: Resource
  readonly ignorePaths: readonly string[] | undefined
  readonly ignoreHosts: readonly string[] | undefined
  /** The configured option `urlQuery` for integrations; undefined for their defaults. */
  readonly urlQuery: UrlQuerySetting | undefined
  /** Names of the configured integrations. */
  readonly integrations: readonly string[]
  /** The merged metrics of all processes; undefined unless `cluster` is configured. */
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
    this.registry = options.registry ?? new MetricRegistry(givenOptions({ clock: options.clock }))
    this.tracer = components.tracer
    this.ignorePaths = settings['traces.ignorePaths']
    this.ignoreHosts = settings['traces.ignoreHosts']
    this.urlQuery = settings['traces.urlQuery']
    this.integrations = settings['traces.integrations'] ?? []
    const { cluster = false, enabled } = settings
    if (cluster !== false && enabled !== false) this.group = new ScopeGroup(cluster === true ? undefined : cluster)
    if (settings['traces.views'] !== false) this.tracer.registerViews()
  }

  /** Older name of `ignorePaths`. */
  get excludelistPaths(): readonly string[] | undefined {
    return this.ignorePaths
  }

  /** Older name of `ignoreHosts`. */
  get excludelistHostnames(): readonly string[] | undefined {
    return this.ignoreHosts
  }

  /** The producers of this process whose metrics are exposed and exported. */
  get producers(): readonly MetricProducer[] {
    const runtime = this.#runtime === undefined ? [] : [this.#runtime]
    return [this.stats, this.registry, ...runtime, ...(this.#options.producers ?? [])]
  }

  /** The URL of /metrics while it is served. */
  get metricsUrl(): string | undefined {
    return this.#endpoint?.url
  }

  /**
   * Starts /metrics, runtime metrics, periodic exports and integrations, as configured. Later calls return the same promise.
   * @throws (as a rejection) `ERR_SERVER_LISTEN` if /metrics cannot be served, `ERR_GROUP_FOLDER` if the group cannot be joined. Nothing
   *   is running then but a group that was joined, and `start()` may be called again.
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
    if (settings.enabled === false || this.#stopping !== undefined) return
    const promClientNames = settings['metrics.promClientNames'] === true
    // Dashboards for these names usually need runtime metrics too.
    if (settings['metrics.runtime'] ?? promClientNames) {
      this.#runtime = runtimeMetrics({ ...givenOptions({ clock }), promClientNames })
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
    const given = givenOptions({ intervalMs, exportTimeoutMs, logger, clock })
    const all = this.group === undefined ? this.producers : [this.group.once]
    const producers = all.map((producer) => relabel(withResource(producer, this.resource), this.#labels))
    this.#tasks = this.#metricExporters.map((exporter) => exportPeriodically({ producers, exporter, ...given }))
  }

  get #labels(): Pick<MetricsHandlerOptions, 'constantLabels' | 'renameLabels'> {
    const { constantLabels, renameLabels } = this.#settings
    return givenOptions({ constantLabels, renameLabels })
  }

  /** The configured access control and labels, for all handlers of metrics. */
  get metricsOptions(): ScrapeAccessOptions & Pick<MetricsHandlerOptions, 'constantLabels' | 'renameLabels'> {
    const {
      'prometheus.bearerTokenFile': bearerTokenFile,
      'prometheus.allowedHosts': allowedHosts,
      'prometheus.guard': guard,
    } = this.#settings
    return { ...givenOptions({ bearerTokenFile, allowedHosts, guard: guard as Guard | undefined }), ...this.#labels }
  }

  async #serve(): Promise<void> {
    const settings = this.#settings
    const { 'prometheus.port': port, 'prometheus.host': host, 'prometheus.path': path, 'prometheus.unref': unref } = settings
    try {
      // Loaded lazily: programs that do not serve metrics do not need node:http.
      const { serveMetrics } = await import('../exporters/prometheus/http/server.js')
      this.#endpoint = await serveMetrics({
        ...(this.group === undefined ? { producers: this.producers } : { group: this.group }),
        ...givenOptions({ port, host, path, unref }),
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
    const integrations = traceIntegrations(this.integrations, { tracer, stats, ...givenOptions({ ignoreHosts, urlQuery }) })
    this.#stopIntegrations = () => integrations.stop()
  }

  /** Exports all pending spans, and the metrics. @param timeoutMs Time limit for spans, in milliseconds. */
  async flush(timeoutMs?: number): Promise<void> {
    // Ignores rejections, because failures are already logged and counted.
    await Promise.allSettled([this.tracer.transport.flush(timeoutMs), ...this.#tasks.map((task) => task.flush())])
  }

  /** Exports the spans and metrics that can be exported synchronously. For the end of the process. */
  flushSync(): void {
    this.tracer.flushSync()
    for (const task of this.#tasks) task.flushSync()
  }

  /**
   * Exports the last spans, then the last metrics, and then closes /metrics. Failures are logged. A span exporter that hangs delays the
   * metrics by one second at most. Later calls return the same promise.
   */
  shutdown(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  async #stop(): Promise<void> {
    await this.#starting?.catch(() => {})
    this.#stopIntegrations()
    const spans = endAll('transport', [() => this.tracer.transport.shutdown()])
    // If a span exporter hangs, the grace period of shutdown hooks would end before the metrics are exported.
    await withTimeout(spans, { clock: this.#options.clock, timeoutMs: HEAD_START_MS, keepAlive: true })
    const exporters = this.#metricExporters.map((exporter) => () => exporter.shutdown?.())
    if (this.#tasks.length === 0) await endAll('exporter', exporters)
    else
      await endAll(
        'periodic export',
        this.#tasks.map((task) => () => task.close()),
      )
    await spans
    await endAll('endpoint', [() => this.#endpoint?.close()])
    this.#endpoint = undefined
    await endAll('group', [() => this.group?.leave()])
    this.#runtime?.stop()
    if (this.stats !== sharedStats) this.stats.shutdown()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown()
  }
}

/** Maximum time that the last metrics wait for the last spans. */
const HEAD_START_MS = 1_000

/**
 * Creates stats, tracer, registry, exporters and /metrics from a configuration. The sources are, in order of precedence: code,
 * environment variables (`TALLYSCOPE_…`, and `OTEL_…` with the same meaning), a JSON file. Nothing is started before `start()`.
 *
 * @throws {@link ConfigurationError} `ERR_CONFIGURATION` with the problems of all sources, each with its path and a hint. Options that only
 *   code can set are checked first.
 * @example
 * const scope = createTallyscope({ service: 'shop', traces: { sampler: 'probability(0.1)' }, prometheus: { port: 9464 } })
 * await scope.start()
 * scope.stats.record(latency, 0.0125)
 * await scope.shutdown()
 */
export function createTallyscope(options: TallyscopeOptions = {}): Tallyscope {
  checkIsObject('createTallyscope', options)
  const problems = codeProblems(options)
  if (problems.length > 0) throw new ConfigurationError(problems)
  const { configFile, env = process.env } = options
  const code = Object.fromEntries(Object.entries(options).filter(([key]) => !CODE_ONLY.has(key)))
  const name = configurationFile({ configFile }, env)
  const file = name === undefined ? undefined : readFile(name, problems)
  const configuration = readConfiguration({ code, env, file })
  for (const warning of configuration.warnings) {
    warnOnce('TALLYSCOPE_CONFIGURATION', warning.path, `ignored in the configuration: ${lineOf(warning).trim()}`)
  }
  problems.push(...configuration.problems)
  const components = assemble(options, configuration, problems)
  if (problems.length > 0 || components === undefined) throw new ConfigurationError(problems)
  return new Tallyscope(options, configuration, components)
}

/** Options that only code can set, not a file or a variable. */
const CODE_ONLY: ReadonlySet<string> = new Set<keyof TallyscopeOptions>([
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
    problems.push(withShortPath({ path: name, problem: `cannot be read: ${(error as Error).message}` }))
    return undefined
  }
}

/** Calls all functions at once, waits for them, and logs their errors. */
async function endAll(what: string, ends: readonly (() => unknown)[]): Promise<void> {
  for (const end of await Promise.allSettled(ends.map(async (each) => each()))) {
    if (end.status === 'rejected')
      warnOnce('TALLYSCOPE_SHUTDOWN', what, `the ${what} could not be shut down properly: ${String(end.reason)}`)
  }
}
