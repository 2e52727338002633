import { fc } from '../../fast-check.js'
import { expect, test } from 'vitest'
import { contextState, EMPTY_FRAME, runInFrame } from '../../../src/base/context.js'
import { BucketSearch } from '../../../src/metrics/cells/bucket-search.js'
import type { DistributionValue } from '../../../src/metrics/data/metric.js'
import type { RowChunk } from '../../../src/metrics/data/row-source.js'
import { distributionOf } from '../../../src/metrics/data/snapshot.js'
import { SketchCells } from '../../../src/metrics/cells/sketch-cells.js'
import { ExponentialData } from '../../../src/metrics/histograms/exponential-data.js'

/** The row as a snapshot shows it. */
function shown(data: ExponentialData, bounds: readonly number[] = [1, 10]): DistributionValue {
  return distributionOf(bounds, new SketchCells(() => data) as unknown as RowChunk, 0)
}

const clock = { unixMs: () => 1_000, monotonicMs: () => 0 }

function data(bounds: readonly number[] = [1, 10]) {
  const epochs = { current: 1, changes: 0, countChange: () => {}, clock }
  return { epochs, one: new ExponentialData({ schema: 0 }, new BucketSearch(bounds), epochs) }
}

test('values are counted for fixed bounds and in exponential buckets', () => {
  const { one } = data()
  for (const value of [0, 1, 3, 10, 11]) expect(one.record(value)).toBe(true)
  expect(one.record(Number.NaN)).toBe(false)
  expect(shown(one)).toMatchObject({
    kind: 'distribution',
    count: 5,
    sum: 25,
    mean: 5,
    sumOfSquaredDeviation: 106,
    bounds: [1, 10],
    bucketCounts: [2, 2, 1],
    exponential: { schema: 0, zeroCount: 1, positive: { indexes: [0, 2, 4], counts: [1, 1, 2] } },
  })
  expect(shown(one)).not.toHaveProperty('exemplars')
})

test('counts below a fixed bound never fall, however low the resolution becomes', () => {
  const one = new ExponentialData({ schema: 8, maxBuckets: 4 }, new BucketSearch([3]), data().epochs)
  let before = 0
  for (let i = 0; i < 400; i++) {
    one.record(1.1 ** i)
    const [below] = shown(one, [3]).bucketCounts
    expect(below).toBeGreaterThanOrEqual(before)
    before = below!
  }
  expect(before).toBe(12)
})

test('merging equals recording everything in one', () => {
  const values = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }))
  fc.assert(
    fc.property(values, values, (a, b) => {
      const [one, other, both] = [data().one, data().one, data().one]
      for (const value of a) one.record(value)
      for (const value of b) other.record(value)
      for (const value of [...a, ...b]) both.record(value)
      one.merge(other)
      const [found, expected] = [shown(one), shown(both)]
      expect(found.bucketCounts).toEqual(expected.bucketCounts)
      expect(found.exponential).toEqual(expected.exponential)
      expect(found.count).toBe(expected.count)
      expect(found.sumOfSquaredDeviation).toBeCloseTo(expected.sumOfSquaredDeviation, -6)
    }),
  )
})

test('attachments become the exemplar of their bucket, sampled spans leave one a bucket and gathering', () => {
  const { one, epochs } = data()
  one.record(3)
  one.attach(3, { trace_id: 'attached' })
  const span = { exemplarLabels: () => ({ trace_id: 'span' }) }
  contextState.openSampledSpans++
  runInFrame({ ...EMPTY_FRAME, span }, () => {
    for (const value of [4, 20, 30]) one.record(value)
    expect(shown(one).exemplars).toEqual([
      undefined,
      { value: 3, timeUnixMs: 1_000, attachments: { trace_id: 'attached' } },
      { value: 20, timeUnixMs: 1_000, attachments: { trace_id: 'span' } },
    ])
    epochs.current++
    one.record(4)
  })
  contextState.openSampledSpans--
  expect(shown(one).exemplars?.[1]).toMatchObject({ value: 4, attachments: { trace_id: 'span' } })
})
