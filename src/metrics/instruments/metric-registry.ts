import {
  checkBooleans,
  checkClock,
  checkIsObject,
  checkNumber,
  checkOneOf,
  checkOptions,
  givenOptions,
  type OptionNames,
  optionNames,
} from '../../base/check-options.js'
import { checkSameDefinition } from '../data/same-definition.js'
import { systemClock, type Clock } from '../../base/clock.js'
import { DefinitionError } from '../../base/errors.js'
import { isThenable } from '../../base/finally-async.js'
import { checkResource, type Resource } from '../../base/resource.js'
import { MAX_TIMER_MS } from '../../base/timer.js'
import { checkedBounds, defaultBounds } from '../histograms/bounds.js'
import { BucketSearch } from '../cells/bucket-search.js'
import { CUMULATIVE, Cumulative } from './cumulative.js'
import { Derived, type DerivedGaugeOptions, type DerivedOptions, DERIVED_CUMULATIVE, DERIVED_GAUGE, observeAll } from './derived.js'
import { EpochLog } from '../store/epochs.js'
import { Gauge, GAUGE, type GaugeOptions } from './gauge.js'
import { Histogram, histogramKind, type HistogramOptions } from './histogram.js'
import { checkStates, INFO, Info, STATE_SET, StateSet, type StateSetOptions } from './info.js'
import {
  checkInstrument,
  Instrument,
  type InstrumentHome,
  type InstrumentKind,
  type InstrumentOptions,
  type MergeableOptions,
} from './instrument.js'
import { readLimits, storeHome, type EngineLimits } from '../store/limits.js'
import type { Metric } from '../data/metric.js'
import { NameRegistry } from '../data/name-registry.js'
import { resolvePercentiles } from '../histograms/percentiles-options.js'
import type { GatheringContext, MetricProducer } from '../data/producer.js'
import type { Family } from '../data/row-source.js'
import { snapshotsOf } from '../data/snapshot.js'
import { checkName, type ConstantLabels, constantTexts } from '../data/validate-definition.js'
import { resourceAdder } from '../data/with-resource.js'
import { Summary, summaryKind, type SummaryOptions } from './summary.js'

export interface MetricRegistryOptions {
  /** Limits of rows and definitions. `rowsPerView` is the limit of series of one instrument. Default: 2 000 per instrument, 100 000 in total. */
  readonly limits?: EngineLimits
  /** Source of time. Default: the system clock. */
  readonly clock?: Clock
  /** The identity of the reporting process, which is exported with its metrics. Default: none. */
  readonly resource?: Resource
  /** Labels of every series of every instrument. Default: none. */
  readonly constantLabels?: ConstantLabels
  /**
   * Time limit for all derived metrics of a gathering together, in milliseconds, 1 … 2^31 - 1. Default 5 000, or less if the caller's time-out
   * is shorter.
   */
  readonly deriveTimeoutMs?: number
}

const REGISTRY_OPTIONS: OptionNames<MetricRegistryOptions> = optionNames('limits clock resource constantLabels deriveTimeoutMs')

/** The share of the caller's time-out that derived metrics may take. The rest is for the response. */
const SHARE_OF_TIMEOUT = 0.8

/** An instrument with its definition. */
interface Registration {
  readonly definition: string
  readonly description: string
  readonly instrument: Instrument
  readonly handle: object
}

/**
 * Metrics that are set directly, outside views: counters, gauges, histograms, summaries, derived ones, info and state sets.
 * @example
 * const registry = new MetricRegistry()
 * registry.counter('jobs/done', { labelKeys: ['queue'] }).inc({ queue: 'mail' })
 * registry.gauge('queue/depth', { labelKeys: ['queue'] }).set(3, { queue: 'mail' })
 */
export class MetricRegistry implements MetricProducer {
  readonly name = 'MetricRegistry'
  readonly #registrations = new Map<string, Registration>()
  readonly #derived = new Map<string, Derived<string>>()
  readonly #names = new NameRegistry()
  readonly #home: InstrumentHome
  readonly #epochs: EpochLog
  readonly #clock: Clock
  readonly #definitions: number
  readonly #addResource: <F extends Family>(family: F) => F
  readonly #deriveTimeoutMs: number

