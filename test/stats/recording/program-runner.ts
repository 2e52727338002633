// Runs a program with an engine and with the naive model beside it, and compares all rows.
import { formatText, textEncoder } from '../../../src/exporters/prometheus/index.js'
import * as thisCopy from '../../../src/index.js'
import type { Aggregation, BoundMeasure, Measure, TagMap, Tags, ViewRow } from '../../../src/index.js'
import { ManualClock } from '../../../src/testing/manual-clock.js'
import { bytesOf } from '../../exporters/prometheus/format/metric-samples.js'
import { asTagMap, BOUNDS, lineOf, NaiveStats, type MeasureModel, type ViewModel } from './naive-stats.js'
import { noticingTags, tagsThatThrow, withGetters } from './hostile-tags.js'
import { TAGS, type Context, type Door, type Form, type Program, type RecordStep, type Step } from './record-program.js'

export type Copy = typeof thisCopy

const IDLE_MS = 1e9

const MEASURES: readonly MeasureModel[] = [
  { unit: 'ms', signed: false, type: 'double' },
  { unit: 'ms', signed: true, type: 'double' },
  { unit: 'ms', signed: false, type: 'int64' },
  { unit: 'ms', signed: false, type: 'double' }, // its views have no tag keys
  { unit: 'ms', signed: false, type: 'double' }, // its views have context tags
]

export const VIEWS: readonly ViewModel[] = [
  { measure: 0, kind: 'count', tagKeys: [] },
  { measure: 0, kind: 'count', tagKeys: ['a'] },
  { measure: 0, kind: 'sum', tagKeys: ['a'] },
  { measure: 0, kind: 'distribution', tagKeys: ['a'] },
  { measure: 0, kind: 'lastValue', tagKeys: ['a'] },
  { measure: 0, kind: 'sum', tagKeys: ['a', 'b'] },
  { measure: 0, kind: 'count', tagKeys: ['b', 'a'] },
  { measure: 0, kind: 'sum', tagKeys: ['b'], rowLimit: 2 },
  { measure: 0, kind: 'count', tagKeys: ['size'] },
  { measure: 0, kind: 'distribution', tagKeys: ['values', 'record', 'newestHandle'] },
  { measure: 0, kind: 'count', tagKeys: ['a'], idleExpiryMs: IDLE_MS },
  { measure: 0, kind: 'sum', tagKeys: ['a', 'b', 'c', 'd', 'e'] },
  { measure: 1, kind: 'sum', tagKeys: [] },
  { measure: 1, kind: 'distribution', tagKeys: ['a'] },
  { measure: 1, kind: 'lastValue', tagKeys: ['b', 'a'], idleExpiryMs: IDLE_MS },
  { measure: 2, kind: 'sum', tagKeys: ['b'] },
  { measure: 2, kind: 'distribution', tagKeys: ['b'] },
  { measure: 2, kind: 'lastValue', tagKeys: [] },
  { measure: 3, kind: 'count', tagKeys: [] },
  { measure: 3, kind: 'distribution', tagKeys: [] },
  { measure: 0, kind: 'count', tagKeys: ['a'], contextTags: ['b'] },
  { measure: 0, kind: 'sum', tagKeys: [], contextTags: ['a'], rowLimit: 2 },
  { measure: 0, kind: 'sum', tagKeys: ['a', 'c', 'd', 'e'], contextTags: ['size', 'b'] },
  { measure: 1, kind: 'distribution', tagKeys: ['b'], contextTags: ['size', 'a'], idleExpiryMs: IDLE_MS },
  { measure: 2, kind: 'lastValue', tagKeys: [], contextTags: ['b'] },
  { measure: 0, kind: 'exponential', tagKeys: ['a'] },
  { measure: 0, kind: 'percentiles', tagKeys: ['b'], rowLimit: 2 },
  { measure: 1, kind: 'exponential', tagKeys: ['a', 'b'] },
  { measure: 1, kind: 'percentiles', tagKeys: [] },
  { measure: 0, kind: 'count', tagKeys: ['j', 'i', 'h', 'g', 'f', 'e', 'd', 'c', 'b', 'a'] },
  { measure: 4, kind: 'count', tagKeys: ['a'], contextTags: ['b'] },
  { measure: 4, kind: 'distribution', tagKeys: ['a'], contextTags: ['b'] },
  { measure: 4, kind: 'sum', tagKeys: [], contextTags: ['a'] },
]

/** Views that share their rows with no other, so that removing rows does not change which views a measure has. */
const ALONE = [7, 11, 13, 20] as const

/** A timer measures whole milliseconds: what it is to measure for a value of a program. */
const timerMs = (value: unknown): number => (typeof value === 'number' && value >= 1 && value < 10 ? Math.floor(value) : 0)

function aggregationOf({ kind }: ViewModel): Aggregation {
  if (kind === 'distribution') return thisCopy.distribution(BOUNDS)
  const { count, exponential, lastValue, percentiles, sum } = thisCopy
  return { count, exponential, lastValue, percentiles, sum }[kind]()
}

const isMap = (form: Form): boolean => form.endsWith('Map')

/** What the engine holds differs from what the model holds. */
export class Difference extends Error {}

export class ProgramRunner {
  readonly #copy: Copy
  readonly #clock = new ManualClock()
  readonly #stats = new thisCopy.Stats({ clock: this.#clock })
  readonly #copyStats
  readonly #measures: readonly Measure[]
  readonly #naive = new NaiveStats(MEASURES, VIEWS)
  readonly #kept = new Map<string, unknown>()
  readonly #mutated: Record<string, unknown> = {}
  #onRead: (() => void) | undefined = undefined

