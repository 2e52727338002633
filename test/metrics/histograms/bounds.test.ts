import { expect, test } from 'vitest'
import { defaultBounds, exponentialBounds, linearBounds } from '../../../src/metrics/histograms/bounds.js'
import { count, distribution } from '../../../src/stats/views/aggregation.js'
import { Stats } from '../../../src/stats/stats.js'

test('linear bounds have equal distances, without rounding errors', () => {
  expect(linearBounds(10, 10, 4)).toEqual([10, 20, 30, 40])
  expect(linearBounds(0.1, 0.1, 3)).toEqual([0.1, 0.2, 0.3])
  expect(linearBounds(-2, 2, 3)).toEqual([-2, 0, 2])
})

test('exponential bounds grow by a factor, without rounding errors', () => {
  expect(exponentialBounds(0.01, 2, 10)).toEqual([0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12])
  expect(exponentialBounds(0.1, 1.1, 3)).toEqual([0.1, 0.11, 0.121])
})

test.each([
  [() => linearBounds(Number.NaN, 1, 2), 'start must be a finite number: it is NaN'],
  [() => linearBounds(0, 0, 2), 'width must be a finite number above 0: it is 0'],
  [() => exponentialBounds(0, 2, 2), 'start must be a finite number above 0: it is 0'],
  [() => exponentialBounds(1, 1, 2), 'factor must be a finite number above 1: it is 1'],
  [() => exponentialBounds(1, 2, 0), 'count must be a whole number from 1 to 512: it is 0'],
  [() => linearBounds(1, 1, 513), 'count must be a whole number from 1 to 512: it is 513'],
  [() => exponentialBounds(1, 1e300, 3), 'every bound must be finite: it is Infinity'],
])('bounds that cannot be computed are refused with the reason', (make, message) => {
  expect(make).toThrow(expect.objectContaining({ code: 'ERR_BUCKET_BOUNDS', message }))
})

test.each([
  ['s', 0.005, 10],
  ['ms', 5, 10_000],
  ['us', 5_000, 10_000_000],
  ['ns', 5_000_000, 10_000_000_000],
  ['By', 256, 67_108_864],
  ['1', 1, 10_000],
  ['{cart}', 1, 10_000],
])('a distribution without bounds has those of the unit %s', (unit, first, last) => {
  const bounds = defaultBounds(unit)
  expect([bounds[0], bounds.at(-1)]).toEqual([first, last])
  const stats = new Stats()
  const measure = stats.measure('m', { unit })
  const view = stats.viewManager.registerView({ name: 'v', measure, aggregation: distribution() })
  expect(view.aggregation).toEqual({ kind: 'distribution', bounds })
  stats.viewManager.registerView({ name: 'n', measure, aggregation: count() })
})
