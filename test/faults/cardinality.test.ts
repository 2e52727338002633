import { expect, test } from 'vitest'
import { MetricRegistry } from '../../src/metrics/instruments/metric-registry.js'
import { count, distribution, sum } from '../../src/stats/views/aggregation.js'
import type { Measure } from '../../src/stats/recording/measure.js'
import type { Stats } from '../../src/stats/stats.js'
import type { DistributionValue, Metric } from '../../src/metrics/data/metric.js'
import { selfValue } from '../exporters/self-value.js'
import { engine, rowsOf } from '../stats/engine.js'
import { amount, figure } from './amount.js'
import { readBack } from './formats.js'

function heapBytes(): number {
  global.gc!()
  global.gc!()
  return process.memoryUsage().heapUsed
}

/** Count or sum of all rows of a view, the overflow row included. */
function totalOf(stats: Stats, view: string): number {
  return stats.viewManager.getView(view)!.rows.reduce((all, { data }) => all + (data as { value: number }).value, 0)
}

const VALUES = amount(200_000, 1_000_000)

test('endless distinct values of 100 characters take less than 5 MB, 2,001 rows, and keep totals exact', {
  timeout: 120_000,
}, async () => {
  const { stats } = engine()
  const measure = stats.measure('crowd') as Measure
  for (const [name, aggregation] of Object.entries({ c: count(), s: sum() })) {
    stats.viewManager.registerView({ name: `crowd/${name}`, measure, tagKeys: ['user'], aggregation })
  }
  stats.viewManager.registerView({ name: 'crowd/d', measure, tagKeys: ['user'], aggregation: distribution([10, 100_000]) })
  const padding = 'x'.repeat(80)
  stats.record(measure, 0, { user: 'warm' })
  const before = heapBytes()
  for (let n = 1; n < VALUES; n++) stats.record(measure, n, { user: `user number ${String(n).padStart(8, '0')}${padding}` })
  const grownBytes = heapBytes() - before
  expect(grownBytes).toBeLessThan(5e6)
  const { rows } = stats.viewManager.getView('crowd/d')!
  expect([rows.length, rows.filter(({ overflow }) => overflow).length]).toEqual([2_001, 1])
  expect([totalOf(stats, 'crowd/c'), totalOf(stats, 'crowd/s')]).toEqual([VALUES, ((VALUES - 1) * VALUES) / 2])
  const add = (pick: (data: DistributionValue) => number) => rows.reduce((all, { data }) => all + pick(data as DistributionValue), 0)
  expect([add((data) => data.count), add((data) => data.sum)]).toEqual([VALUES, ((VALUES - 1) * VALUES) / 2])
  expect([0, 1, 2].map((at) => add((data) => data.bucketCounts[at]!))).toEqual([11, 99_990, VALUES - 100_001])
  expect(selfValue('tallyscope_overflowed_records_total', 'crowd/c')).toBe(VALUES - 2_000)
  await readBack(stats)
  figure(
    'cardinality',
    `${VALUES.toLocaleString('en')} values of 100 characters: heap +${(grownBytes / 1e6).toFixed(1)} MB, 2,001 rows, totals exact`,
  )
})

test('a hundred views together stay within the 100,000 rows of their engine, each with exact totals, and other views still work', {
  timeout: 120_000,
}, () => {
  const { stats } = engine()
  const early = stats.measure('early') as Measure
  stats.viewManager.registerView({ name: 'early', measure: early, tagKeys: ['a'], aggregation: count() })
  for (let n = 0; n < 10; n++) stats.record(early, 1, { a: n })
  const measures = Array.from({ length: 100 }, (_, at) => stats.measure(`m${at}`) as Measure)
  for (const measure of measures) stats.viewManager.registerView({ name: measure.name, measure, tagKeys: ['a'], aggregation: sum() })
  for (let n = 0; n < 1_500; n++) for (const measure of measures) stats.record(measure, n, { a: `value ${n}` })
  const rows = measures.map(({ name }) => stats.viewManager.getView(name)!.rows)
  const own = rows.reduce((all, one) => all + one.filter(({ overflow }) => !overflow).length, 0)
  expect([own + 10, rows.every((one) => one.length <= 1_001 && one.at(-1)!.overflow)]).toEqual([100_000, true])
  for (const { name } of measures) expect(totalOf(stats, name)).toBe((1_499 * 1_500) / 2)
  for (let n = 0; n < 10; n++) stats.record(early, 1, { a: n })
  expect(rowsOf(stats, 'early')).toEqual(Array.from({ length: 10 }, (_, n) => `a=${n}: 2`))
  stats.viewManager.unregisterView('m0') // which makes room for others
  stats.record(early, 1, { a: 'new' })
  expect(rowsOf(stats, 'early')).toHaveLength(11)
})

