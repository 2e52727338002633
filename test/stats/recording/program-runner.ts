// Runs a program with two engines and with the naive model beside them, and compares all rows.
import { replaceSystemClock } from '../../../src/base/clock.js'
import { formatOpenMetrics, formatText, openMetricsEncoder, textEncoder } from '../../../src/exporters/prometheus/index.js'
import * as thisCopy from '../../../src/index.js'
import type { BoundMeasure, Measure, Metric, MetricProducer, TagMap, Tags } from '../../../src/index.js'
import { ManualClock } from '../../../src/testing/manual-clock.js'
import { bytesOf } from '../../exporters/prometheus/format/metric-samples.js'
import { noticingKeys, noticingTags, tagsThatThrow, withGetters } from './hostile-tags.js'
import { aggregationOf, IDLE_MS, MEASURES, OTHER_MEASURE, timerMs, VIEWS } from './model-views.js'
import { asTagMap, NaiveStats } from './naive-stats.js'
import {
  CONSTANT_LABELS,
  differences,
  faultsBetween,
  type Rows,
  rowsOfMetrics,
  rowsOfText,
  removedIn,
  rowsOfViews,
  withoutExemplars,
} from './program-rows.js'
import {
  TAGS,
  type Context,
  type Door,
  type Effect,
  type Form,
  type Program,
  type RecordStep,
  type ShortStep,
  type Step,
} from './record-program.js'

export type Copy = typeof thisCopy

const isMap = (form: Form): boolean => form.endsWith('Map')

/** What the engine holds differs from what the model holds. */
export class Difference extends Error {}

export class ProgramRunner {
  readonly #copy: Copy
  readonly #clock = new ManualClock()
  readonly #stats: thisCopy.Stats
  /** Another engine of this copy. */
  readonly #other: thisCopy.Stats
  readonly #copyStats
  readonly #constant: Readonly<Record<string, string>>
  readonly #measures: readonly Measure[]
  readonly #naive = new NaiveStats(MEASURES, VIEWS)
  readonly #kept = new Map<string, unknown>()
  readonly #mutated: Record<string, unknown> = {}
  #onRead: (() => void) | undefined = undefined

  /** @param copy Another copy of the package. */
  constructor(copy: Copy, hasLabels: boolean) {
    this.#copy = copy
    this.#copyStats = new copy.Stats({ clock: this.#clock })
    this.#constant = hasLabels ? CONSTANT_LABELS : {}
    this.#stats = new thisCopy.Stats({ clock: this.#clock, constantLabels: this.#constant })
    this.#other = new thisCopy.Stats({ clock: this.#clock })
    this.#measures = MEASURES.map((options, at) => this.#engineOf(at).measure(`m${at}`, options) as Measure)
  }

