import { checkOptions, type OptionNames } from '../../base/check-options.js'
import { checkNumber } from '../../base/check-options.js'
import { DefinitionError } from '../../base/errors.js'
import { isThenable } from '../../base/finally-async.js'
import { warnOnce } from '../../base/logger.js'
import { internalCount, internalCounter } from '../../base/internal-metrics.js'
import { inNextTurn, MAX_TIMER_MS } from '../../base/timer.js'
import { componentName } from '../../base/strings/inspect-value.js'
import { exposedFamily } from '../../exporters/prometheus/format/names.js'
import { selectFamilies } from '../../exporters/prometheus/format/select-families.js'
import { checkProducers, gather } from '../../metrics/collection/gather.js'
import type { Metric, MetricDescriptor } from '../../metrics/data/metric.js'
import type { MetricProducer } from '../../metrics/data/producer.js'
import { type Stats, stats as sharedStats } from '../../stats/stats.js'
import { aggregatorOf, promValues } from './metric-to-prom.js'
import type { PromMetricValues, PromRegistry } from './registry-shape.js'

export interface BridgeOptions {
  /** Producers whose metrics are added to the registry. Default: the shared `stats`. */
  readonly producers?: readonly MetricProducer[]
  /** Time limit of gathering, in milliseconds, 0 … 2^31 - 1. Default 10 000. */
  readonly timeoutMs?: number
}

const OPTIONS: OptionNames<BridgeOptions> = { producers: true, timeoutMs: true }

/** Metrics of this library in a prom-client registry, until `stop()`. */
export interface RegistryBridge {
  /** Names of the metrics that are in the registry now. */
  readonly names: readonly string[]
  /** Removes the metrics and restores the registry's methods. Later calls have no effect. */
  stop(): void
  /** Calls `stop()`, for `using`. */
  [Symbol.dispose](): void
}

const CLASHES = internalCounter(
  'tallyscope_prom_client_clashes_total',
  'Metrics not shown in a prom-client registry because it has one of the same name.',
  'metric',
)

/**
 * Adds metrics of this library to a prom-client registry, so that `registry.metrics()` prints both. Percentiles become summaries.
 * Exemplars are printed if the content type of the registry is OpenMetrics.
 *
 * Views and instruments that are defined later are added too; those of asynchronous producers one scrape later. For this the
 * registry's `getMetricsAsArray` and `registerMetric` are wrapped until `stop()`. If the registry has a metric of the same name, now
 * or later, only the registry's is printed, and the clash is counted and logged. Metrics of one definition in several producers are merged,
 * and others with clashing names are left out, as on our own pages.
 *
 * @throws {@link DefinitionError} `ERR_PROM_REGISTRY` if the object lacks a method of a prom-client registry; `ERR_PRODUCER`;
 *   `ERR_GATHER_TIMEOUT`.
 * @example
 * import { register } from 'prom-client'
 * const bridge = bridgeToRegistry(register, { producers: [stats, registry] })
 */
export function bridgeToRegistry(registry: PromRegistry, options: BridgeOptions = {}): RegistryBridge {
  checkOptions('bridgeToRegistry', options, OPTIONS)

  for (const method of ['registerMetric', 'removeSingleMetric', 'getSingleMetric', 'getMetricsAsArray'] as const) {
    if (typeof registry?.[method] === 'function') continue
    throw new DefinitionError('ERR_PROM_REGISTRY', `a bridge needs a prom-client registry: this one has no method ${method}`)
  }
  const { producers = [sharedStats as Stats as MetricProducer], timeoutMs } = options
  checkProducers(producers)
  if (timeoutMs !== undefined) checkNumber('ERR_GATHER_TIMEOUT', 'timeoutMs', timeoutMs, { min: 0, max: MAX_TIMER_MS })
  return new Bridge(registry, producers, timeoutMs)
}

/** The metrics of all producers by exposed name. Producers may have metrics of one definition. */
type MetricsByName = ReadonlyMap<string, readonly Metric[]>

class Bridge implements RegistryBridge {
  readonly #registry: PromRegistry
  readonly #producers: readonly MetricProducer[]
  readonly #timeoutMs: number | undefined
  readonly #shown = new Map<string, BridgedMetric>()
  readonly #unwrap: (() => void)[] = []
  /** Pending calls of asynchronous producers. No producer is called again before its last call has settled. */
  readonly #pending = new Map<MetricProducer, Promise<readonly Metric[]>>()
  #gathering: Promise<MetricsByName> | undefined
  #stopped = false

