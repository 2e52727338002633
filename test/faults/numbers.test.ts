import { describe, expect, test } from 'vitest'
import { formatOpenMetrics } from '../../src/exporters/prometheus/format/openmetrics-text.js'
import { formatText } from '../../src/exporters/prometheus/format/text.js'
import type { Metric } from '../../src/metrics/data/metric.js'
import { MetricRegistry } from '../../src/metrics/instruments/metric-registry.js'
import { type Aggregation, count, distribution, exponential, lastValue, percentiles, sum } from '../../src/stats/views/aggregation.js'
import type { Measure, MeasureOptions } from '../../src/stats/recording/measure.js'
import type { AggregationData } from '../../src/stats/views/view-data.js'
import { readOpenMetrics } from '../exporters/prometheus/format/strict-openmetrics-reader.js'
import { selfValue } from '../exporters/self-value.js'
import { engine } from '../stats/engine.js'
import { FORMATS, readBack } from './formats.js'

const KINDS: Record<string, Aggregation> = {
  count: count(),
  sum: sum(),
  distribution: distribution([1, 2]),
  exponential: exponential(),
  percentiles: percentiles(),
  last: lastValue(),
}
const ADDING = Object.keys(KINDS).filter((kind) => kind !== 'last')
let engines = 0

/** One measure for each kind of view, so that a call is taken by it or dropped. */
function setUp(options: MeasureOptions = {}) {
  const { stats, clock } = engine()
  const prefix = `numbers${engines++}`
  const measures = Object.entries(KINDS).map(([kind, aggregation]) => {
    const measure = stats.measure(`${prefix}/${kind}`, options) as Measure
    stats.viewManager.registerView({ name: measure.name, measure, aggregation })
    return [kind, measure] as const
  })
  const registry = new MetricRegistry({ clock })
  const cumulative = registry.cumulative(`${prefix}/cumulative`, options.type ? { type: options.type } : {})
  const gauge = registry.gauge(`${prefix}/gauge`)
  return {
    stats,
    registry,
    gauge,
    record(value: unknown): void {
      for (const [, measure] of measures) stats.record(measure, value as number)
      cumulative.add(value as number)
    },
    data: (kind: string): AggregationData | undefined => stats.viewManager.getView(`${prefix}/${kind}`)!.rows[0]?.data,
    /** How many values each kind has taken, the cumulative's sum last. */
    taken: (): Record<string, number> =>
      Object.fromEntries(
        ADDING.map((kind) => {
          const data = stats.viewManager.getView(`${prefix}/${kind}`)!.rows[0]?.data
          return [kind, data === undefined ? 0 : 'count' in data ? data.count : data.value]
        }),
      ),
    cumulative: (): number => cumulative.defaultTimeSeries().value,
    dropped: (kind: string, reason: string): number =>
      kind === 'cumulative'
        ? selfValue('tallyscope_dropped_instrument_values_total', `${prefix}/cumulative`, reason)
        : selfValue('tallyscope_dropped_measurements_total', `${prefix}/${kind}`, reason),
  }
}

const all = (n: number, kinds: readonly string[] = ADDING): Record<string, number> => Object.fromEntries(kinds.map((kind) => [kind, n]))

/** These values change nothing but the counter of what was dropped, and the value after them is taken. */
async function expectDropped(
  values: readonly unknown[],
  reason: string,
  kinds: readonly string[] = ADDING,
  options?: MeasureOptions,
): Promise<void> {
  const made = setUp(options)
  made.record(1)
  for (const value of values) expect(made.record(value)).toBe(undefined)
  expect([values, made.taken(), made.cumulative()]).toEqual([values, all(1), 1])
  const droppers = [...kinds, 'cumulative']
  expect(Object.fromEntries(droppers.map((kind) => [kind, made.dropped(kind, reason)]))).toEqual(all(values.length, droppers))
  made.record(1)
  expect([made.taken(), made.cumulative()]).toEqual([{ ...all(2) }, 2])
  for (const read of Object.values(await readBack(made.stats, made.registry))) {
    for (const [name, , value] of read) if (!name.includes('last')) expect([name, Number.isFinite(value)]).toEqual([name, true])
  }
}

test('NaN is dropped and counted by counters, sums and distributions of every kind, and changes nothing', async () => {
  await expectDropped([Number.NaN, Number.NaN], 'nan')
})

test('infinities are dropped and counted by counters, sums and distributions of every kind, and change nothing', async () => {
  await expectDropped([Infinity, Infinity], 'infinite')
  const made = setUp({ signed: true })
  for (const value of [1, -Infinity, Infinity]) made.record(value)
  expect([made.taken(), made.data('distribution')]).toMatchObject([all(1), { sum: 1, bucketCounts: [1, 0, 0] }])
})