  /** @throws {@link DefinitionError} `ERR_OPTION` for a limit or a time that is not a whole number from 1, or a constant label that is not a string. */
  constructor(options: MetricRegistryOptions = {}) {
    checkOptions('MetricRegistry', options, REGISTRY_OPTIONS)
    checkClock('MetricRegistry', options.clock)
    const limits = readLimits(options.limits)
    const { clock = systemClock, constantLabels = {}, deriveTimeoutMs = 5_000 } = options
    this.#clock = clock
    this.#epochs = new EpochLog(clock)
    this.#definitions = limits.definitions
    if (options.resource !== undefined) checkResource('resource of MetricRegistry', options.resource)
    this.#addResource = options.resource === undefined ? (family) => family : resourceAdder(options.resource.labels)
    this.#deriveTimeoutMs = checkNumber('ERR_OPTION', 'deriveTimeoutMs', deriveTimeoutMs, { min: 1, max: MAX_TIMER_MS, integer: true })
    const constant = constantTexts('ERR_OPTION', 'constantLabels', constantLabels)
    this.#home = { ...storeHome(limits, this.#epochs), constantLabels: Object.fromEntries(constant) }
  }

  /**
   * Returns a gauge: a value that rises and falls. An equal definition returns the existing gauge.
   * @throws {@link DefinitionError} `ERR_METRIC_CONFLICT` if the name has another definition, `ERR_NAME_CLASH` if its
   *   exposed name is in use, `ERR_METRIC_LIMIT` beyond the limit of definitions, `ERR_NAME`, `ERR_UNIT`, `ERR_KEYS`, `ERR_OPTION`.
   */
  gauge<const K extends string = never>(name: string, options: GaugeOptions<K> = {}): Gauge<K> {
    return this.#define(name, options, GAUGE, 'gauge', (instrument) => new Gauge<K>(instrument))
  }

  /** Returns a counter: a sum that only rises. Without label keys it is exposed as 0 from the start. Throws like {@link gauge}. */
  counter<const K extends string = never>(name: string, options: InstrumentOptions<K> = {}): Cumulative<K> {
    return this.cumulative(name, options)
  }

  /** The same as {@link counter}, under its OpenCensus name. */
  cumulative<const K extends string = never>(name: string, options: InstrumentOptions<K> = {}): Cumulative<K> {
    return this.#define(name, options, CUMULATIVE, 'cumulative', (instrument) => new Cumulative<K>(instrument))
  }

  /**
   * Returns a histogram: values in buckets. Without label keys it is exposed from the start. Throws like {@link gauge}, and
   * `ERR_BUCKET_BOUNDS`.
   * @example
   * registry.histogram('job/duration', { unit: 's', bounds: [0.1, 1, 10] }).observe(0.2)
   */
  histogram<const K extends string = never>(name: string, options: HistogramOptions<K> = {}): Histogram<K> {
    checkName('metric', name)
    checkIsObject(`metric ${name}`, options)
    const { bounds: given, signed, ...rest } = options
    checkBooleans('ERR_OPTION', { [`signed of metric ${name}`]: signed })
    const isSigned = signed === true
    const bounds = Object.freeze(checkedBounds(given ?? defaultBounds(options.unit ?? '1')).filter((bound) => isSigned || bound >= 0))
    const kind = histogramKind(new BucketSearch(bounds), isSigned, this.#epochs)
    const what = `${isSigned ? 'signed ' : ''}histogram ${JSON.stringify(bounds)}`
    return this.#define(name, rest, kind, what, (instrument) => new Histogram<K>(instrument))
  }

  /**
   * Returns a summary: quantiles of recent values. Without label keys it is exposed from the start. Throws like {@link gauge}, and
   * `ERR_PERCENTILES`.
   * @example
   * registry.summary('job/size', { unit: 'By', quantiles: [0.5, 0.99] }).observe(512)
   */
  summary<const K extends string = never>(name: string, options: SummaryOptions<K> = {}): Summary<K> {
    checkName('metric', name)
    checkIsObject(`metric ${name}`, options)
    const { unit, description, labelKeys, constantLabels, exactName, rowLimit, ...percentiles } = options
    const rest = givenOptions({ unit, description, labelKeys, constantLabels, exactName, rowLimit })
    const config = resolvePercentiles(percentiles, unit ?? '1')
    return this.#define(
      name,
      rest,
      summaryKind(config, this.#epochs),
      `summary ${JSON.stringify(config)}`,
      (instrument) => new Summary<K>(instrument),
    )
  }

  /** Returns a gauge whose value comes from a function at each gathering. Throws like {@link gauge}. */
  derivedGauge<const K extends string = never>(name: string, options: DerivedGaugeOptions<K> = {}): Derived<K> {
    return this.#derive(name, options, DERIVED_GAUGE, 'derivedGauge')
  }

  /** Returns a counter whose value comes from a function at each gathering. It never falls. Throws like {@link gauge}. */
  derivedCumulative<const K extends string = never>(name: string, options: DerivedOptions<K> = {}): Derived<K> {
    return this.#derive(name, options, DERIVED_CUMULATIVE, 'derivedCumulative')
  }

  #derive<K extends string>(name: string, options: DerivedOptions<K>, kind: InstrumentKind, what: string): Derived<K> {
    checkName('metric', name)
    checkIsObject(`metric ${name}`, options)
    const { whenFailed = 'keep', ...rest } = options
    checkOneOf('ERR_OPTION', `whenFailed of metric ${name}`, whenFailed, ['keep', 'absent'])
    const derived = this.#define(name, rest, kind, `${what} ${whenFailed}`, (instrument) => new Derived<K>(instrument, whenFailed))
    this.#derived.set(name, derived as unknown as Derived<string>)
    return derived
  }

