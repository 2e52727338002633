import { fc } from '../../fast-check.js'
import { expect, test } from 'vitest'
import { formatText, textEncoder } from '../../../src/exporters/prometheus/index.js'
import { type Cumulative, type CumulativeSeries, type Gauge, type GaugeSeries, type Metric, MetricRegistry } from '../../../src/index.js'
import { bytesOf } from '../../exporters/prometheus/format/metric-samples.js'
import { amount, figure, seed } from '../../faults/amount.js'
import { asTagMap } from '../../stats/recording/naive-stats.js'
import { NaiveInstrument } from './naive-instrument.js'

const PROGRAMS = amount(10_000, 1_000_000)

type On = 'gauge' | 'bareGauge' | 'counter' | 'bare'
const ACTS = [
  'set',
  'add',
  'dec',
  'seriesSet',
  'seriesAdd',
  'seriesDec',
  'readValue',
  'remove',
  'removeMatching',
  'clear',
  'gather',
  'scrape',
] as const
interface Step {
  readonly act: (typeof ACTS)[number]
  readonly on: On
  readonly labels: number
  readonly value: unknown
  readonly times: number
}

const KEYS = { gauge: ['a', 'b'], bareGauge: [], counter: ['a'], bare: [] } as const
type Labels = Readonly<Record<'a' | 'b', string>>
const LABELS = [
  ...[{}, { a: 'x' }, { a: 'y', b: 'x' }, { a: 'x', b: 'y' }, { a: 1 }, { a: '1', b: undefined }],
  { a: { toString: () => 'never called' }, b: 'y' },
] as readonly unknown[] as readonly Labels[]

const step: fc.Arbitrary<Step> = fc.record({
  act: fc.constantFrom(...ACTS),
  on: fc.constantFrom<On>('gauge', 'gauge', 'bareGauge', 'counter', 'bare'),
  labels: fc.nat(LABELS.length - 1),
  value: fc.oneof(
    fc.integer({ min: 0, max: 9 }),
    fc.constantFrom(undefined, null, 0.5, -1, -0, 2 ** 31, Number.NaN, Infinity, 5n, 2n ** 60n, '7'),
  ),
  times: fc.constantFrom(1, 1, 2, 70, 140),
})

