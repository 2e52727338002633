import { timed, Timer } from '../base/duration-timer.js'
import { checkClock, checkOptions, type OptionNames, optionNames } from '../base/check-options.js'
import { checkSameDefinition, type Definition } from '../metrics/data/same-definition.js'
import { systemClock, type Clock } from '../base/clock.js'
import { DefinitionError } from '../base/errors.js'
import { processGlobal } from '../base/process-global.js'
import { readLimits, storeHome, type EngineLimits } from '../metrics/store/limits.js'
import type { Metric } from '../metrics/data/metric.js'
import type { MetricProducer } from '../metrics/data/producer.js'
import { Relabelling } from '../metrics/data/relabel.js'
import { checkName, type ConstantLabels } from '../metrics/data/validate-definition.js'
import type { Family } from '../metrics/data/row-source.js'
import { snapshotsOf } from '../metrics/data/snapshot.js'
import { mergeLabels } from '../metrics/labels/shared-tag-map.js'
import { EpochLog } from '../metrics/store/epochs.js'
import { checkMeasure, Measure, type MeasureOptions, type TagsFor } from './recording/measure.js'
import { StatsRecorder } from './recording/measurement-map.js'
import type { Attachments } from './recording/attachments.js'
import { BoundMeasure, record } from './recording/record.js'
import { TagMap, type Tags } from './tags/tag-map.js'
import type { Aggregation } from './views/aggregation.js'
import { countDefined } from './views/measures-without-view.js'
import type { RegisteredView } from './views/registered-view.js'
import type { View, ViewOptions } from './views/view.js'
import { ViewManager } from './views/view-manager.js'

export interface StatsOptions {
  /** Limits of rows and definitions. Default: 2 000 rows per view, 100 000 in total, 10 000 measures, 10 000 views. */
  readonly limits?: EngineLimits
  /** Source of time. Default: the system clock. */
  readonly clock?: Clock
  /**
   * Labels of every exposed series. If a view has a tag that is exposed under the same name, the tag is kept. Rows in the process do not
   * have these labels. Default: none.
   */
  readonly constantLabels?: ConstantLabels
}

const STATS_OPTIONS: OptionNames<StatsOptions> = { limits: true, clock: true, constantLabels: true }

export interface MeasureWithViewOptions<K extends string = string> extends MeasureOptions<K> {
  /** Registers a view with this aggregation and with the name and tag keys of the measure. Default: none. */
  readonly view?: Aggregation
}

const MEASURE_OPTIONS: OptionNames<MeasureWithViewOptions> = optionNames('unit description type signed tagKeys view')

/** Tags at the start of a timer. The rest may be passed at its end. */
export type TimerTags<K extends string> = Partial<TagsFor<K>> | TagMap

/**
 * A stats engine: measures, views and their data, independent of other engines. Most programs use the shared one, `stats`.
 * @example
 * const latency = stats.measure('shop/latency', { unit: 's', tagKeys: ['method'] })
 * stats.viewManager.registerView({ name: 'shop/requests', measure: latency, tagKeys: ['method'], aggregation: count() })
 * stats.record(latency, 0.0125, { method: 'GET' })
 */
export class Stats implements MetricProducer {
  readonly name = 'Stats'
  readonly viewManager: ViewManager
  readonly statsRecorder: StatsRecorder = new StatsRecorder()
  readonly #measures = new Map<string, Measure>()
  readonly #clock: Clock
  readonly #definitions: number
  readonly #epochs: EpochLog
  readonly #labels: Relabelling