  /** The engine of a measure. */
  #engineOf(measure: number): thisCopy.Stats {
    return measure === OTHER_MEASURE ? this.#other : this.#stats
  }

  /** The view manager of a view. */
  #managerOf(view: number): thisCopy.ViewManager {
    return this.#engineOf(VIEWS[view]!.measure).viewManager
  }

  async run({ views, steps }: Program): Promise<void> {
    for (const view of views) this.#register(view)
    try {
      for (const [at, step] of steps.entries()) {
        await this.#take(step)
        if (step.do !== 'record' && step.do !== 'flood') this.#compare(`after step ${at + 1}`)
      }
      this.#compare('at the end')
    } finally {
      for (const engine of [this.#stats, this.#other, this.#copyStats]) engine.shutdown()
    }
  }

  #take(step: Step): void | Promise<void> {
    if (step.do === 'scrape') return this.#scrape(step.between)
    if (step.do === 'export') return this.#export(step)
    return this.#takeShort(step)
  }

  #takeShort(step: ShortStep): void {
    switch (step.do) {
      case 'record':
        for (let n = 0; n < step.times; n++) this.#record(step, n)
        return
      case 'flood':
        return this.#flood(step)
      case 'register':
        return this.#register(step.view)
      case 'unregister':
        return this.#unregister(step.view)
      case 'removeRows':
        return this.#removeRows(step.view, Object.fromEntries(step.keys.map((key) => [key, TAGS[step.tags]![key]])))
      case 'expire':
        return this.#expire()
      case 'gather':
        return void this.#stats.getMetrics()
      case 'gatherOther':
        return void this.#other.getMetrics()
    }
  }

  #register(number: number): void {
    const view = VIEWS[number]!
    const { kind: _, measure, ...options } = view
    const definition = { ...options, name: `v${number}`, measure: this.#measures[measure]!, aggregation: aggregationOf(view) }
    this.#managerOf(number).registerView(definition)
    this.#naive.register(number)
  }

  #unregister(number: number): void {
    this.#managerOf(number).unregisterView(`v${number}`)
    this.#naive.unregister(number)
  }

  #removeRows(number: number, tags: Readonly<Record<string, unknown>>): void {
    this.#managerOf(number).removeRows(`v${number}`, tags as Tags)
    this.#naive.removeRows(number, tags)
  }

  #expire(): void {
    this.#clock.advance(3 * IDLE_MS)
    this.#naive.expire()
  }

  /** One object for each name. */
  #keep<T>(name: string, make: () => T): T {
    if (!this.#kept.has(name)) this.#kept.set(name, make())
    return this.#kept.get(name) as T
  }

  /** The tags in the form in which they are given. */
  #given(form: Form, number: number): Tags | TagMap | undefined {
    const tags = TAGS[number] as Tags
    const { TagMap } = thisCopy
    switch (form) {
      case 'none':
        return undefined
      case 'null':
        return null as unknown as undefined
      case 'empty':
        return {}
      case 'emptyMap':
        return TagMap.EMPTY
      case 'fresh':
        return { ...tags }
      case 'wider':
        return { zone: 'north', ...tags, shop: 'corner' }
      case 'kept':
        return this.#keep(`object ${number}`, () => ({ ...tags }))
      case 'mutated':
        for (const key of Object.keys(this.#mutated)) delete this.#mutated[key]
        return Object.assign(this.#mutated, tags) as Tags
      case 'getters':
        return this.#keep(`getters ${number}`, () => withGetters(tags))
      case 'effectOfGetters':
        return noticingTags(tags, () => this.#onRead?.())
      case 'effectOfKeys':
        return noticingKeys({ ...tags }, () => this.#onRead?.())
      case 'throwingGetter':
        return tagsThatThrow(tags)
      case 'withoutPrototype':
        return Object.assign(Object.create(null), tags) as Tags
      case 'keptMap':
        return this.#keep(`map ${number}`, () => TagMap.of(tags))
      case 'freshMap':
        return TagMap.of(tags)
      case 'derivedMap':
        return TagMap.of({ a: 'before', b: 'before', c: 'gone' }).with({ a: undefined, b: undefined, c: undefined, ...tags })
      case 'foreignMap':
        return this.#keep(`foreign map ${number}`, () => this.#copy.TagMap.of(tags)) as unknown as TagMap
      case 'freshForeignMap':
        return this.#copy.TagMap.of(tags) as unknown as TagMap
    }
  }

  #record(step: RecordStep, turn: number): void {
    const { measure, door, form } = step
    const number = step.tags[turn % step.tags.length]!
    const context = step.contexts[turn % step.contexts.length]
    const isTimed = door === 'timer' || door === 'timerStop' || door === 'time'
    const value = isTimed ? timerMs(step.value) : step.value
    const own = ownTags(form, number)
    const current = currentIn(context)
    const isBound = /bound/i.test(door)
    const isGiven = form !== 'none' && form !== 'null'
    const tags = isGiven ? (isMap(form) || isBound ? asTagMap(own) : own) : isBound ? {} : current
    const attachment = /attached/i.test(door) ? String(number) : undefined
    this.#onRead = this.#effectOf(step, tags, current)
    this.#within(context, () => this.#enter(door, measure, value as number, form, number))
    this.#onRead = undefined
    this.#naive.record(measure, value, tags, current, attachment)
    if (door === 'batchOfTwo') this.#naive.record((measure + 1) % MEASURES.length, 3, tags, current)
  }

  /** What happens when the tags are read for the first time: the engine and the model are changed alike. */
  #effectOf({ form, measure, value, effect }: RecordStep, tags: Given, current: Given): (() => void) | undefined {
    if (!form.startsWith('effect')) return undefined
    return () => {
      this.#onRead = undefined // only once, because what the record makes must stay
      const { view } = effect
      switch (possible(effect, form, value)) {
        case 'record':
          this.#stats.record(this.#measures[measure]!, value as number, { ...tags } as Tags)
          return this.#naive.record(measure, value, tags, current)
        case 'register':
          return this.#register(view)
        case 'unregister':
          return this.#unregister(view)
        case 'gather':
          return void this.#engineOf(measure).getMetrics()
        case 'removeRows':
          return this.#removeRows(view, {})
        case 'expire':
          return this.#expire()
      }
    }
  }

  #within(context: Context | undefined, fn: () => void): void {
    if (context === undefined) return fn()
    const { by, tags, outer } = context
    if (outer !== undefined) return thisCopy.withTags(TAGS[outer] as Tags, () => this.#within({ ...context, outer: undefined }, fn))
    const form = by === 'fresh' ? 'freshMap' : by === 'kept' || by === 'copyForeign' ? 'keptMap' : 'foreignMap'
    const map = this.#given(form, tags) as TagMap
    if (by.startsWith('copy')) this.#copy.withTags(map as never, fn)
    else thisCopy.withTags(map, fn)
  }

  #enter(door: Door, at: number, value: number, form: Form, number: number): void {
    const stats = this.#stats
    const measure = this.#measures[at]!
    const tags = this.#given(form, number)
    const attachments = { trace_id: String(number) }
    switch (door) {
      case 'record':
        return stats.record(measure, value, tags)
      case 'copyRecord':
        return this.#copyStats.record(measure as never, value, tags as never)
      case 'attached':
        return stats.record(measure, value, tags, attachments)
      case 'unreadableAttachments':
        return stats.record(measure, value, tags, tagsThatThrow(attachments) as Record<string, string>)
      case 'copyAttached':
        return this.#copyStats.record(measure as never, value, tags as never, attachments)
      case 'bound':
      case 'boundAttached':
        return this.#bound(at, form, number, tags).record(value, door === 'bound' ? undefined : attachments)
      case 'copyBound':
        return this.#keep(`copy's handle ${at} ${form} ${number}`, () => this.#copyStats.bind(measure as never, tags as never)).record(
          value,
        )
      case 'freshBound':
        return stats.bind(measure, tags as Tags).record(value)
      case 'batch':
        return stats.statsRecorder.newMeasurementMap().put(measure, value).record(tags)
      case 'batchOfTwo': {
        const other = this.#measures[(at + 1) % MEASURES.length]!
        return stats.statsRecorder.newMeasurementMap().put(measure, value).put(other, 3).record(tags)
      }
      case 'attachedBatch':
        return stats.statsRecorder.newMeasurementMap().put(measure, value).putAttachment('trace_id', String(number)).record(tags)
      case 'copyBatch':
        return this.#copyStats.statsRecorder
          .newMeasurementMap()
          .put(measure as never, value)
          .record(tags as never)
      default:
        return this.#time(door, measure, value, tags)
    }
  }

  #bound(at: number, form: Form, number: number, tags: Tags | TagMap | undefined): BoundMeasure {
    return this.#keep(`handle ${at} ${form} ${number}`, () => this.#stats.bind(this.#measures[at]!, tags as Tags))
  }

  #time(door: Door, measure: Measure, value: number, tags: Tags | TagMap | undefined): void {
    if (door === 'time') return this.#stats.time(measure, tags, () => this.#clock.advance(value))
    const timer = this.#stats.startTimer(measure, door === 'timer' ? tags : undefined)
    this.#clock.advance(value)
    timer.stop(door === 'timer' ? undefined : tags)
  }

  #flood({ measure, form, from, count }: Step & { do: 'flood' }): void {
    for (let n = from; n < from + count; n++) {
      const tags = Object.fromEntries(['a', 'b', 'c', 'd', 'e'].map((key) => [key, `${key}${n}`]))
      this.#stats.record(this.#measures[measure]!, 1, form === 'fresh' ? tags : thisCopy.TagMap.of(tags))
      this.#naive.record(measure, 1, tags, {})
    }
  }

  /** Reads two pages in slices, and takes a step after each slice. Then reads pages at once, whose text is partly cached by now. */
  async #scrape(between: readonly ShortStep[]): Promise<void> {
    if (between.length > 0) {
      const moments = [this.#naive.rows()]
      const pages = await withShortSlices(async () => {
        const texts = [1, 2].map(() => bytesOf(textEncoder.encode(this.#stats.getFamilies())))
        const other = bytesOf(openMetricsEncoder().encode(this.#stats.getFamilies()))
        for (const step of between) {
          await new Promise((resolve) => setImmediate(resolve))
          this.#takeShort(step)
          moments.push(this.#naive.rows())
        }
        await other
        return Promise.all(texts)
      })
      for (const page of pages) {
        const faults = faultsBetween(
          rowsOfText(String(page), this.#constant),
          moments.map((rows) => withoutExemplars(own(rows))),
          removedIn(between),
        )
        if (faults !== '') throw new Difference(`on a page that was read meanwhile:\n${faults}`)
      }
    }
    for (const [encoder, format] of [
      [textEncoder, formatText],
      [openMetricsEncoder(), formatOpenMetrics],
    ] as const) {
      const streamed = String(await bytesOf(encoder.encode(this.#stats.getFamilies())))
      const whole = format(this.#stats.getMetrics())
      if (streamed !== whole) throw new Difference(`a scrape reads\n${streamed}\ninstead of\n${whole}`)
    }
  }

  /** Closing a periodic task exports once. */
  async #export({ inProducer, isLater, inExporter }: Step & { do: 'export' }): Promise<void> {
    const moments = [this.#naive.rows()]
    const take = (step: ShortStep): void => {
      this.#takeShort(step)
      moments.push(this.#naive.rows())
    }
    const producer: MetricProducer = {
      name: 'recording',
      getMetrics: async () => {
        if (isLater) await Promise.resolve()
        else moments.shift() // this producer is read before the engines
        take(inProducer)
        return []
      },
    }
    let found: Rows = {}
    const exporter = {
      export: async (metrics: readonly Metric[]) => {
        found = rowsOfMetrics(metrics, (name) => (VIEWS[Number(name.slice(1))]!.measure === OTHER_MEASURE ? {} : this.#constant))
        const faults = faultsBetween(found, moments, isLater ? removedIn([inProducer]) : [])
        take(inExporter)
        if (faults !== '') throw new Difference(`in an export:\n${faults}`)
      },
    }
    const producers = [producer, this.#stats, this.#other]
    await thisCopy.exportPeriodically({ producers, exporter, clock: new ManualClock() }).close({ strict: true })
  }

  #compare(when: string): void {
    const found = rowsOfViews([this.#stats, this.#other].flatMap(({ viewManager }) => viewManager.getAllViewData()))
    const faults = differences(found, this.#naive.rows())
    if (faults !== '') throw new Difference(`${when}:\n${faults}`)
  }
}

/** Runs `fn` with a clock by which each slice is over as soon as it has begun. */
async function withShortSlices<R>(fn: () => Promise<R>): Promise<R> {
  let now = 0
  const before = replaceSystemClock({ unixMs: () => 0, monotonicMs: () => (now += 1_000) })
  try {
    return await fn()
  } finally {
    replaceSystemClock(before)
  }
}

/** The rows of the engine whose pages are read. */
function own(rows: Rows): Rows {
  return Object.fromEntries(Object.entries(rows).filter(([name]) => VIEWS[Number(name.slice(1))]!.measure !== OTHER_MEASURE))
}

/**
 * What an effect is to do instead of what the model cannot follow. The model takes it before the record, so the engine must not have
 * recorded into rows that are removed: they are of views whose keys are all read by then. That is not known when keys are listed. A view
 * that is registered gets a value only if all views take it.
 */
function possible({ do: effect, view }: Effect, form: Form, value: unknown): Effect['do'] {
  const isLate = form === 'effectOfKeys' || (effect === 'removeRows' && !VIEWS[view]!.tagKeys.some((key) => /^[a-e]$/.test(key)))
  if ((effect === 'removeRows' || effect === 'expire') && isLate) return 'record'
  if (effect === 'register' && !(typeof value === 'number' && value >= 0 && Number.isInteger(value))) return 'gather'
  return effect
}

type Given = Readonly<Record<string, unknown>>

/** The tags of an object as the model takes them. */
function ownTags(form: Form, number: number): Readonly<Record<string, unknown>> {
  if (form === 'empty' || form === 'emptyMap') return {}
  const tags = TAGS[number]!
  return form === 'throwingGetter' ? { ...tags, b: { refused: true } } : tags
}

/** The current tags as the model takes them. */
function currentIn(context: Context | undefined): Readonly<Record<string, unknown>> {
  if (context === undefined) return {}
  const inner = asTagMap(TAGS[context.tags]!)
  return context.outer === undefined ? inner : { ...asTagMap(TAGS[context.outer]!), ...inner }
}
