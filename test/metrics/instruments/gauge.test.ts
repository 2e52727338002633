import { describe, expect, test } from 'vitest'
import { internalMetrics } from '../../../src/base/internal-metrics.js'
import type { Metric } from '../../../src/metrics/data/metric.js'
import { TagMap } from '../../../src/stats/tags/tag-map.js'
import { selfValue } from '../../exporters/self-value.js'
import { dropped, registryOf } from './registry-fixture.js'

let gauges = 0

function setUp(options: { type?: 'double' | 'int64'; rowLimit?: number } = {}) {
  const { registry, rows, clock } = registryOf()
  const name = `gauge${gauges++}`
  const gauge = registry.gauge(name, { labelKeys: ['a'], ...options })
  return { gauge, clock, name, registry, rows: () => rows(name), dropped: (reason: string) => dropped(name, reason) }
}

type SetUp = ReturnType<typeof setUp>

/** The two ways to a series, which must not differ. */
const WAYS: [string, (made: SetUp) => { set(value: unknown): void; add(value: unknown): void }][] = [
  [
    'by labels',
    ({ gauge }) => ({ set: (value) => gauge.set(value as number, { a: 'x' }), add: (value) => gauge.add(value as number, { a: 'x' }) }),
  ],
  [
    'by a kept series',
    ({ gauge }) =>
      ((series) => ({ set: (value) => series.set(value as number), add: (value) => series.add(value as number) }))(
        gauge.timeSeries({ a: 'x' }),
      ),
  ],
] // prettier-ignore

describe.each(WAYS)('%s', (_way, make) => {
  test('can be set, raised and lowered', () => {
    const made = setUp()
    const series = make(made)
    series.set(5)
    series.add(2)
    series.add(-10.5)
    expect(made.rows()).toEqual(['x -3.5'])
  })

  test.each([Infinity, -Infinity, NaN, 1e-300, 5])('may be set to %d', (value) => {
    const made = setUp()
    make(made).set(value)
    expect(made.rows()).toEqual([`x ${value}`])
  })

  test('−0 is 0', () => {
    const made = setUp()
    make(made).set(-0)
    const [metric] = made.registry.getMetrics() as readonly Metric[]
    expect(Object.is(metric!.timeSeries[0]!.points[0]!.value, 0)).toBe(true)
  })

  test('a safe BigInt is the number', () => {
    const made = setUp({ type: 'int64' })
    const series = make(made)
    series.set(7n)
    series.add(-2n)
    expect(made.rows()).toEqual(['x 5'])
  })

  test.each<[string, unknown]>([
    ['not a number', '5'],
    ['not a number', null],
    ['not a number', undefined],
    ['not a number', { valueOf: () => expect.fail('valueOf') }],
    ['not a number', 2n ** 64n],
    ['fraction', 1.5],
  ])('dropped as %s: %o', (reason, value) => {
    const made = setUp({ type: 'int64' })
    const series = make(made)
    series.set(3)
    series.set(value)
    series.add(value)
    expect([made.rows(), made.dropped(reason)]).toEqual([['x 3'], 2])
  })

  test('values that cannot be added, or would make a sum infinite, are dropped', () => {
    const made = setUp()
    const series = make(made)
    series.set(1e308)
    for (const value of [NaN, Infinity, -Infinity, 1e308]) series.add(value)
    expect([made.rows(), made.dropped('nan'), made.dropped('infinite'), made.dropped('too large')]).toEqual([['x 1e+308'], 1, 2, 1])
  })

  test('a removed series starts again from nothing', () => {
    const made = setUp()
    const series = make(made)
    series.set(5)
    expect([made.gauge.remove({ a: 'x' }), made.gauge.remove({ a: 'x' }), made.rows()]).toEqual([true, false, []])
    series.add(1)
    expect(made.rows()).toEqual(['x 1'])
    made.gauge.clear()
    made.gauge.set(9, { a: 'other' })
    series.add(2)
    expect(made.rows().sort()).toEqual(['other 9', 'x 2'])
  })

  test('series beyond the limit share one, and are counted', () => {
    const made = setUp({ rowLimit: 1 })
    made.gauge.set(1, { a: 'first' })
    const series = make(made)
    for (let n = 0; n < 3; n++) series.add(1)
    expect(made.rows()).toEqual(['first 1', '* 3'])
    expect(selfValue('tallyscope_overflowed_records_total', made.name)).toBe(3)
  })
})

