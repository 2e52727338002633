import { expect, test } from 'vitest'
import type { DistributionValue, Metric, MetricType, PointValue, TimeSeries } from '../../../src/metrics/data/metric.js'
import { type RowSource, isVisibleIn } from '../../../src/metrics/data/row-source.js'
import { snapshotRows } from '../../../src/metrics/data/snapshot-rows.js'
import { snapshotOf } from '../../../src/metrics/data/snapshot.js'

const exemplar = { value: 3, timeUnixMs: 5, attachments: { trace_id: 't' } }
const exponential = {
  schema: 0,
  zeroThreshold: 0,
  zeroCount: 1,
  positive: { indexes: [1], counts: [2] },
  negative: { indexes: [], counts: [] },
}

function metric(type: MetricType, ...timeSeries: TimeSeries[]): Metric {
  return { descriptor: { name: 'm', description: '', unit: '1', type, labelKeys: ['a'] }, timeSeries }
}

function series(value: PointValue, more: Partial<TimeSeries> = {}): TimeSeries {
  return { labelValues: ['x'], points: [{ timeUnixMs: 7, value }], ...more }
}

function distribution(
  bounds: readonly number[],
  bucketCounts: readonly number[],
  more: Partial<DistributionValue> = {},
): DistributionValue {
  const count = bucketCounts.reduce((sum, each) => sum + each, 0)
  return { kind: 'distribution', count, sum: 6, mean: 6 / count, sumOfSquaredDeviation: 2, bounds, bucketCounts, ...more }
}

/** All cells that stand in a document. */
const cellsOf = ({ chunks, generation }: RowSource) =>
  chunks.map((chunk) => Array.from({ length: chunk.size }, (_, cell) => cell).filter((cell) => isVisibleIn(generation, chunk, cell)))

test('a snapshot read as rows and converted back is the same snapshot', () => {
  const summary = { kind: 'summary', count: 2, sum: 5, quantiles: [{ quantile: 0.5, value: 2 }] } as const
  for (const original of [
    metric('GAUGE_DOUBLE', series(1), series(-2, { labelValues: [undefined], overflow: true })),
    metric('CUMULATIVE_INT64', series(1, { startTimeUnixMs: 3, exemplar }), series(2)),
    metric('SUMMARY', series(summary, { startTimeUnixMs: 3 }), series(summary)),
    metric(
      'CUMULATIVE_DISTRIBUTION',
      series(distribution([1, 2], [1, 0, 2], { exemplars: [undefined, undefined, exemplar], exponential })),
    ),
  ]) {
    const [source] = snapshotRows(original)
    expect(snapshotOf(source!, 7)).toEqual(original)
  }
})

test('series beyond the first chunk are in the following chunks', () => {
  const [source] = snapshotRows(metric('GAUGE_DOUBLE', ...Array.from({ length: 70 }, (_, n) => series(n, { labelValues: [`a${n}`] }))))
  expect(source!.chunks.map(({ size }) => size)).toEqual([32, 32, 6])
  expect([source!.chunks[2]!.labelValue(5, 0), source!.chunks[2]!.value(5)]).toEqual(['a69', 69])
})

test('distributions of different bounds are separate sources, in the order of the series', () => {
  const sources = snapshotRows(
    metric(
      'CUMULATIVE_DISTRIBUTION',
      series(distribution([1], [1, 0])),
      series(distribution([1], [2, 0])),
      series(distribution([1, 2], [3, 0, 0])),
      series(distribution([2, 3], [4, 0, 0])),
      series(distribution([1], [5, 0])),
    ),
  )
  expect(sources.map(({ bounds, chunks: [chunk] }) => [bounds, chunk!.size, chunk!.bucket(0, 0)])).toEqual([
    [[1], 2, 1],
    [[1, 2], 1, 3],
    [[2, 3], 1, 4],
    [[1], 1, 5],
  ])
})

test('a point whose kind does not fit the type, and a series without a point, are unused rows', () => {
  const none = { labelValues: ['x'], points: [] }
  const summary = { kind: 'summary', count: 0, sum: 0, quantiles: [] } as const
  const every = [series(1), series(distribution([], [1])), series(summary), none]
  expect(snapshotRows(metric('GAUGE_DOUBLE', ...every)).flatMap(cellsOf)).toEqual([[0]])
  expect(snapshotRows(metric('SUMMARY', ...every)).flatMap(cellsOf)).toEqual([[2]])
  expect(snapshotRows(metric('CUMULATIVE_DISTRIBUTION', ...every)).flatMap(cellsOf)).toEqual([[1]])
})

test('the newest point of a series is in its row', () => {
  const points = [1, 2].map((value) => ({ timeUnixMs: value, value }))
  const [source] = snapshotRows(metric('GAUGE_DOUBLE', { labelValues: ['x'], points }))
  expect(source!.chunks[0]!.value(0)).toBe(2)
})

test('buckets missing in a foreign producer are empty, and the last one has the rest of the count', () => {
  const [source] = snapshotRows(metric('CUMULATIVE_DISTRIBUTION', series(distribution([1, 2, 3], [4], { count: 9 }))))
  expect([0, 1, 2, 3].map((bucket) => source!.chunks[0]!.bucket(0, bucket))).toEqual([4, 0, 0, 5])
})
