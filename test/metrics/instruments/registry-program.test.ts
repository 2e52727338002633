import { fc } from '../../fast-check.js'
import { expect, test, vi } from 'vitest'
import { openMetricsEncoder, protobufEncoder, textEncoder } from '../../../src/exporters/prometheus/index.js'
import { MetricRegistry, TagMap } from '../../../src/index.js'
import { ManualClock } from '../../../src/testing/index.js'
import { bytesOf } from '../../exporters/prometheus/format/metric-samples.js'
import { amount, figure, seed } from '../../faults/amount.js'
import { asTagMap } from '../../stats/recording/naive-stats.js'
import { BOUNDS, type Definition, NaiveMetric, STATES } from './naive-registry.js'

vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
/** Few, so that metrics compete for them. */
const TOTAL_ROWS = 5
const PROGRAMS = amount(1_000, 200_000)

const DEFINITIONS: readonly Definition[] = [
  { kind: 'gauge', labelKeys: [] },
  { kind: 'gauge', labelKeys: ['b', 'a'], rowLimit: 2 },
  { kind: 'counter', labelKeys: [] },
  { kind: 'counter', labelKeys: ['a'], rowLimit: 2 },
  { kind: 'histogram', labelKeys: [] },
  { kind: 'histogram', labelKeys: ['a', 'b'] },
  { kind: 'summary', labelKeys: ['a'] },
  { kind: 'stateSet', labelKeys: ['a'] },
  { kind: 'derivedGauge', labelKeys: ['a'], rowLimit: 2 },
  { kind: 'derivedGauge', labelKeys: [], whenFailed: 'absent' },
  { kind: 'derivedCumulative', labelKeys: ['a'] },
]

const LABELS: readonly Readonly<Record<string, unknown>>[] = [
  ...[{}, { a: 'x' }, { a: 'y', b: 'x' }, { a: 'x', b: 'y' }, { a: 1 }, { a: '1', b: null }],
  ...[{ a: { toString: () => 'never called' } }, { a: `${'long '.repeat(60)}x` }, { a: `${'long '.repeat(60)}y` }],
]
const ANSWERS = [1, 2, 0.5, -1, Number.NaN, 'no number', undefined] as const

const step = fc.record({
  act: fc.constantFrom(
    ...(['define', 'unregister', 'change', 'change', 'change', 'series', 'series', 'left'] as const),
    ...(['remove', 'removeMatching', 'clear', 'scrape', 'wait'] as const),
  ),
  metric: fc.nat(3),
  labels: fc.nat(LABELS.length - 1),
  form: fc.constantFrom('plain', 'without prototype', 'tag map', 'instance'),
  value: fc.constantFrom(0, 1, 2, 5, 0.25, 7.5, -1),
  answer: fc.constantFrom(...ANSWERS),
  state: fc.constantFrom(...STATES),
})
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

/** The methods of all instruments. */
type Instrument = Record<string, (...given: unknown[]) => unknown>

interface Metric {
  readonly instrument: Instrument
  readonly naive: NaiveMetric
  /** Series that are kept, by the number of their labels. */
  readonly series: Map<number, Instrument>
}

function inForm(form: Step['form'], labels: Readonly<Record<string, unknown>>): object {
  if (form === 'tag map') return TagMap.of(labels as Record<string, string>)
  if (form === 'without prototype') return Object.assign(Object.create(null), labels)
  return form === 'plain' ? { ...labels } : Object.create({ inherited: 1 }, Object.getOwnPropertyDescriptors(labels))
}

/** A registry with few rows, and the model of its metrics. */
class Program {
  readonly #clock = new ManualClock()
  readonly #registry = new MetricRegistry({ clock: this.#clock, limits: { totalRows: TOTAL_ROWS } })
  readonly #metrics = new Map<number, Metric>()
  /** The last one that was unregistered. */
  #left: Metric | undefined
  readonly #created = openMetricsEncoder({ created: true })