test('a retained series is shown from the start, and has a value', () => {
  const { gauge, rows } = setUp()
  const series = gauge.timeSeries({ a: 'x' })
  expect([rows(), series.value]).toEqual([['x 0'], 0])
  gauge.set(4, { a: 'x' })
  expect(series.value).toBe(4)
})

test('the default series has no labels', () => {
  const { gauge, rows } = setUp()
  const series = gauge.defaultTimeSeries()
  series.set(1)
  series.set(2)
  expect(rows()).toEqual(['- 2'])
})

test('labels are strings, numbers and booleans; other values drop the record', () => {
  const { gauge, rows, dropped: count } = setUp()
  const bad: unknown[] = [
    { a: {} },
    { a: [] },
    { a: Symbol('s') },
    'text',
    5,
    () => 1,
    {
      get a() {
        throw new Error('no')
      },
    },
  ] // prettier-ignore
  for (const labels of bad) gauge.set(1, labels as { a: string })
  expect([rows(), count('labels')]).toEqual([[], bad.length])
  for (const a of [1, '1', true, undefined, null, '', NaN]) gauge.add(1, { a })
  expect(rows()).toEqual(['1 2', 'true 1', '- 4'])
})

test('a tag map may be the only argument, as any labels may', () => {
  const { registry, rows } = registryOf()
  const tags = TagMap.of({ a: 'x' }) as never
  const [gauge, counter] = [registry.gauge('by map', { labelKeys: ['a'] }), registry.counter('by map/done', { labelKeys: ['a'] })]
  for (const values of [() => gauge.inc(tags), () => gauge.inc(2, tags), () => gauge.dec(tags), () => counter.inc(tags)]) values()
  expect([rows('by map'), rows('by map/done')]).toEqual([['x 2'], ['x 1']])
})

test('labels that are missing or cannot be read remove no series, and remove() the only one of a gauge without label keys', () => {
  const { registry, rows } = registryOf()
  const [keyed, plain] = [registry.gauge('keyed', { labelKeys: ['a'] }), registry.gauge('plain')]
  for (const a of ['x', undefined]) keyed.set(1, { a })
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  const throwing = {
    get a(): string {
      throw new Error('no')
    },
  } // prettier-ignore
  for (const labels of [undefined, null, 'x', 5, proxy, throwing]) {
    expect([keyed.remove(labels as never), keyed.removeMatching(labels as never)]).toEqual([false, 0])
  }
  plain.set(1)
  expect([plain.remove(), plain.remove(), rows('plain'), rows('keyed')]).toEqual([true, false, [], ['x 1', '- 1']])
})

test('labels that cannot be read are left out of a series, and counted', () => {
  const { registry, rows } = registryOf()
  const throwing = {
    get a(): string {
      throw new Error('no')
    },
  } // prettier-ignore
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  const before = selfValue('tallyscope_refused_tags_total', 'unreadable')
  const gauge = registry.gauge('unreadable/series', { labelKeys: ['a'] })
  for (const labels of [throwing, proxy]) gauge.timeSeries(labels as never).add(1)
  const derived = registry.derivedGauge('unreadable/derived', { labelKeys: ['a'] })
  derived.observe(() => 5, throwing)
  expect([rows('unreadable/series'), rows('unreadable/derived')]).toEqual([['- 2'], ['- 5']])
  expect([derived.remove(throwing), rows('unreadable/derived')]).toEqual([false, ['- 5']])
  expect(selfValue('tallyscope_refused_tags_total', 'unreadable') - before).toBe(3)
})