test('gauges and last values may be NaN and infinite, and are written as each format does', async () => {
  const made = setUp()
  for (const [value, spelled] of [
    [Number.NaN, 'NaN'],
    [Infinity, '+Inf'],
    [-Infinity, '-Inf'],
  ] as const) {
    made.record(value)
    made.gauge.set(value)
    const metrics = [...made.stats.getMetrics(), ...(made.registry.getMetrics() as readonly Metric[])]
    for (const text of [formatText(metrics), formatOpenMetrics(metrics)]) {
      expect(text).toMatch(new RegExp(`^numbers\\d+_gauge ${spelled.replace('+', '\\+')}$`, 'm'))
      expect(text).toMatch(new RegExp(`^numbers\\d+_last ${spelled.replace('+', '\\+')}$`, 'm'))
    }
    const read = await readBack(made.stats, made.registry)
    for (const format of FORMATS)
      expect(read[format].filter(([name]) => /last|gauge/.test(name)).map(([, , seen]) => seen)).toEqual([value, value])
  }
})

test('a negative value is dropped and counted by monotonic metrics, and nothing is thrown', async () => {
  await expectDropped([-1, -5e-324, -Number.MAX_VALUE], 'negative')
})

test('distributions of a signed measure accept negative values, and OpenMetrics omits their sum', () => {
  const { stats } = engine()
  const measure = stats.measure('balance', { signed: true }) as Measure
  stats.viewManager.registerView({ name: 'balance', measure, aggregation: distribution([-10, 0, 10]) })
  stats.viewManager.registerView({ name: 'balance/left', measure, aggregation: sum() })
  for (const value of [-20, -10, -1, 0, 5, 100]) stats.record(measure, value)
  const openMetrics = formatOpenMetrics(stats.getMetrics())
  const buckets = '_bucket{le="-10.0"} 2\nbalance_bucket{le="0.0"} 4\nbalance_bucket{le="10.0"} 5\nbalance_bucket{le="+Inf"} 6\n'
  expect(openMetrics).toContain(`# TYPE balance histogram\nbalance${buckets}# TYPE`)
  expect(openMetrics).toContain('# TYPE balance_left gauge\nbalance_left 74\n')
  readOpenMetrics(openMetrics)
  expect(formatText(stats.getMetrics())).toContain('balance_sum 74\nbalance_count 6\n')
})

test('bounds below 0 of an unsigned measure are dropped', () => {
  const { stats } = engine()
  const measure = stats.measure('m') as Measure
  stats.viewManager.registerView({ name: 'v', measure, aggregation: distribution([-1, 0, 1]) })
  for (const value of [0, -0.5, 1]) stats.record(measure, value)
  expect(stats.viewManager.getView('v')!.rows[0]!.data).toMatchObject({ bounds: [0, 1], bucketCounts: [1, 1, 0] })
})

test('-0 is 0 in every output', () => {
  const made = setUp({ signed: true })
  made.record(-0)
  made.gauge.set(-0)
  const metrics = [...made.stats.getMetrics(), ...(made.registry.getMetrics() as readonly Metric[])]
  for (const text of [formatText(metrics), formatOpenMetrics(metrics)]) expect(text).not.toMatch(/[ "]-0[\s"]/)
  expect([made.taken(), Object.is((made.data('last') as { value: number }).value, 0)]).toEqual([{ ...all(1), sum: 0 }, true])
})

test('numeric strings, booleans, dates, boxed numbers and objects are dropped and counted, without calling their methods', async () => {
  const never = (): never => expect.fail('a method was called')
  const odd: unknown[] = [
    '5',
    '',
    true,
    false,
    undefined,
    null,
    new Date(5),
    new Number(5),
    [5],
    {},
    { valueOf: never, toString: never },
    Symbol('5'),
    () => 5,
    2n ** 53n,
    -(2n ** 64n),
  ]
  await expectDropped(
    odd.filter((value) => value !== undefined),
    'not a number',
  )
  const made = setUp()
  made.record(undefined) // to a cumulative this says 1
  expect([made.taken(), made.cumulative()]).toEqual([all(0), 1])
})

test('a safe BigInt is converted to a number', () => {
  const made = setUp({ type: 'int64' })
  made.record(1234n)
  expect([made.taken(), made.cumulative()]).toEqual([{ ...all(1), sum: 1_234 }, 1_234])
  made.record(2n ** 53n - 1n - 1_234n)
  expect([made.taken(), made.cumulative()]).toEqual([{ ...all(2), sum: 2 ** 53 - 1 }, 2 ** 53 - 1])
})

test('a fraction of an int64 measure is dropped and counted', async () => {
  await expectDropped([0.5, 1 + 2 ** -52, 2 ** 52 - 0.5], 'fraction', ADDING, { type: 'int64' })
})