  constructor(registry: PromRegistry, producers: readonly MetricProducer[], timeoutMs: number | undefined) {
    this.#registry = registry
    this.#producers = [...producers]
    this.#timeoutMs = timeoutMs
    this.#wrap('getMetricsAsArray', (original) => () => {
      this.#begin()
      return original()
    })
    this.#wrap('registerMetric', (original) => (metric: never) => {
      const { name } = metric as { name: string }
      if (this.#shown.has(name) && this.#shown.get(name) !== metric) this.#removeClashing(name)
      original(metric)
    })
    this.#begin()
  }

  get names(): readonly string[] {
    return [...this.#shown].filter(([name, metric]) => this.#registry.getSingleMetric(name) === metric).map(([name]) => name)
  }

  stop(): void {
    if (this.#stopped) return
    this.#stopped = true
    for (const unwrap of this.#unwrap.splice(0)) unwrap()
    for (const name of [...this.#shown.keys()]) this.#remove(name)
  }

  [Symbol.dispose](): void {
    this.stop()
  }

  /** Gathered once a scrape. */
  metrics(): Promise<MetricsByName> {
    if (this.#gathering === undefined) this.#begin()
    return this.#gathering!
  }

  /** Begins a scrape: calls every producer, and adds the metrics of synchronous producers at once. */
  #begin(): void {
    if (this.#stopped) {
      this.#gathering = Promise.resolve(new Map())
      return
    }
    for (const [name, metric] of this.#shown) {
      if (this.#registry.getSingleMetric(name) !== metric) this.#shown.delete(name) // the registry was cleared
      metric.name = name
    }
    const answers = this.#producers.map((producer) => ({ name: componentName(producer, 'producer'), getMetrics: this.#callOnce(producer) }))
    this.#gathering = this.#gather(answers)
    // Code that reads metrics one by one, without a scrape, does so within this turn.
    inNextTurn(() => {
      this.#gathering = undefined
    })
  }

  /** Calls a producer, unless its last call is pending, and returns a function that returns the result. */
  #callOnce(producer: MetricProducer): () => readonly Metric[] | Promise<readonly Metric[]> {
    let answer = this.#pending.get(producer)
    if (answer === undefined) {
      try {
        const result = producer.getMetrics(this.#timeoutMs === undefined ? undefined : { timeoutMs: this.#timeoutMs })
        if (!isThenable(result)) {
          for (const { descriptor } of result) this.#add(descriptor)
          return () => result
        }
        answer = Promise.resolve(result)
      } catch (error) {
        return () => {
          throw error
        }
      }
      this.#pending.set(producer, answer)
      const settled = (): void => void this.#pending.delete(producer)
      answer.then(settled, settled)
    }
    const pending = answer
    return () => pending
  }

  async #gather(answers: readonly MetricProducer[]): Promise<MetricsByName> {
    const metrics = await gather(answers, this.#timeoutMs === undefined ? {} : { timeoutMs: this.#timeoutMs })
    const selected = selectFamilies(metrics)
    for (const { exposed, members } of selected) {
      const { descriptor } = members[0]!
      this.#add(descriptor)
      this.#shown.get(exposed.name)?.describe(descriptor)
    }
    return new Map(selected.map(({ exposed, members }) => [exposed.name, members]))
  }

  #add(descriptor: MetricDescriptor): void {
    const { name } = exposedFamily(descriptor)
    if (this.#stopped || this.#shown.has(name)) return
    if (this.#registry.getSingleMetric(name) !== undefined) {
      this.#reportClash(name)
      return
    }
    const metric = new BridgedMetric(name, descriptor, () => this.metrics())
    this.#shown.set(name, metric)
    this.#registry.registerMetric(metric as never)
  }

  #removeClashing(name: string): void {
    this.#remove(name)
    this.#reportClash(name)
  }

  #remove(name: string): void {
    if (this.#registry.getSingleMetric(name) === this.#shown.get(name)) this.#registry.removeSingleMetric(name)
    this.#shown.delete(name)
  }

  #reportClash(name: string): void {
    internalCount(CLASHES, name).value++
    warnOnce('TALLYSCOPE_NAME_CLASH', name, `the prom-client registry already has a metric ${name}: the metric of this library is left out`)
  }

  #wrap(
    method: 'getMetricsAsArray' | 'registerMetric',
    make: (original: (argument?: never) => unknown) => (argument: never) => unknown,
  ): void {
    const registry = this.#registry as unknown as Record<string, (argument?: never) => unknown>
    const own = Object.getOwnPropertyDescriptor(registry, method)
    const original = registry[method]!
    const wrapped = make((argument?: never) => original.call(registry, argument))
    Object.defineProperty(registry, method, { value: wrapped, configurable: true, writable: true, enumerable: false })
    this.#unwrap.push(() => {
      if (registry[method] !== wrapped) return // wrapped again since; the inner wrapper then only calls the original
      if (own === undefined) delete registry[method]
      else Object.defineProperty(registry, method, own)
    })
  }
}

/**
 * A metric of this library under prom-client's interface. For OpenMetrics, prom-client changes `name` and expects it from `get()`. The bridge
 * restores it for the next scrape, which may be for another format.
 */
class BridgedMetric {
  name: string
  help!: string
  type!: string
  aggregator!: string
  readonly #exposedName: string
  readonly #metrics: () => Promise<MetricsByName>

  constructor(name: string, descriptor: MetricDescriptor, metrics: () => Promise<MetricsByName>) {
    this.name = name
    this.#exposedName = name
    this.#metrics = metrics
    this.describe(descriptor)
  }

  /** Sets the definition, which changes if a view or an instrument is removed and defined differently. */
  describe(descriptor: MetricDescriptor): void {
    this.help = descriptor.description || this.#exposedName
    this.type = exposedFamily(descriptor).type
    this.aggregator = aggregatorOf(descriptor)
  }

  async get(): Promise<PromMetricValues> {
    const { name } = this // before the name is restored
    const metrics = (await this.#metrics()).get(this.#exposedName) ?? []
    const { help, type, aggregator } = this
    return { name, help, type, aggregator, values: metrics.flatMap(promValues) }
  }

  /** Does nothing, so that `registry.resetMetrics()` does not reset metrics of this library. */
  reset(): void {}
}