  async take(step: Step, number: number): Promise<void> {
    const { act, labels: at, form, value, answer, state } = step
    if (act === 'define') return this.define(number)
    if (act === 'wait') return this.#clock.advance(1_000)
    if (act === 'scrape') return this.compare()
    const given = inForm(form, LABELS[at]!)
    if (act === 'left') return this.#left && change(this.#left, step, given)
    const metric = this.#metrics.get(number)
    if (metric === undefined) return
    const { instrument, naive, series } = metric
    const { kind } = naive.definition
    const isDerived = kind.startsWith('derived')
    // What cannot be a tag is left out of tag maps and of labels that are kept. In other labels it is refused.
    const kept = asTagMap(LABELS[at]!)
    const labels = form === 'tag map' || isDerived || kind === 'stateSet' ? kept : LABELS[at]!
    if (act === 'unregister') {
      expect(this.#registry.unregister(`m${number}`)).toBe(true)
      this.#metrics.delete(number)
      this.#left = metric
    } else if (act === 'change') {
      change(metric, step, given)
      if (isDerived) naive.observe(answer, labels)
      else if (kind === 'stateSet') naive.setState(state, labels)
      else naive.record(value, labels)
    } else if (act === 'clear') {
      instrument['clear']!()
      naive.clear()
    } else if (act === 'remove' && kind !== 'stateSet') {
      expect(instrument['remove']!(given)).toBe(naive.remove(labels))
    } else if (act === 'removeMatching' && !isDerived && kind !== 'stateSet') {
      const wanted = form === 'instance' ? { ...LABELS[at] } : given // an instance has a further key, which no series has
      expect(instrument['removeMatching']!(wanted)).toBe(naive.removeMatching(labels))
    } else if (act === 'series' && !isDerived && kind !== 'stateSet') {
      if (!series.has(at)) {
        series.set(at, instrument['timeSeries']!(given) as Instrument)
        naive.keep(kept)
      }
      record(series.get(at)!, value)
      naive.record(value, kept)
    }
  }

  define(number: number): void {
    const { kind, labelKeys, ...options } = DEFINITIONS[number]!
    const own = { ...(kind === 'histogram' && { bounds: BOUNDS }), ...(kind === 'stateSet' && { states: STATES }) }
    const define = (this.#registry as unknown as Instrument)[kind]!.bind(this.#registry)
    const instrument = define(`m${number}`, { ...options, ...own, labelKeys }) as Instrument
    const known = this.#metrics.get(number)
    if (known !== undefined) return expect(instrument).toBe(known.instrument)
    const hasRoom = (): boolean => [...this.#metrics.values()].reduce((rows, { naive }) => rows + naive.size, 0) < TOTAL_ROWS
    this.#metrics.set(number, { instrument, naive: new NaiveMetric(DEFINITIONS[number]!, hasRoom), series: new Map() })
  }

  /** Compares whole pages of all formats, from rows and from snapshots, with each other and with the model. */
  async compare(): Promise<void> {
    for (const { naive } of this.#metrics.values()) naive.gather()
    const families = await this.#registry.getFamilies()
    const pages = await Promise.all([textEncoder, this.#created, protobufEncoder].map((each) => bytesOf(each.encode(families))))
    for (const { naive } of this.#metrics.values()) naive.gather()
    const snapshots = await this.#registry.getMetrics()
    const again = [textEncoder, openMetricsEncoder({ created: true }), protobufEncoder]
    expect(pages).toEqual(await Promise.all(again.map((each) => bytesOf(each.encode(snapshots)))))
    const samples = String(pages[0]).match(/^m[^\n]*$/gm) ?? []
    const expected = [...this.#metrics].flatMap(([number, { naive }]) => naive.lines(`m${number}`))
    expect(samples.filter((line) => !line.includes('quantile=')).sort()).toEqual(expected.sort())
  }
}

function change({ instrument, naive }: Metric, { value, answer, state }: Step, labels: object): void {
  const { kind } = naive.definition
  if (kind.startsWith('derived')) instrument['observe']!(() => answer, labels)
  else if (kind === 'stateSet') instrument['set']!(state, labels)
  else record(instrument, value, labels)
}

/** Records a value with an instrument or a series. A gauge adds it. */
function record(to: Instrument, ...given: unknown[]): void {
  if ('observe' in to) to['observe']!(...given)
  else to['add']!(...given)
}

test('metrics of all kinds that come and go have the pages of a naive model, in every format', {
  timeout: 120_000 + PROGRAMS * 100,
}, async () => {
  const metrics = fc.uniqueArray(fc.nat(DEFINITIONS.length - 1), { minLength: 1, maxLength: 4 })
  const property = fc.asyncProperty(metrics, fc.array(step, { maxLength: 30, size: 'max' }), async (numbers, steps) => {
    const program = new Program()
    for (const number of numbers) program.define(number)
    for (const each of steps) await program.take(each, numbers[each.metric % numbers.length]!)
    await program.compare()
  })
  await fc.assert(property, { numRuns: PROGRAMS, seed: seed() })
  figure('registries of metrics that come and go, beside a naive model', `${PROGRAMS.toLocaleString('en')} programs: 0 differences`)
})