describe('sums and counts beyond 2^53', () => {
  test('sums and counts lose precision, and neither wrap nor decrease', () => {
    const { stats } = engine()
    const measure = stats.measure('m', { type: 'int64' }) as Measure
    const bound = stats.bind(measure, {})
    stats.viewManager.registerView({ name: 's', measure, aggregation: sum() })
    const registry = new MetricRegistry()
    const cumulative = registry.cumulative('c', { type: 'int64' })
    const now = () => (stats.viewManager.getView('s')!.rows[0]!.data as { value: number }).value
    for (const start of [2 ** 31 - 1, 2 ** 53]) {
      bound.record(start)
      cumulative.add(start)
    }
    const begun = now()
    let before = begun
    for (let n = 0; n < 10_000; n++) {
      if (n % 2 === 0) bound.record(1)
      else stats.record(measure, 1, {})
      cumulative.add(1)
      if (n % 100 !== 0) continue
      expect(now()).toBeGreaterThanOrEqual(before)
      before = now()
    }
    expect([now() - begun, cumulative.defaultTimeSeries().value]).toEqual([10_000, now()])
    for (let n = 0; n < 3; n++) bound.record(2 ** 53 - 1)
    expect(now()).toBeGreaterThan(2 ** 54)
    expect(formatText(stats.getMetrics())).toMatch(/^s_total \d+$/m)
  })
})

test('a value that would make a sum infinite is dropped and counted, in views and instruments of every kind', () => {
  const made = setUp()
  for (let n = 0; n < 3; n++) made.record(Number.MAX_VALUE)
  expect([made.taken(), made.cumulative()]).toEqual([
    { count: 3, sum: Number.MAX_VALUE, distribution: 1, exponential: 1, percentiles: made.taken()['percentiles'] },
    Number.MAX_VALUE,
  ])
  for (const kind of ['sum', 'distribution', 'exponential', 'cumulative'])
    expect([kind, made.dropped(kind, 'too large')]).toEqual([kind, 2])
  expect(made.taken()['percentiles']! + made.dropped('percentiles', 'too large')).toBe(3)
  made.gauge.set(Number.MAX_VALUE)
  made.gauge.add(Number.MAX_VALUE)
  made.record(1)
  const text = formatText([...made.stats.getMetrics(), ...(made.registry.getMetrics() as readonly Metric[])])
  expect(text.match(/^\S+(?<!bucket\{le="\+Inf"\}) \+Inf$/gm)).toBe(null)
})

test('a value on a bound is in the bucket below it, in every kind of document', () => {
  const { stats } = engine()
  const measure = stats.measure('m') as Measure
  stats.viewManager.registerView({ name: 'h', measure, aggregation: distribution([0, 0.1, 1, 10]) })
  for (const value of [0, 0.1, 1, 10, 10.000000000000002]) stats.record(measure, value)
  expect(stats.viewManager.getView('h')!.rows[0]!.data).toMatchObject({ bucketCounts: [1, 1, 1, 1, 1] })
  const cumulative = 'h_bucket{le="0"} 1\nh_bucket{le="0.1"} 2\nh_bucket{le="1"} 3\nh_bucket{le="10"} 4\nh_bucket{le="+Inf"} 5\n'
  expect(formatText(stats.getMetrics())).toContain(cumulative)
})

test('bounds that do not increase, are not finite or more than 512 are refused, and nothing is registered', () => {
  const many = (n: number) => Array.from({ length: n }, (_, at) => at)
  const wrong = [
    [2, 1],
    [1, 1],
    [0, -0],
    [Number.NaN],
    [1, Number.NaN, 2],
    [Infinity, 1],
    [-Infinity, 1],
    [1, Infinity, Infinity],
    many(513),
    many(100_000),
    ['1'],
    [1n],
    [null],
    [{}],
    'no',
    {},
    5,
    null,
  ]
  const { stats } = engine()
  const measure = stats.measure('m') as Measure
  for (const bounds of wrong) {
    const refused = expect.objectContaining({ code: 'ERR_BUCKET_BOUNDS' })
    expect(() => distribution(bounds as number[]), String(bounds)).toThrow(refused)
    const aggregation = { kind: 'distribution', bounds } as Aggregation // plain data, as from JSON
    expect(() => stats.viewManager.registerView({ name: 'v', measure, aggregation }), String(bounds)).toThrow(refused)
  }
  expect([stats.viewManager.views, measure.hasViews]).toEqual([[], false])
  const kept = [[], [0], [-1, 0, 1], many(512), [...many(512), Infinity], [1, Infinity]].map(
    (bounds) => (distribution(bounds) as { bounds?: readonly number[] }).bounds!.length,
  )
  expect(kept).toEqual([0, 1, 3, 512, 512, 1])
})
