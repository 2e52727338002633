import { expect, test } from 'vitest'
import { BucketSearch } from '../../../src/metrics/cells/bucket-search.js'
import { EpochLog } from '../../../src/metrics/store/epochs.js'
import { ExponentialData } from '../../../src/metrics/histograms/exponential-data.js'
import type { RowChunk } from '../../../src/metrics/data/row-source.js'
import { distributionOf } from '../../../src/metrics/data/snapshot.js'
import { PercentilesData } from '../../../src/metrics/histograms/hdr-percentiles.js'
import { resolvePercentiles } from '../../../src/metrics/histograms/percentiles-options.js'
import { SketchCells } from '../../../src/metrics/cells/sketch-cells.js'
import { SumCells } from '../../../src/metrics/cells/sum-cells.js'
import { ManualClock } from '../../../src/testing/manual-clock.js'

const epochs = new EpochLog(new ManualClock({ unixMs: 1_000 }))
const make = () => new SketchCells(() => new ExponentialData({}, new BucketSearch([1, 10]), epochs))
const shown = (cells: SketchCells, cell: number) => distributionOf([1, 10], cells as unknown as RowChunk, cell)

test('each row has its own data, 0 before its first value and after a clear', () => {
  const cells = make()
  expect([cells.record(1, 2), cells.record(1, 3), cells.record(1, Number.NaN)]).toEqual([true, true, false])
  expect([0, 1].map((cell) => [cells.count(cell), cells.value(cell)])).toEqual([
    [0, 0],
    [2, 5],
  ])
  cells.clear(1)
  expect([cells.count(1), cells.value(1), shown(cells, 1).bucketCounts]).toEqual([0, 0, [0, 0, 0]])
})

test('a copy has all data of the row, including exemplars, and is independent', () => {
  const [from, to] = [make(), make()]
  for (const value of [0.5, 2, 20]) from.record(1, value)
  from.attach(1, 2, { id: 'a' })
  to.record(3, 100)
  to.copy(3, from, 1)
  expect(shown(to, 3)).toEqual(shown(from, 1))
  expect(shown(to, 3).exemplars).toEqual([undefined, { value: 2, timeUnixMs: 1_000, attachments: { id: 'a' } }, undefined])
  to.record(3, 5)
  expect([from.count(1), to.count(3)]).toEqual([3, 4])
})

test('a row of percentiles has a summary and no buckets, a distribution buckets and no summary', () => {
  const distributions = make()
  distributions.record(1, 2)
  expect([distributions.bucket(1, 1), distributions.summary(1)]).toEqual([1, undefined])
  const percentiles = new SketchCells(() => new PercentilesData(resolvePercentiles({ quantiles: [0.5] }, '1'), new ManualClock()))
  percentiles.record(1, 2)
  expect(percentiles.summary(1)).toEqual({ kind: 'summary', count: 1, sum: 2, quantiles: [{ quantile: 0.5, value: 2 }] })
  expect([percentiles.sumOfSquaredDeviation(1), percentiles.bucket(1, 0), percentiles.exemplar(1, 0), percentiles.exponential(1)]).toEqual([
    0,
    0,
    undefined,
    undefined,
  ])
})

test('another kind cannot be copied', () => {
  expect(() => make().copy(0, new SumCells(1), 0)).toThrow('BUG: copied a sketch from another kind')
})

test('merging keeps existing exemplars and adds those of other buckets', () => {
  const [one, other] = [0, 1].map(() => new ExponentialData({}, new BucketSearch([1, 10]), epochs)) as [ExponentialData, ExponentialData]
  for (const [data, id] of [
    [one, 'mine'],
    [other, 'theirs'],
  ] as const) {
    data.record(2)
    data.attach(2, { id })
  }
  other.record(-0)
  other.attach(-0, { id: 'zero' })
  one.merge(other)
  const exemplars = [0, 1, 2].map((bucket) => one.exemplar(bucket))
  expect(exemplars.map((each) => each?.attachments)).toEqual([{ id: 'zero' }, { id: 'mine' }, undefined])
  expect(Object.is(exemplars[0]?.value, 0)).toBe(true)
})