  /**
   * @throws {@link DefinitionError} `ERR_OPTION` for a limit that is not a whole number from 1 and for a clock without its methods; `ERR_KEYS`, `ERR_LABEL_RESERVED`,
   *   `ERR_LABEL_CLASH` for keys of `constantLabels` that break a rule.
   */
  constructor(options: StatsOptions = {}) {
    checkOptions('Stats', options, STATS_OPTIONS)
    checkClock('Stats', options.clock)
    const limits = readLimits(options.limits)
    this.#labels = new Relabelling({ constantLabels: options.constantLabels })
    this.#clock = options.clock ?? systemClock
    this.#definitions = limits.definitions
    this.#epochs = new EpochLog(this.#clock)
    const home = storeHome(limits, this.#epochs)
    this.viewManager = new ViewManager(this.#epochs, home, limits.definitions, (name) => this.#measures.get(name))
  }

  /**
   * Defines a measure. An equal definition of this name returns the existing measure; if only the description differs, the first one stays
   * and that is logged once.
   * @throws {@link DefinitionError} `ERR_MEASURE_CONFLICT` if the name has another definition, `ERR_NAME`, `ERR_UNIT`,
   *   `ERR_MEASURE_TYPE`, `ERR_KEYS` for options that break a rule, `ERR_MEASURE_LIMIT` beyond the limit of definitions; with `view`
   *   also the errors of {@link registerView}; nothing is defined then.
   * @example
   * const latency = stats.measure('shop/latency', { unit: 's', tagKeys: ['route'], view: distribution() })
   */
  measure<const K extends string = string>(name: string, options: MeasureWithViewOptions<K> = {}): Measure<K> {
    checkName('measure', name)
    checkOptions(`measure ${name}`, options, MEASURE_OPTIONS)
    const { view, ...own } = options
    const made: Measure = new Measure<K>(name, own, this.#epochs, this.#measures.size) as unknown as Measure
    const existing = this.#measures.get(name)
    const measure = existing ?? made
    if (existing !== undefined) {
      const hint = Object.keys(options).length === 0 ? '. To look up a measure, use getMeasure().' : ''
      checkSameDefinition('measure', 'ERR_MEASURE_CONFLICT', definitionOf(existing), definitionOf(made), hint)
    }
    if (existing === undefined) this.#checkRoom(name)
    if (view !== undefined) this.registerView({ name, measure, aggregation: view, tagKeys: measure.tagKeys ?? [] })
    if (existing === undefined) {
      this.#measures.set(name, measure)
      countDefined()
      this.viewManager.measureDefined(measure)
    }
    return measure as unknown as Measure<K>
  }

  #checkRoom(name: string): void {
    if (this.#measures.size >= this.#definitions) {
      throw new DefinitionError('ERR_MEASURE_LIMIT', `at most ${this.#definitions} measures are allowed: ${name} is one more`)
    }
  }

  /** Alias of {@link ViewManager.registerView}. */
  registerView<K extends string, A extends Aggregation>(options: ViewOptions<K, A>): RegisteredView<A>
  registerView<K extends string>(options: ViewOptions<K> | View): RegisteredView
  registerView(options: ViewOptions | View): RegisteredView {
    return this.viewManager.registerView(options as ViewOptions)
  }

  /** The measure of this name, or undefined. */
  getMeasure(name: string): Measure | undefined {
    return this.#measures.get(name)
  }

  /**
   * Records one value. Never throws: a value that no view accepts is dropped and counted by reason.
   * @param tags A TagMap, which is fastest if it is used again, or a plain object. Default: the tags of the async context.
   * @param attachments Labels of an exemplar, such as `{ trace_id }`.
   */
  record<K extends string>(measure: Measure<K>, value: number, tags?: TagsFor<K> | TagMap, attachments?: Attachments): void {
    record(measure as unknown as Measure, value, tags as Tags | TagMap | undefined, attachments)
  }

  /**
   * Returns a handle for one measure and one set of tags: the fastest way to record. Tags that cannot be read are left out and counted.
   * @throws {@link DefinitionError} `ERR_MEASURE` if this is not a measure.
   */
  bind<K extends string>(measure: Measure<K>, tags: TagsFor<K> | TagMap): BoundMeasure<K> {
    checkMeasure('bind', measure)
    return new BoundMeasure(measure, tagMapOf(tags).values)
  }

  /**
   * Starts a timer for a measure in s, ms, us, ns, min or h. `stop()`, or the end of a `using` block, records the elapsed time. Tags that
   * are only known at the end may be passed to `stop()`.
   * @throws {@link DefinitionError} `ERR_TIMER_UNIT` for a measure in another unit, `ERR_MEASURE` if this is not a measure.
   */
  startTimer<K extends string>(measure: Measure<K>, tags?: TimerTags<K>): Timer<TimerTags<K>> {
    checkMeasure('startTimer', measure)
    const { name, unit } = measure
    const record = (value: number, all: TimerTags<K> | undefined): void => this.record(measure, value, all as TagsFor<K> | TagMap)
    return new Timer({ name, unit, clock: this.#clock, merge: mergeLabels, record }, tags)
  }

  /**
   * Records the duration of `fn`, until it returns or its promise settles, also if it fails.
   * @param tags Default: the tags of the async context.
   * @throws {@link DefinitionError} `ERR_TIMER_UNIT` for a measure in another unit; errors of `fn`.
   * @example
   * const user = await stats.time(latency, { method: 'GET', route: '/user' }, () => loadUser(id))
   */
  time<K extends string, R>(measure: Measure<K>, fn: () => R): R
  time<K extends string, R>(measure: Measure<K>, tags: TagsFor<K> | TagMap | undefined, fn: () => R): R
  time<K extends string, R>(measure: Measure<K>, first: unknown, second?: () => R): R {
    const [tags, fn] = typeof first === 'function' ? [undefined, first as () => R] : [first as TimerTags<K> | undefined, second!]
    return timed(this.startTimer(measure, tags), fn)
  }

  /** Returns snapshots of all views that have rows. */
  getMetrics(): readonly Metric[] {
    return snapshotsOf(this.getFamilies(), this.#clock.unixMs())
  }

  /** Returns the row sources of all views that have rows, for streaming encoders. */
  getFamilies(): readonly Family[] {
    this.viewManager.advance()
    const families = this.viewManager.families()
    return this.#labels.isNothing ? families : families.map((family) => this.#labels.family(family))
  }

  /** Removes the rows of all views. Measures and views stay. For tests: see `tallyscope/testing`. */
  reset(): void {
    this.viewManager.reset()
  }

  /** Stops the timer of views with `idleExpiryMs`. Values can still be recorded. */
  shutdown(): void {
    this.viewManager.stop()
  }
}

/** The default engine, one in each process. It does no I/O. */
export const stats: Stats = processGlobal('stats', () => new Stats())

function tagMapOf(tags: unknown): TagMap {
  try {
    if (tags instanceof TagMap) return tags
  } catch {} // a revoked proxy throws even at typeof and instanceof
  return TagMap.of(tags as Tags)
}

/** The order of tag keys does not count. */
function definitionOf({ name, description, unit, type, signed, tagKeys }: Measure): Definition {
  return { name, description, definition: JSON.stringify({ unit, type, signed, tagKeys: tagKeys?.toSorted() }) }
}