test('the series of a hundred instruments stay within their limit too', () => {
  const registry = new MetricRegistry({ limits: { rowsPerView: 100, totalRows: 1_000 } })
  const sums = Array.from({ length: 100 }, (_, at) => registry.cumulative(`c${at}`, { labelKeys: ['a'] }))
  for (let n = 0; n < 200; n++) for (const one of sums) one.add(1, { a: `v${n}` })
  const metrics = registry.getMetrics() as readonly Metric[]
  const series = metrics.map(({ timeSeries }) => timeSeries)
  expect(series.flat().filter(({ overflow }) => overflow !== true)).toHaveLength(1_000)
  for (const one of series) expect(one.reduce((all, { points }) => all + (points[0]!.value as number), 0)).toBe(200)
})

test('the overflow row has a label that no tag can have', async () => {
  const { stats } = engine({ limits: { rowsPerView: 1 } })
  const measure = stats.measure('m') as Measure
  stats.viewManager.registerView({ name: 'v', measure, tagKeys: ['a'], aggregation: count() })
  for (const key of ['tallyscope_overflow', 'tallyscope-overflow']) {
    expect(() => stats.viewManager.registerView({ name: 'w', measure, tagKeys: [key], aggregation: count() })).toThrow(
      expect.objectContaining({ code: 'ERR_LABEL_RESERVED' }),
    )
  }
  for (const a of ['true', 'x', 'tallyscope_overflow="true"']) stats.record(measure, 1, { a, tallyscope_overflow: 'true' })
  for (const read of Object.values(await readBack(stats))) {
    expect(read).toEqual([
      ['v_total', { a: 'true' }, 1],
      ['v_total', { tallyscope_overflow: 'true' }, 2],
    ])
  }
})

test('exactly the limit of rows needs no overflow row', () => {
  const { stats } = engine()
  const measure = stats.measure('exact') as Measure
  stats.viewManager.registerView({ name: 'exact', measure, tagKeys: ['a'], aggregation: count() })
  for (let n = 0; n < 2_000; n++) stats.record(measure, 1, { a: n })
  const overflowing = () => stats.viewManager.getView('exact')!.rows.filter(({ overflow }) => overflow).length
  expect([stats.viewManager.getView('exact')!.rows.length, overflowing()]).toEqual([2_000, 0])
  for (let n = 0; n < 2_000; n++) stats.record(measure, 1, { a: n })
  expect([overflowing(), selfValue('tallyscope_overflowed_records_total', 'exact')]).toEqual([0, 0])
  stats.record(measure, 1, { a: 2_000 })
  expect([overflowing(), selfValue('tallyscope_overflowed_records_total', 'exact')]).toEqual([1, 1])
})

test('after idle rows expire new rows fit again, and returning series start at 0 with a new start time', () => {
  const { stats, clock } = engine({ limits: { rowsPerView: 2 } })
  const measure = stats.measure('idle') as Measure
  stats.viewManager.registerView({ name: 'idle', measure, tagKeys: ['a'], aggregation: count(), idleExpiryMs: 1_000 })
  const times = () => stats.viewManager.getView('idle')!.rows.map(({ tagValues, startTimeUnixMs }) => [tagValues['a'], startTimeUnixMs])
  for (const a of ['x', 'x', 'y', 'z', 'z']) stats.record(measure, 1, { a })
  expect(rowsOf(stats, 'idle')).toEqual(['a=x: 2', 'a=y: 1', '*: 2'])
  clock.advance(500)
  stats.getMetrics()
  stats.record(measure, 1, { a: 'y' })
  clock.advance(1_100)
  stats.getMetrics()
  expect(rowsOf(stats, 'idle')).toEqual(['a=y: 2', '*: 2'])
  for (const a of ['z', 'x']) stats.record(measure, 1, { a })
  expect(rowsOf(stats, 'idle').sort()).toEqual(['*: 3', 'a=y: 2', 'a=z: 1'])
  expect(times()).toContainEqual(['z', 2_600])
  expect(times()).toContainEqual(['y', 1_000])
  expect(selfValue('tallyscope_overflowed_records_total', 'idle')).toBe(3)
  stats.shutdown()
})

test('measures, views and instruments with new names stop at 10,000 each within seconds, and existing ones still work', {
  timeout: 120_000,
}, () => {
  const { stats } = engine()
  const registry = new MetricRegistry()
  const many = (define: (n: number) => void) => {
    for (let n = 0; n < 10_000; n++) define(n)
    return (): void => define(10_000)
  }
  const kinds = { c: count(), s: sum(), d: distribution([1]) }
  const aggregations = Object.values(kinds)
  expect(many((n) => stats.measure(`m${n}`))).toThrow(expect.objectContaining({ code: 'ERR_MEASURE_LIMIT' }))
  const register = (n: number) =>
    stats.viewManager.registerView({
      name: `v${n}`,
      measure: stats.getMeasure(`m${n % 5_000}`)!,
      tagKeys: ['a'],
      aggregation: aggregations[n % 3]!,
    })
  expect(many(register)).toThrow(expect.objectContaining({ code: 'ERR_VIEW_LIMIT' }))
  expect(many((n) => registry.gauge(`g${n}`).set(n))).toThrow(expect.objectContaining({ code: 'ERR_METRIC_LIMIT' }))
  expect([stats.getMeasure('m9999')!.hasViews, stats.viewManager.views.length, stats.measure('m0')]).toEqual([
    false,
    10_000,
    stats.getMeasure('m0'),
  ])
  stats.record(stats.getMeasure('m7')!, 1, { a: 'x' })
  expect([rowsOf(stats, 'v7'), rowsOf(stats, 'v5007')]).toEqual([['a=x: 1'], ['a=x: 1']])
  for (let n = 0; n < 10_000; n++) stats.viewManager.unregisterView(`v${n}`)
  expect(register(10_000).name).toBe('v10000')
})

