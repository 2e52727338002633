import * as hdr from 'hdr-histogram-js'
import { expect, test } from 'vitest'
import { expiryOf, joinWindows, middleOf, quantilesOf } from '../../../src/metrics/histograms/percentile-windows.js'

interface Buckets {
  readonly countsArrayLength: number
  valueFromIndex(index: number): number
  sizeOfEquivalentValueRange(value: number): number
}

test.each([1, 2, 3, 4, 5] as const)('the middle of each bucket is that of an HdrHistogram with %i digits', (digits) => {
  const histogram = hdr.build({
    bitBucketSize: 32,
    highestTrackableValue: 2 ** 30,
    numberOfSignificantValueDigits: digits,
  }) as hdr.Histogram & Buckets
  const step = Math.ceil(histogram.countsArrayLength / 5_000)
  for (let index = 0; index < histogram.countsArrayLength; index += step) {
    const from = histogram.valueFromIndex(index)
    expect([index, middleOf(index, digits)]).toEqual([index, from + (histogram.sizeOfEquivalentValueRange(from) - 1) / 2])
  }
})

const window = (indexes: number[], counts: number[], expiresMs: number) => ({ indexes, counts, min: 0, max: 9, expiresMs })

test('windows that end together become one, others stay apart', () => {
  const one = [window([1, 3], [2, 2], 100), window([1], [1], 200)]
  const other = [window([2, 3], [5, 5], 100), window([7], [7], 300)]
  expect(joinWindows(one, other)).toEqual([window([1, 2, 3], [2, 5, 7], 100), window([1], [1], 200), window([7], [7], 300)])
})

test('the end of a window is rounded up to a quarter of its length', () => {
  expect([0, 1, 25, 26].map((remainingMs) => expiryOf(1_000, remainingMs, { windowMs: 100 }))).toEqual([1_000, 1_025, 1_025, 1_050])
})

test('without windows there are no quantiles', () => {
  const config = { quantiles: [0.5, 1], scale: 1, significantDigits: 2 }
  expect(quantilesOf(config, [])).toEqual([
    { quantile: 0.5, value: Number.NaN },
    { quantile: 1, value: Number.NaN },
  ])
})