/** A registry with a gauge and a counter, each with labels and without, and the model of them. */
class Registry {
  readonly #registry = new MetricRegistry()
  readonly #gauge = this.#registry.gauge('gauge', { labelKeys: KEYS.gauge })
  readonly #bareGauge = this.#registry.gauge('bareGauge')
  readonly #counter = this.#registry.cumulative('counter', { labelKeys: KEYS.counter })
  readonly #bare = this.#registry.counter('bare')
  readonly #naive = {
    gauge: new NaiveInstrument('gauge', KEYS.gauge),
    bareGauge: new NaiveInstrument('gauge', KEYS.bareGauge),
    counter: new NaiveInstrument('counter', KEYS.counter),
    bare: new NaiveInstrument('counter', KEYS.bare),
  }
  readonly #kept = new Map<string, GaugeSeries | CumulativeSeries>()

  constructor() {
    this.#naive.bare.clear() // shown from the start
  }

  async take({ act, on, labels: number, value, times }: Step): Promise<void> {
    const labels = LABELS[number]!
    const instrument = this.#instrument(on)
    const naive = this.#naive[on]
    if (act === 'gather') return void this.#registry.getMetrics()
    if (act === 'scrape') return this.#scrape()
    if (act === 'remove') return expect(instrument.remove({ ...labels })).toBe(naive.remove(labels))
    if (act === 'removeMatching') return expect(instrument.removeMatching({ ...labels })).toBe(naive.removeMatching(labels))
    if (act === 'clear') return void [instrument.clear(), naive.clear()]
    if (act === 'readValue') return expect(this.#series(on, number).value).toBe(naive.value(asTagMap(labels)))
    for (let n = 0; n < times; n++) {
      if (act.startsWith('series')) this.#changeSeries(act, on, number, value)
      else this.#change(act, on, number, value)
    }
  }

  #instrument(on: On): Cumulative<'a'> {
    return { gauge: this.#gauge, bareGauge: this.#bareGauge, counter: this.#counter, bare: this.#bare }[on] as Cumulative<'a'>
  }

  #changeSeries(act: Step['act'], on: On, number: number, value: unknown): void {
    const series = this.#series(on, number)
    const how = howOf(act, on)
    if (how === 'add') series.add(value as number)
    else (series as GaugeSeries)[how](value as number)
    this.#naive[on].change(...naiveChange(how, on, value), asTagMap(LABELS[number]!))
  }

  /** An instrument without label keys is changed with an object of labels, or without. */
  #change(act: Step['act'], on: On, number: number, value: unknown): void {
    const labels = LABELS[number]!
    const how = howOf(act, on)
    const isBare = KEYS[on].length === 0 && number % 2 === 1
    const instrument = this.#instrument(on) as unknown as Gauge
    const given: [number, Labels?] = isBare ? [value as number] : [value as number, { ...labels }]
    if (how === 'add' && value === 1 && isBare) instrument.inc()
    else instrument[how](...(given as [number]))
    this.#naive[on].change(...naiveChange(how, on, value), labels)
  }

  /** The kept series of these labels. Making it makes its row. */
  #series(on: On, number: number): GaugeSeries | CumulativeSeries {
    const known = this.#kept.get(`${on} ${number}`)
    if (known !== undefined) return known
    const labels = LABELS[number]!
    const series = KEYS[on].length === 0 ? this.#instrument(on).defaultTimeSeries() : this.#instrument(on).timeSeries(labels)
    this.#kept.set(`${on} ${number}`, series)
    this.#naive[on].keep(asTagMap(labels))
    return series
  }

  async #scrape(): Promise<void> {
    const streamed = String(await bytesOf(textEncoder.encode(await this.#registry.getFamilies())))
    expect(streamed).toBe(formatText(await this.#registry.getMetrics()))
  }

  compare(): void {
    const found = (this.#registry.getMetrics() as readonly Metric[]).map(({ descriptor, timeSeries }) => [
      descriptor.name,
      timeSeries.map(({ labelValues, points }) => `${JSON.stringify(labelValues.map((text) => text ?? null))} ${points[0]!.value}`).sort(),
    ])
    const expected = Object.fromEntries(Object.entries(this.#naive).map(([on, naive]) => [on, naive.lines()]))
    expect({ gauge: [], bareGauge: [], counter: [], bare: [], ...Object.fromEntries(found) }).toEqual(expected)
  }
}

type How = 'set' | 'add' | 'dec'

/** Counters can only be added to. */
function howOf(act: Step['act'], on: On): How {
  const how = act.replace('series', '').toLowerCase() as How
  return /gauge/i.test(on) ? how : 'add'
}

/** `dec()` subtracts 1, and so do counters add 1 without a value. */
function naiveChange(how: How, on: On, value: unknown): ['set' | 'add', unknown] {
  const given = value === undefined && (how === 'dec' || !/gauge/i.test(on)) ? 1 : value
  if (how !== 'dec') return [how, given]
  return ['add', typeof given === 'number' || typeof given === 'bigint' ? -given : given]
}

test('every way to change a gauge or a counter changes the same series as in a naive model', {
  timeout: 120_000 + PROGRAMS * 50,
}, async () => {
  const property = fc.asyncProperty(fc.array(step, { maxLength: 15, size: 'max' }), async (steps) => {
    const registry = new Registry()
    for (const each of steps) {
      await registry.take(each)
      if (each.act === 'gather' || each.act === 'scrape') registry.compare()
    }
    registry.compare()
  })
  await fc.assert(property, { numRuns: PROGRAMS, seed: seed() })
  figure('every way to change an instrument beside a naive model', `${PROGRAMS.toLocaleString('en')} programs: 0 differences`)
})