const TURNS = amount(10_000, 1_000_000)

test('views and instruments that are registered, used and removed repeatedly leave nothing behind', { timeout: 600_000 }, () => {
  const { stats } = engine()
  const registry = new MetricRegistry()
  const measure = stats.measure('m') as Measure
  const turn = (n: number) => {
    const view = `v${n % 7}`
    stats.viewManager.registerView({ name: view, measure, tagKeys: ['a'], aggregation: count() })
    stats.record(measure, 1, { a: `value ${n}` })
    stats.viewManager.unregisterView(view)
    registry.gauge(`g${n % 7}`, { labelKeys: ['a'] }).set(n, { a: `value ${n}` })
    registry.unregister(`g${n % 7}`)
  }
  for (let n = 0; n < 5_000; n++) turn(n)
  const before = heapBytes()
  for (let n = 0; n < TURNS; n++) turn(n)
  const grownBytes = heapBytes() - before
  expect(grownBytes).toBeLessThan(1e6)
  expect([stats.getMetrics(), registry.getMetrics()]).toEqual([[], []])
  figure('registration and removal', `${TURNS.toLocaleString('en')} times: heap +${(grownBytes / 1e6).toFixed(2)} MB`)
})

test('each bucket of a row keeps one exemplar, the newest, however many are given', { timeout: 120_000 }, async () => {
  const { stats } = engine({ limits: { rowsPerView: 200 } })
  const measure = stats.measure('m') as Measure
  stats.viewManager.registerView({ name: 'h', measure, tagKeys: ['a'], aggregation: distribution([1, 2, 3, 4]) })
  const given = (from: number) => {
    for (let n = from; n < from + 20_000; n++) {
      stats.record(measure, (n % 5) + 0.5, { a: `v${n % 400}` }, { trace_id: n.toString(16).padStart(32, '0') })
    }
  }
  given(0)
  const before = heapBytes()
  for (let round = 1; round < 6; round++) given(round * 20_000)
  expect(heapBytes() - before).toBeLessThan(1e6)
  const [metric] = stats.getMetrics()
  const exemplars = metric!.timeSeries.flatMap(({ points }) => (points[0]!.value as DistributionValue).exemplars ?? [])
  expect([metric!.timeSeries.length, exemplars.length]).toEqual([201, 201 * 5])
  const newest = Math.max(...exemplars.map((one) => (one === undefined ? 0 : parseInt(one.attachments['trace_id']!, 16))))
  expect(newest).toBe(119_999)
  await readBack(stats)
})

test('tags that collide in the hash table are separate rows, and only cost more probes', () => {
  const { stats } = engine({ limits: { rowsPerView: 20_000 } })
  const measure = stats.measure('m') as Measure
  stats.viewManager.registerView({ name: 'v', measure, tagKeys: ['a', 'b'], aggregation: count() })
  // Values have numbers in the order in which they came; rows are found by a hash of these numbers.
  const hash = (one: number, other: number) => {
    let mixed = 0
    for (const id of [one, other]) {
      mixed = Math.imul(mixed ^ id, 0x9e3779b1)
      mixed ^= mixed >>> 15
    }
    return mixed
  }
  const values = 3_000
  for (let n = 1; n <= values; n++) stats.record(measure, 1, { a: `a${n}`, b: `b${n}` })
  const colliding: [number, number][] = []
  for (let a = 1; a <= values && colliding.length < 400; a++) {
    for (let b = 1; b <= values && colliding.length < 400; b++) if (a !== b && (hash(a, b) & 0xfff) === 0x123) colliding.push([a, b])
  }
  expect(colliding).toHaveLength(400)
  for (let round = 0; round < 3; round++) for (const [a, b] of colliding) stats.record(measure, 1, { a: `a${a}`, b: `b${b}` })
  const rows = rowsOf(stats, 'v')
  expect([rows.length, new Set(rows).size]).toEqual([values + 400, values + 400])
  expect(rows.filter((row) => row.endsWith(': 3'))).toEqual(colliding.map(([a, b]) => `a=a${a} b=b${b}: 3`))
})