  /** Returns an info metric: labels with facts such as a version. Throws like {@link gauge}. */
  info<const K extends string>(name: string, options: { labelKeys: readonly K[]; description?: string }): Info<K> {
    return this.#define(name, options ?? {}, INFO, 'info', (instrument) => new Info<K>(instrument))
  }

  /** Returns a state set: which of several states are active. Throws like {@link gauge}, and `ERR_STATES`. */
  stateSet<const S extends string, const K extends string = never>(name: string, options: StateSetOptions<S, K>): StateSet<S, K> {
    checkName('metric', name)
    checkStates(name, options?.states)
    const what = `stateSet ${JSON.stringify(options.states)}`
    return this.#define(name, options, STATE_SET, what, (instrument) => new StateSet<S, K>(instrument, options.states))
  }

  #define<H extends object>(
    name: string,
    options: MergeableOptions,
    kind: InstrumentKind,
    what: string,
    handle: (instrument: Instrument) => H,
  ): H {
    checkInstrument(name, options, kind)
    const { description = '', unit = '1', type = 'double', labelKeys = [], constantLabels = {}, exactName = false, rowLimit } = options
    const merge = options.merge === 'sum' ? undefined : options.merge // the default
    const labels = constantTexts('ERR_OPTION', `constantLabels of metric ${name}`, constantLabels)
    labels.sort(([one], [other]) => (one < other ? -1 : 1))
    const definition = `${what} ${JSON.stringify({ unit, type, labelKeys: labelKeys.toSorted(), constantLabels: labels, exactName, rowLimit, merge })}`
    const existing = this.#registrations.get(name)
    if (existing !== undefined) {
      checkSameDefinition('metric', 'ERR_METRIC_CONFLICT', { name, ...existing }, { name, definition, description })
      return existing.handle as H
    }
    if (this.#registrations.size >= this.#definitions) {
      throw new DefinitionError('ERR_METRIC_LIMIT', `at most ${this.#definitions} metrics are allowed: ${name} is one more`)
    }
    const instrument = new Instrument(name, options, kind, this.#home)
    this.#names.reserve(instrument.descriptor)
    const made = handle(instrument)
    this.#registrations.set(name, { definition, description, instrument, handle: made })
    return made
  }

  /** Removes a metric with all its series. Its handles can still be used, but are not exposed. Returns false if there is none. */
  unregister(name: string): boolean {
    const registration = this.#registrations.get(name)
    if (registration === undefined) return false
    this.#registrations.delete(name)
    this.#derived.delete(name)
    this.#names.release(registration.instrument.descriptor)
    registration.instrument.store.dispose()
    return true
  }

  /** Returns snapshots of all metrics with series; a promise only if a derived metric is async. */
  getMetrics(context?: GatheringContext): readonly Metric[] | Promise<readonly Metric[]> {
    const snapshots = (families: readonly Family[]): readonly Metric[] => snapshotsOf(families, this.#clock.unixMs())
    const families = this.getFamilies(context)
    return isThenable(families) ? families.then(snapshots) : snapshots(families)
  }

  /** The same as row sources, for streaming encoders. */
  getFamilies(context?: GatheringContext): readonly Family[] | Promise<readonly Family[]> {
    this.#epochs.advance()
    if (this.#derived.size === 0 || context?.onlyRecorded === true) return this.#sources()
    const deadlineMs = Math.min(this.#deriveTimeoutMs, (context?.timeoutMs ?? Infinity) * SHARE_OF_TIMEOUT)
    const observed = observeAll(this.#derived.values(), deadlineMs, this.#clock)
    return observed === undefined || deadlineMs === 0 ? this.#sources() : observed.then(() => this.#sources())
  }

  #sources(): Family[] {
    const shown = [...this.#registrations.values()].filter(({ instrument }) => instrument.hasRows)
    return shown.map(({ instrument }) => this.#addResource(instrument.source))
  }
}