  /** @param copy Another copy of the package. */
  constructor(copy: Copy) {
    this.#copy = copy
    this.#copyStats = new copy.Stats({ clock: this.#clock })
    this.#measures = MEASURES.map((options, at) => this.#stats.measure(`m${at}`, options) as Measure)
  }

  async run({ views, steps }: Program): Promise<void> {
    for (const view of views) this.#register(view)
    try {
      for (const [at, step] of steps.entries()) {
        await this.#take(step)
        if (step.do === 'gather' || step.do === 'scrape') this.#compare(`after step ${at + 1}`)
      }
      this.#compare('at the end')
    } finally {
      this.#stats.shutdown()
      this.#copyStats.shutdown()
    }
  }

  #take(step: Step): void | Promise<void> {
    const { viewManager } = this.#stats
    switch (step.do) {
      case 'record':
        for (let n = 0; n < step.times; n++) this.#record(step, n)
        return
      case 'flood':
        return this.#flood(step)
      case 'register':
        return this.#register(step.view)
      case 'unregister':
        viewManager.unregisterView(`v${step.view}`)
        return this.#naive.unregister(step.view)
      case 'removeRows': {
        const tags = Object.fromEntries(step.keys.map((key) => [key, TAGS[step.tags]![key]]))
        viewManager.removeRows(`v${step.view}`, tags as Tags)
        return this.#naive.removeRows(step.view, tags)
      }
      case 'expire':
        this.#clock.advance(3 * IDLE_MS)
        return this.#naive.expire()
      case 'gather':
        return void this.#stats.getMetrics()
      case 'scrape':
        return this.#scrape()
    }
  }

  #register(number: number): void {
    const view = VIEWS[number]!
    const { kind: _, measure, ...options } = view
    const definition = { ...options, name: `v${number}`, measure: this.#measures[measure]!, aggregation: aggregationOf(view) }
    this.#stats.viewManager.registerView(definition)
    this.#naive.register(number)
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
      case 'recordingGetters':
      case 'removingGetters':
        return noticingTags(tags, () => this.#onRead?.())
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
    this.#onRead = this.#effectOf(step, number, current)
    this.#within(context, () => this.#enter(door, measure, value as number, form, number))
    this.#onRead = undefined
    const isBound = /bound/i.test(door)
    const isGiven = form !== 'none' && form !== 'null'
    const tags = isGiven ? (isMap(form) || isBound ? asTagMap(own) : own) : isBound ? {} : current
    const attachment = /attached/i.test(door) ? String(number) : undefined
    this.#naive.record(measure, value, tags, current, attachment)
    if (door === 'batchOfTwo') this.#naive.record((measure + 1) % MEASURES.length, 3, tags, current)
  }

  /** What happens when a property of the tags is read: the engine and the model are changed alike. */
  #effectOf({ form, measure, value }: RecordStep, number: number, current: Readonly<Record<string, unknown>>): (() => void) | undefined {
    if (form === 'recordingGetters') {
      return () => {
        const onRead = this.#onRead
        this.#onRead = undefined
        const tags = TAGS[5] as Tags
        this.#stats.record(this.#measures[measure]!, value as number, tags)
        this.#naive.record(measure, value, tags, current)
        this.#onRead = onRead
      }
    }
    if (form !== 'removingGetters') return undefined
    return () => {
      this.#onRead = undefined // only once, because the rows that the record makes must stay
      const view = ALONE[number % ALONE.length]!
      this.#stats.viewManager.removeRows(`v${view}`, {})
      this.#naive.removeRows(view, {})
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

  /** Reads as a scrape does, in the format whose text is kept from one scrape to the next. */
  async #scrape(): Promise<void> {
    const streamed = String(await bytesOf(textEncoder.encode(this.#stats.getFamilies())))
    const whole = formatText(this.#stats.getMetrics())
    if (streamed !== whole) throw new Difference(`a scrape reads\n${streamed}\ninstead of\n${whole}`)
  }

  #compare(when: string): void {
    const views = this.#stats.viewManager.getAllViewData()
    const found = Object.fromEntries(
      views.map(({ view, rows }) => [view.name, rows.flatMap((row) => linesOf(row, view.descriptor.labelKeys)).sort()]),
    )
    const expected = this.#naive.rows()
    const names = new Set([...Object.keys(found), ...Object.keys(expected)])
    const differing = [...names].filter((name) => JSON.stringify(found[name]) !== JSON.stringify(expected[name]))
    if (differing.length === 0) return
    const lines = differing.map((name) => `${name} has ${JSON.stringify(found[name])}\n  instead of ${JSON.stringify(expected[name])}`)
    throw new Difference(`${when}:\n${lines.join('\n')}`)
  }
}

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

function linesOf({ tagValues, overflow, data }: ViewRow, tagKeys: readonly string[]): string[] {
  const key = overflow ? 'overflow' : JSON.stringify(tagKeys.map((tag) => tagValues[tag] ?? null))
  if (data.kind === 'count' || data.kind === 'sum' || data.kind === 'lastValue') return lineOf(key, { value: data.value })
  if (data.kind === 'summary' || data.exponential !== undefined) {
    return lineOf(key, { count: data.count, sum: data.sum, buckets: [], exemplars: [] })
  }
  const { count, sum, bucketCounts } = data
  const exemplars = bucketCounts.map((_, bucket) => {
    const exemplar = data.exemplars?.[bucket]
    return exemplar === undefined ? '-' : `${exemplar.attachments['trace_id']}=${exemplar.value}`
  })
  return lineOf(key, { count, sum, buckets: bucketCounts, exemplars })
}
