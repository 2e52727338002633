import { describe, expect, expectTypeOf, test } from 'vitest'
import { count, sum } from '../../src/stats/views/aggregation.js'
import { Stats, stats as shared } from '../../src/stats/stats.js'
import { TagMap } from '../../src/stats/tags/tag-map.js'
import { engine, rowsOf } from './engine.js'

test('engines are separate from each other and from the shared one', () => {
  const [one, other] = [engine().stats, engine().stats]
  for (const stats of [one, other]) stats.viewManager.registerView({ name: 'v', measure: stats.measure('m'), aggregation: count() })
  one.record(one.getMeasure('m')!, 1)
  expect([rowsOf(one, 'v'), rowsOf(other, 'v'), shared.getMeasure('m')]).toEqual([[': 1'], [], undefined])
})

test('limits that are not integers from 1 are refused', () => {
  expect(() => new Stats({ clock: {} as never })).toThrow(
    'clock of Stats must be an object with unixMs() and monotonicMs(): it is an object',
  )
  expect(() => new Stats({ limits: { totalRows: 0 } })).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
})

test('families are row sources, and getMetrics returns their snapshots', () => {
  const { stats } = engine()
  const measure = stats.measure('m', { unit: 's', description: 'Some' })
  stats.viewManager.registerView({ name: 'v', measure, aggregation: sum(), tagKeys: ['b', 'a'] })
  stats.record(measure, 1.5, { a: 'x' })
  const [family] = stats.getFamilies()
  expect(family).toMatchObject({ kind: 'scalar', bounds: [], descriptor: { name: 'v' } })
  expect(stats.getMetrics()).toEqual([
    {
      descriptor: { name: 'v', description: 'Some', unit: 's', type: 'CUMULATIVE_DOUBLE', labelKeys: ['b', 'a'] },
      timeSeries: [{ labelValues: [undefined, 'x'], startTimeUnixMs: 1_000, points: [{ timeUnixMs: 1_000, value: 1.5 }] }],
    },
  ])
})

test('a view with only overflowing records is a metric too', () => {
  const { stats } = engine({ limits: { rowsPerView: 1, totalRows: 1 } })
  const measure = stats.measure('m')
  stats.viewManager.registerView({ name: 'v1', measure, aggregation: count(), tagKeys: ['a'] })
  stats.viewManager.registerView({ name: 'v2', measure, aggregation: count(), tagKeys: ['b'] })
  stats.record(measure, 1, {})
  expect(stats.getMetrics().map(({ descriptor, timeSeries }) => [descriptor.name, timeSeries[0]!.overflow])).toEqual([
    ['v1', undefined],
    ['v2', true],
  ]) // prettier-ignore
})

describe('types', () => {
  const { stats } = engine()
  const keyed = stats.measure('keyed', { tagKeys: ['method', 'route'] })
  const open = stats.measure('open')
  const bare = stats.measure('bare', { tagKeys: [] })

  test('a record of a measure with tag keys accepts exactly those', () => {
    stats.record(keyed, 1, { method: 'GET', route: '/' })
    stats.record(keyed, 1, { method: 200, route: undefined })
    stats.record(keyed, 1, TagMap.of({}))
    stats.record(keyed, 1)
    // @ts-expect-error a misspelt tag
    stats.record(keyed, 1, { method: 'GET', rotue: '/' })
    // @ts-expect-error a missing tag
    stats.record(keyed, 1, { method: 'GET' })
    // @ts-expect-error a tag too many
    stats.record(keyed, 1, { method: 'GET', route: '/', user: 'u' })
    // @ts-expect-error an object as value
    stats.record(keyed, 1, { method: {}, route: '/' })
    // @ts-expect-error a text as measured value
    stats.record(keyed, '1', { method: 'GET', route: '/' })
  })

  test('so does a bound handle', () => {
    stats.bind(keyed, { method: 'GET', route: '/' }).record(1)
    // @ts-expect-error a misspelt tag
    stats.bind(keyed, { method: 'GET', rotue: '/' })
    // @ts-expect-error a missing tag
    stats.bind(keyed, { route: '/' })
    // @ts-expect-error a text as measured value
    stats.bind(keyed, { method: 'GET', route: '/' }).record('1')
  })

  test('without declared keys any tags are accepted', () => {
    stats.record(open, 1, { whatever: 1, else: true })
    stats.bind(open, {}).record(1)
    stats.record(bare, 1, {})
    expectTypeOf(open.tagKeys).toEqualTypeOf<readonly string[] | undefined>()
  })

  test('a view accepts only tag keys of its measure', () => {
    stats.viewManager.registerView({ name: 'typed', measure: keyed, aggregation: count(), tagKeys: ['route'], tagValues: { route: ['/'] } })
    // @ts-expect-error a misspelt key
    expect(() => stats.viewManager.registerView({ name: 'misspelt', measure: keyed, aggregation: count(), tagKeys: ['rotue'] })).toThrow(
      'rotue',
    )
    expect(() =>
      // @ts-expect-error declared values of a key that there is not
      stats.viewManager.registerView({
        name: 'declared',
        measure: keyed,
        aggregation: count(),
        tagKeys: ['route'],
        tagValues: { rotue: ['/'] },
      }),
    ).toThrow('rotue')
    stats.viewManager.registerView({ name: 'any', measure: open, aggregation: count(), tagKeys: ['any'] })
  })

  test('a view infers its literal keys without as const', () => {
    expectTypeOf(keyed.tagKeys).toEqualTypeOf<readonly ('method' | 'route')[] | undefined>()
  })

  test('a batch accepts numbers for any measure', () => {
    stats.statsRecorder.newMeasurementMap().put(keyed, 1).put(open, 2).record({ method: 'GET' })
    // @ts-expect-error a text as measured value
    stats.statsRecorder.newMeasurementMap().put(open, '1')
  })
})
