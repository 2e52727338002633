import { describe, expect, test } from 'vitest'
import type { Metric } from '../../../src/metrics/data/metric.js'
import { MetricRegistry } from '../../../src/metrics/instruments/metric-registry.js'
import type { RowChunk, RowSource } from '../../../src/metrics/data/row-source.js'
import { distributionOf, snapshotOf, snapshotsOf } from '../../../src/metrics/data/snapshot.js'
import { count, distribution, exponential, lastValue, sum } from '../../../src/stats/views/aggregation.js'
import type { Aggregation } from '../../../src/stats/views/aggregation.js'
import { Stats } from '../../../src/stats/stats.js'
import { ManualClock } from '../../../src/testing/manual-clock.js'

/** The rows of one view and a way to record into it. */
function viewOf(aggregation: Aggregation, { rowsPerView = 10, signed = false } = {}) {
  const clock = new ManualClock({ unixMs: 1_000 })
  const stats = new Stats({ clock, limits: { rowsPerView } })
  const measure = stats.measure('m', { signed })
  stats.viewManager.registerView({ name: 'v', measure, tagKeys: ['a', 'b'], aggregation })
  const record = (value: number, labels: Record<string, string>, attachments?: Record<string, string>) =>
    stats.record(measure, value, labels, attachments)
  const source = () => (stats.getFamilies() as readonly RowSource[])[0]!
  return { clock, stats, record, source }
}

test('a snapshot of a sum has each row with its labels, its start time and the newest exemplar', () => {
  const { record, source, clock } = viewOf(sum())
  record(2, { a: 'x', b: 'y' })
  clock.advance(500)
  record(3, { b: 'z' }, { trace_id: 't' })
  const { descriptor } = source()
  expect(snapshotOf(source(), 9_000)).toEqual({
    descriptor,
    timeSeries: [
      { labelValues: ['x', 'y'], startTimeUnixMs: 1_000, points: [{ timeUnixMs: 9_000, value: 2 }] },
      {
        labelValues: [undefined, 'z'],
        startTimeUnixMs: 1_500,
        points: [{ timeUnixMs: 9_000, value: 3 }],
        exemplar: { value: 3, timeUnixMs: 1_500, attachments: { trace_id: 't' } },
      },
    ],
  })
})

test('a snapshot of last values has no start time', () => {
  const { record, source } = viewOf(lastValue())
  record(2, { a: 'x' })
  expect(snapshotOf(source(), 9_000).timeSeries).toEqual([{ labelValues: ['x', undefined], points: [{ timeUnixMs: 9_000, value: 2 }] }])
})

test('a snapshot omits unused rows, and marks the overflow row', () => {
  const { record, source, stats } = viewOf(count(), { rowsPerView: 3 })
  for (const a of ['w', 'x', 'y', 'z']) record(1, { a })
  stats.viewManager.removeRows('v', { a: 'x' })
  expect(snapshotOf(source(), 0).timeSeries.map(({ labelValues, overflow }) => [labelValues[0], overflow])).toEqual([
    ['w', undefined],
    ['y', undefined],
    [undefined, true],
  ])
})

describe('a snapshot of a distribution', () => {
  test('has buckets, moments and the exemplar of each bucket', () => {
    const { record, source } = viewOf(distribution([1, 5]), { signed: true })
    for (const value of [-2, 2, 4, 4]) record(value, { a: 'x' })
    record(7, { a: 'x' }, { trace_id: 't' })
    const [series] = snapshotOf(source(), 0).timeSeries
    expect(series!.points[0]!.value).toEqual({
      kind: 'distribution',
      count: 5,
      sum: 15,
      mean: 3,
      sumOfSquaredDeviation: 44,
      bounds: [1, 5],
      bucketCounts: [1, 3, 1],
      exemplars: [undefined, undefined, { value: 7, timeUnixMs: 1_000, attachments: { trace_id: 't' } }],
    })
    expect(series).not.toHaveProperty('exemplar')
  })

  test('without values has the mean 0, and without exemplars no exemplar list', () => {
    const zero = () => 0
    const empty = { count: zero, value: zero, sumOfSquaredDeviation: zero, bucket: zero, exemplar: () => undefined } as Partial<RowChunk>
    expect(distributionOf([1], empty as RowChunk, 0)).toEqual({
      kind: 'distribution',
      count: 0,
      sum: 0,
      mean: 0,
      sumOfSquaredDeviation: 0,
      bounds: [1],
      bucketCounts: [0, 0],
    })
  })

  test('with exponential buckets includes them', () => {
    const { record, stats } = viewOf(exponential({ schema: 0, bounds: [1] }))
    for (const value of [1, 3, 4]) record(value, { a: 'x' })
    expect(stats.getMetrics()[0]!.timeSeries[0]!.points[0]!.value).toMatchObject({
      kind: 'distribution',
      count: 3,
      bucketCounts: [1, 2],
      exponential: { positive: { indexes: [0, 2], counts: [1, 2] } },
    })
  })
})

test('a snapshot is returned as is, among rows too', () => {
  const registry = new MetricRegistry({ clock: new ManualClock() })
  registry.gauge('g').set(5)
  const metric: Metric = { descriptor: { name: 's', description: '', unit: '1', type: 'GAUGE_DOUBLE', labelKeys: [] }, timeSeries: [] }
  const [rows, kept] = snapshotsOf([...(registry.getFamilies() as readonly RowSource[]), metric], 7)
  expect(rows!.timeSeries).toEqual([{ labelValues: [], points: [{ timeUnixMs: 7, value: 5 }] }])
  expect(kept).toBe(metric)
})
