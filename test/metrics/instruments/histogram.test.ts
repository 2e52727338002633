import { describe, expect, test } from 'vitest'
import { exponentialBounds } from '../../../src/metrics/histograms/bounds.js'
import { formatText } from '../../../src/exporters/prometheus/format/text.js'
import type { DistributionValue, Metric } from '../../../src/metrics/data/metric.js'
import { Stats } from '../../../src/stats/stats.js'
import { distribution } from '../../../src/stats/views/aggregation.js'
import { dropped, registryOf } from './registry-fixture.js'

const textOf = (registry: { getMetrics(): unknown }): string => formatText(registry.getMetrics() as readonly Metric[])

test('a histogram counts values into its buckets, a value on a bound into the bucket below', () => {
  const { registry } = registryOf()
  const duration = registry.histogram('job/duration', { unit: 's', labelKeys: ['queue'], bounds: exponentialBounds(0.1, 2, 2) })
  duration.observe(0.1, { queue: 'mail' })
  duration.observe(0.3, { queue: 'mail' })
  expect(textOf(registry)).toBe(
    [
      '# TYPE job_duration_seconds histogram',
      'job_duration_seconds_bucket{queue="mail",le="0.1"} 1',
      'job_duration_seconds_bucket{queue="mail",le="0.2"} 1',
      'job_duration_seconds_bucket{queue="mail",le="+Inf"} 2',
      'job_duration_seconds_sum{queue="mail"} 0.4',
      'job_duration_seconds_count{queue="mail"} 2',
      '',
    ].join('\n'),
  )
})

test('a summary without quantiles keeps count and sum', () => {
  const { registry } = registryOf()
  registry.summary('job/size', { quantiles: [] }).observe(3)
  expect(textOf(registry)).toBe('# TYPE job_size summary\njob_size_sum 3\njob_size_count 1\n')
})

test('a summary keeps quantiles, count and sum', () => {
  const { registry } = registryOf()
  const size = registry.summary('job/size', { unit: 'By', quantiles: [0, 1] })
  for (const bytes of [100, 200, 300]) size.observe(bytes)
  expect(textOf(registry)).toBe(
    [
      '# TYPE job_size_bytes summary',
      'job_size_bytes{quantile="0"} 100',
      'job_size_bytes{quantile="1"} 300',
      'job_size_bytes_sum 600',
      'job_size_bytes_count 3',
      '',
    ].join('\n'),
  )
})

test('without label keys histograms and summaries are shown from the start', () => {
  const { registry } = registryOf()
  registry.histogram('h', { bounds: [1] })
  registry.summary('s', { quantiles: [0.5] })
  expect(textOf(registry)).toContain('h_count 0\n')
  expect(textOf(registry)).toContain('s_count 0\n')
})

test('after clear a histogram without label keys is 0, with a new start time', () => {
  const { registry, clock } = registryOf()
  const instruments = [registry.counter('c'), registry.histogram('h', { bounds: [1] }), registry.summary('s', { quantiles: [0.5] })]
  registry.counter('labelled', { labelKeys: ['a'] }).clear()
  registry.counter('c').inc(3)
  registry.histogram('h', { bounds: [1] }).observe(3)
  clock.advance(500)
  for (const instrument of instruments) instrument.clear()
  expect(textOf(registry)).toMatch(/^c_total 0$[^]*^h_count 0$[^]*^s_count 0$/m)
  const starts = (registry.getMetrics() as readonly Metric[]).map(({ timeSeries }) =>
    timeSeries.map(({ startTimeUnixMs }) => startTimeUnixMs),
  )
  expect(starts).toEqual([[1_500], [1_500], [1_500]])
})

test('readers of a histogram cannot change its bounds', () => {
  const { registry } = registryOf()
  registry.histogram('size', { bounds: [1, 2] }).observe(1)
  const [metric] = registry.getMetrics() as readonly Metric[]
  const { bounds } = metric!.timeSeries[0]!.points[0]!.value as DistributionValue
  expect([bounds, Object.isFrozen(bounds)]).toEqual([[1, 2], true])
})

test('a histogram without bounds has those of its unit', () => {
  const { registry } = registryOf()
  registry.histogram('h', { unit: 's' })
  expect(textOf(registry)).toContain('h_seconds_bucket{le="0.005"} 0\n')
})