test('series are removed by some of their labels', () => {
  const { registry, rows } = registryOf({ limits: { tagValueLength: 3 } })
  const gauge = registry.gauge('g', { labelKeys: ['a', 'b'] })
  for (const a of ['x', 'longer', 7]) for (const b of [1, undefined]) gauge.set(1, { a, b })
  expect([gauge.removeMatching({ a: 'lonely' }), gauge.removeMatching({ b: 1 }), gauge.removeMatching({ a: '7' })]).toEqual([2, 2, 1])
  expect(rows('g')).toEqual(['x - 1'])
  expect(gauge.removeMatching({ a: { toString: () => expect.fail('toString') } as unknown as string })).toBe(0)
  expect([gauge.removeMatching({ c: 'x' } as object), gauge.removeMatching({}), rows('g')]).toEqual([0, 1, []])
})

test('a series is found in every epoch, and many are kept apart', () => {
  const { gauge, registry, rows } = setUp()
  const series = Array.from({ length: 700 }, (_, n) => gauge.timeSeries({ a: n }))
  for (let turn = 0; turn < 3; turn++) {
    for (const [n, one] of series.entries()) one.add(n)
    void registry.getMetrics()
  }
  expect(rows()).toEqual(Array.from({ length: 700 }, (_, n) => `${n} ${n * 3}`))
})

test('reading the value of a removed series creates no series and changes nothing', () => {
  const { registry } = registryOf()
  const gauge = registry.gauge('removed', { labelKeys: ['a'] })
  const series = gauge.timeSeries({ a: 'x' })
  series.set(3)
  expect(series.value).toBe(3)
  gauge.remove({ a: 'x' })
  expect([series.value, registry.getMetrics()]).toEqual([0, []])
})

test('label values that are not valid are left out of a kept series, and counted', () => {
  const { registry, rows } = registryOf()
  const refused = () => selfValue('tallyscope_refused_tags_total', 'value')
  const before = refused()
  const [object, symbol] = [{ toString: () => 'never called' }, Symbol('k')].map((value) => value as unknown as string)
  registry
    .gauge('kept', { labelKeys: ['a', 'b'] })
    .timeSeries({ a: object!, b: 'y' })
    .set(3)
  registry.info('facts', { labelKeys: ['a'] }).set({ a: symbol! })
  registry.derivedGauge('called', { labelKeys: ['a'] }).observe(() => 4, { a: object! })
  registry
    .gauge('unset', { labelKeys: ['a'] })
    .timeSeries({ a: null })
    .set(5)
  expect([rows('kept'), rows('facts'), rows('called'), rows('unset')]).toEqual([['- y 3'], ['- 1'], ['- 4'], ['- 5']])
  expect(refused() - before).toBe(3)
})

test('null instead of labels drops the value as no labels do, which is counted', () => {
  const { registry, rows } = registryOf()
  const none = null as unknown as { a: string }
  const labelKeys = ['a'] as const
  registry.gauge('null gauge', { labelKeys }).set(1, none)
  registry.counter('null counter', { labelKeys }).inc(1, none)
  registry.histogram('null histogram', { labelKeys }).observe(1, none)
  for (const name of ['null gauge', 'null counter', 'null histogram']) expect([rows(name), dropped(name, 'labels')]).toEqual([[], 1])
})

test('the fields of a tag map are not unknown labels of an instrument without label keys', () => {
  const { registry, rows } = registryOf()
  registry.gauge('mapped').add(2, TagMap.of({ tenant: 'acme' }) as never)
  const unknown = [...(internalMetrics.get('tallyscope_unknown_tags_total')?.series.values() ?? [])].map(({ labelValues }) => labelValues)
  expect([rows('mapped'), unknown.filter(([name]) => name === 'mapped')]).toEqual([['2'], []])
})
