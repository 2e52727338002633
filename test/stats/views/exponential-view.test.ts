import { expect, test } from 'vitest'
import { exponential, Stats } from '../../../src/index.js'
import { formatText } from '../../../src/exporters/prometheus/format/text.js'

function engine(options?: Parameters<typeof exponential>[0], signed = false) {
  const stats = new Stats()
  const measure = stats.measure('t', { unit: 's', signed })
  stats.viewManager.registerView({ name: 't', measure, tagKeys: ['a'], aggregation: exponential(options) })
  return { stats, measure }
}

test('an exponential view is a classic histogram of its bounds in the text format', () => {
  const { stats, measure } = engine({ bounds: [-1, 0.5, 1] })
  for (const value of [0.25, 0.5, 0.75, 3]) stats.record(measure, value, { a: 'x' })
  stats.record(measure, -1, { a: 'x' })
  expect(formatText(stats.getMetrics())).toBe(`# TYPE t_seconds histogram
t_seconds_bucket{a="x",le="0.5"} 2
t_seconds_bucket{a="x",le="1"} 3
t_seconds_bucket{a="x",le="+Inf"} 4
t_seconds_sum{a="x"} 4.5
t_seconds_count{a="x"} 4
`)
})

test('an exponential view has exponential buckets in snapshots, of both signs if the measure is signed', () => {
  const { stats, measure } = engine({ schema: 0 }, true)
  const bound = stats.bind(measure, { a: 'x' })
  for (const value of [-2, 0, 1, 2, 2.5]) bound.record(value, { trace_id: 'a' })
  const value = stats.getMetrics()[0]!.timeSeries[0]!.points[0]!.value
  expect(value).toMatchObject({
    count: 5,
    sum: 3.5,
    exponential: { schema: 0, zeroCount: 1, positive: { indexes: [0, 1, 2], counts: [1, 1, 1] }, negative: { indexes: [1], counts: [1] } },
  })
})

test('invalid options are refused at once', () => {
  expect(() => exponential({ maxBuckets: 1 })).toThrow(expect.objectContaining({ code: 'ERR_EXPONENTIAL' }))
  expect(() => exponential({ bounds: [2, 1] })).toThrow(expect.objectContaining({ code: 'ERR_BUCKET_BOUNDS' }))
})