describe.each(['histogram', 'summary'] as const)('a %s', (kind) => {
  const setUp = (name: string) => {
    const all = registryOf()
    return { ...all, instrument: all.registry[kind](name, { unit: 's', labelKeys: ['queue'] }) }
  }

  test('drops values that are not finite and at least 0, by reason', () => {
    const { instrument } = setUp(`${kind}/odd`)
    for (const value of [-1, Number.NaN, Number.POSITIVE_INFINITY, 'x' as never]) instrument.observe(value, { queue: 'a' })
    expect(['negative', 'nan', 'infinite', 'not a number'].map((reason) => dropped(`${kind}/odd`, reason))).toEqual([1, 1, 1, 1])
    expect(instrument.timeSeries({ queue: 'a' }).count).toBe(0)
  })

  test('without the required labels nothing is observed, which is counted', () => {
    const { instrument, rows } = setUp(`${kind}/unlabelled`)
    ;(instrument.observe as (value: number) => void)(1)
    expect([rows(`${kind}/unlabelled`), dropped(`${kind}/unlabelled`, 'labels')]).toEqual([[], 1])
  })

  test('labels before the value drop the value', () => {
    const { instrument, rows } = setUp(`${kind}/swapped`)
    ;(instrument.observe as (...given: unknown[]) => void)({ queue: 'a' }, 1)
    expect([rows(`${kind}/swapped`), dropped(`${kind}/swapped`, 'not a number')]).toEqual([[], 1])
  })

  test('a retained series observes into the same row, also after the row was removed', () => {
    const { instrument } = setUp(`${kind}/kept`)
    const series = instrument.timeSeries({ queue: 'a' })
    series.observe(2)
    instrument.observe(3, { queue: 'a' })
    expect([series.count, series.sum]).toEqual([2, 5])
    expect(instrument.remove({ queue: 'a' })).toBe(true)
    series.observe(1)
    expect([series.count, series.sum]).toEqual([1, 1])
  })

  test('a timer observes the time in the unit, with labels of its start and of its end', () => {
    const { instrument, clock } = setUp(`${kind}/timer`)
    const timer = instrument.startTimer()
    clock.advance(1_500)
    expect(timer.stop({ queue: 'late' })).toBe(1.5)
    expect(timer.stop()).toBe(1.5)
    expect(instrument.timeSeries({ queue: 'late' }).sum).toBe(1.5)
  })

  test('time() observes how long a function takes, also if it fails', async () => {
    const { instrument, clock } = setUp(`${kind}/time`)
    expect(instrument.time({ queue: 'sync' }, () => clock.advance(250))).toBeUndefined()
    await expect(
      instrument.time({ queue: 'async' }, async () => {
        await Promise.resolve()
        clock.advance(500)
        throw new Error('no')
      }),
    ).rejects.toThrow('no')
    expect(['sync', 'async'].map((queue) => instrument.timeSeries({ queue }).sum)).toEqual([0.25, 0.5])
  })
})

test('time() of an instrument without labels takes the function alone', () => {
  const { registry, clock } = registryOf()
  const duration = registry.histogram('plain/time', { unit: 'ms' })
  duration.time(() => clock.advance(3))
  expect(duration.defaultTimeSeries().sum).toBe(3)
})

test('an equal histogram returns the existing one, another one is refused', () => {
  const { registry } = registryOf()
  const first = registry.histogram('h', { bounds: [1, 2] })
  expect(registry.histogram('h', { bounds: [1, 2, Number.POSITIVE_INFINITY] })).toBe(first)
  expect(() => registry.histogram('h', { bounds: [1] })).toThrow(expect.objectContaining({ code: 'ERR_METRIC_CONFLICT' }))
  expect(() => registry.summary('h')).toThrow(expect.objectContaining({ code: 'ERR_METRIC_CONFLICT' }))
})

describe('a signed histogram', () => {
  const bounds = [-10, -1, 0, 1]

  test('accepts negative values and bounds, as a view of a signed measure does', () => {
    const { registry } = registryOf()
    const change = registry.histogram('change', { signed: true, bounds })
    const engine = new Stats()
    const measure = engine.measure('change', { signed: true, view: distribution(bounds) })
    for (const value of [-11, -10, -0.5, -0, 0, 0.25, 7, -3n as never]) {
      change.observe(value)
      engine.record(measure, value)
    }
    expect(textOf(registry)).toBe(textOf(engine))
    expect(textOf(registry)).toContain('change_bucket{le="-1"} 3\n')
    expect(textOf(registry)).toContain('change_sum -17.25\n')
    const series = change.defaultTimeSeries()
    series.observe(-2)
    expect([series.count, series.sum]).toEqual([9, -19.25])
  })

  test('drops what is not a finite number, by reason', () => {
    const { registry } = registryOf()
    const change = registry.histogram('signed/odd', { signed: true, bounds, type: 'int64' })
    const odd = [Number.NEGATIVE_INFINITY, Number.NaN, '-5', -0.5, [-1], -(2n ** 80n)] as number[]
    for (const value of odd) change.observe(value)
    for (const value of odd) change.defaultTimeSeries().observe(value)
    expect(['infinite', 'nan', 'fraction', 'not a number'].map((reason) => dropped('signed/odd', reason))).toEqual([2, 2, 2, 6])
    expect(change.defaultTimeSeries().count).toBe(0)
  })

  test('is another definition than one that is not signed', () => {
    const { registry } = registryOf()
    const first = registry.histogram('h', { bounds: [1], signed: true })
    expect(registry.histogram('h', { bounds: [1], signed: true })).toBe(first)
    expect(() => registry.histogram('h', { bounds: [1] })).toThrow(expect.objectContaining({ code: 'ERR_METRIC_CONFLICT' }))
  })

  test('no other instrument can be signed', () => {
    const { registry } = registryOf()
    for (const kind of ['counter', 'gauge', 'summary'] as const) {
      expect(() => registry[kind](kind, { signed: true } as object)).toThrow(expect.objectContaining({ code: 'ERR_OPTION' }))
    }
  })
})
