import { expect, test, vi } from 'vitest'
import { distribution, percentiles, Stats, TagMap, withTags, type Clock } from '../../../src/index.js'
import { formatText } from '../../../src/exporters/prometheus/format/text.js'

class SteppingClock implements Clock {
  ms = 1_000
  unixMs(): number {
    return this.ms
  }
  monotonicMs(): number {
    return this.ms
  }
}

function setUp(unit: string) {
  const clock = new SteppingClock()
  const stats = new Stats({ clock })
  const measure = stats.measure('t', { unit, tagKeys: ['route'] })
  stats.viewManager.registerView({ name: 't', measure, tagKeys: ['route'], aggregation: distribution([]) })
  const sums = () =>
    Object.fromEntries(
      stats.viewManager.getView('t')!.rows.map(({ tagValues, data }) => [tagValues['route'], 'sum' in data ? data.sum : NaN]),
    )
  return { clock, stats, measure, sums }
}

test.each([
  ['s', 1.5],
  ['ms', 1500],
  ['us', 1.5e6],
  ['ns', 1.5e9],
])('time is recorded in the unit of the measure, %s', (unit, expected) => {
  const { clock, stats, measure, sums } = setUp(unit)
  const timer = stats.startTimer(measure, { route: '/a' })
  clock.ms += 1500
  expect(timer.stop()).toBeCloseTo(expected, 6)
  clock.ms += 1500
  expect(timer.stop()).toBeCloseTo(expected, 6)
  expect(sums()['/a']).toBeCloseTo(expected, 6)
})

test('a measure without a unit of time has no timer', () => {
  const { stats, measure } = setUp('By')
  expect(() => stats.startTimer(measure, { route: '/a' })).toThrow(expect.objectContaining({ code: 'ERR_TIMER_UNIT' }))
})

test('synchronous functions stay synchronous, promises are waited for, failures are timed and rethrown', async () => {
  const { clock, stats, measure, sums } = setUp('ms')
  expect(stats.time(measure, { route: 'sync' }, () => (clock.ms += 1))).toBe(1_001)
  await expect(
    stats.time(measure, { route: 'async' }, async () => {
      await Promise.resolve()
      clock.ms += 2
      return 'done'
    }),
  ).resolves.toBe('done')
  expect(() =>
    stats.time(measure, { route: 'throws' }, () => {
      clock.ms += 3
      throw new Error('no')
    }),
  ).toThrow('no')
  await expect(
    stats.time(measure, { route: 'rejects' }, async () => {
      clock.ms += 4
      throw new Error('no')
    }),
  ).rejects.toThrow('no')
  expect(sums()).toEqual({ sync: 1, async: 2, throws: 3, rejects: 4 })
})

test('the end of a using block stops a timer', () => {
  const { clock, stats, measure, sums } = setUp('ms')
  {
    using _timer = stats.startTimer(measure, { route: 'block' })
    clock.ms += 7
  }
  expect(sums()).toEqual({ block: 7 })
})

test('a percentiles view is a summary: exact count and sum, quantiles of its window, 100 rows', () => {
  const { clock, stats, measure } = setUp('s')
  stats.viewManager.registerView({
    name: 'p',
    measure,
    tagKeys: ['route'],
    aggregation: percentiles({ quantiles: [0.5, 1], maxAgeMs: 10_000 }),
  })
  const bound = stats.bind(measure, { route: '/a' })
  for (let n = 1; n <= 100; n++) bound.record(n / 1000)
  stats.record(measure, -1, { route: '/a' })
  stats.record(measure, Number.NaN, { route: '/a' })
  expect(formatText(stats.getMetrics().filter(({ descriptor }) => descriptor.name === 'p'))).toBe(
    '# TYPE p_seconds summary\np_seconds{route="/a",quantile="0.5"} 0.05\np_seconds{route="/a",quantile="1"} 0.1\np_seconds_sum{route="/a"} 5.05\np_seconds_count{route="/a"} 100\n'
      .replace('0.05\n', `${quantile(stats)}\n`)
      .replace('5.05', String(sum(stats))),
  )
  expect(quantile(stats)).toBeCloseTo(0.05, 3)
  clock.ms += 20_001
  expect(quantile(stats)).toBeNaN()
  for (let n = 0; n < 200; n++) stats.record(measure, 1, { route: `/${n}` })
  const rows = stats.viewManager.getView('p')!.rows
  expect(rows.length).toBe(101)
  expect(rows.reduce((total, { data }) => total + ('count' in data ? data.count : 0), 0)).toBe(300)
})

function row(stats: Stats) {
  const data = stats.viewManager.getView('p')!.rows[0]!.data
  if (data.kind !== 'summary') throw new Error('no summary')
  return data
}

function quantile(stats: Stats): number {
  return row(stats).quantiles[0]!.value
}

function sum(stats: Stats): number {
  return row(stats).sum
}

test('tags at the end are added to those of the start, and take precedence', () => {
  const clock = new SteppingClock()
  const stats = new Stats({ clock })
  const measure = stats.measure('t', { unit: 'ms', tagKeys: ['route', 'status'] })
  const view = stats.viewManager.registerView({ name: 't', measure, tagKeys: ['route', 'status'], aggregation: distribution([]) })
  stats.startTimer(measure, { route: '/a' }).stop({ status: '200' })
  stats.startTimer(measure, TagMap.of({ route: '/b', status: '500' })).stop(TagMap.of({ status: '200' }))
  expect(stats.viewManager.getView(view.name)!.rows.map(({ tagValues }) => ({ ...tagValues }))).toEqual([
    { route: '/a', status: '200' },
    { route: '/b', status: '200' },
  ])
})

test('time() takes the function alone and then uses the current tags', () => {
  const { clock, stats, measure, sums } = setUp('ms')
  withTags(TagMap.of({ route: 'context' }), () => stats.time(measure, () => (clock.ms += 3)))
  expect(sums()).toEqual({ context: 3 })
})

test('tags of a tag map that no view has are no mistake, also with tags at the end of a timer', () => {
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  const stats = new Stats()
  const measure = stats.measure('timer/tag-map', { unit: 's', tagKeys: ['route', 'result'], view: distribution([]) })
  stats.startTimer(measure, TagMap.of({ route: '/', tenant: 'acme' })).stop({ result: 'done' } as never)
  stats.startTimer(measure, { route: '/', result: 'none' }).stop(TagMap.of({ result: 'late', tenant: 'acme' }) as never)
  const rows = stats.viewManager.getView('timer/tag-map')!.rows.map(({ tagValues }) => ({ ...tagValues }))
  expect(rows).toEqual([
    { result: 'done', route: '/' },
    { result: 'late', route: '/' },
  ])
  expect(warned.mock.calls).toEqual([])
  warned.mockRestore()
})
