import { fc } from '../../fast-check.js'
import { expect, test } from 'vitest'
import { SparseBuckets } from '../../../src/metrics/histograms/sparse-buckets.js'

/** Buckets as pairs of index and count. */
function pairsOf(buckets: SparseBuckets): [number, number][] {
  const { indexes, counts } = buckets.value()
  expect([indexes.length, counts.length]).toEqual([buckets.size, buckets.size])
  for (let at = 0; at < buckets.size; at++) expect([buckets.index(at), buckets.count(at)]).toEqual([indexes[at], counts[at]])
  return indexes.map((index, at) => [index, counts[at]!])
}

function bucketsOf(...pairs: [number, number][]): SparseBuckets {
  const buckets = new SparseBuckets()
  for (const [index, count] of pairs) buckets.add(index, count)
  return buckets
}

test('a new bucket and an existing one are distinguished', () => {
  const buckets = new SparseBuckets()
  expect(pairsOf(buckets)).toEqual([])
  expect([5, 5, -3, 5, 0, 0, -3].map((index) => buckets.add(index, 2))).toEqual([true, false, true, false, true, false, false])
  expect(pairsOf(buckets)).toEqual([
    [-3, 4],
    [0, 4],
    [5, 6],
  ]) // prettier-ignore
})

test('a bucket with index 0 does not exist before it is added', () => {
  expect(new SparseBuckets().add(0, 1)).toBe(true)
})

test('the buckets of the next coarser schema hold the sum of two neighbours', () => {
  const buckets = bucketsOf([-4, 1], [-3, 2], [-2, 4], [0, 8], [1, 16], [2, 32], [7, 64], [9, 128])
  buckets.halve()
  expect(pairsOf(buckets)).toEqual([
    [-2, 1],
    [-1, 6],
    [0, 8],
    [1, 48],
    [4, 64],
    [5, 128],
  ]) // prettier-ignore
  expect([buckets.add(-2, 1), buckets.add(9, 1)]).toEqual([false, true])
})

test('buckets up to an index are removed and their counts returned', () => {
  const buckets = bucketsOf([-4, 1], [0, 2], [3, 4], [8, 8])
  expect([buckets.removeUpTo(-5), buckets.removeUpTo(0), pairsOf(buckets)]).toEqual([
    0,
    3,
    [
      [3, 4],
      [8, 8],
    ],
  ]) // prettier-ignore
  expect([buckets.add(0, 1), buckets.add(8, 1), buckets.removeUpTo(100), pairsOf(buckets)]).toEqual([true, false, 14, []])
})

test('clear removes all buckets', () => {
  const buckets = bucketsOf([1, 1], [2, 1])
  buckets.clear()
  expect(pairsOf(buckets)).toEqual([])
  expect([buckets.add(2, 3), pairsOf(buckets)]).toEqual([true, [[2, 3]]])
})

test('any sequence of operations equals a sorted map', () => {
  const step = fc.oneof(
    { weight: 40, arbitrary: fc.record({ add: fc.integer({ min: -40, max: 40 }), count: fc.integer({ min: 1, max: 9 }) }) },
    { weight: 1, arbitrary: fc.record({ removeUpTo: fc.integer({ min: -50, max: 0 }) }) },
    { weight: 1, arbitrary: fc.constant('halve' as const) },
    { weight: 1, arbitrary: fc.constant('clear' as const) },
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
      const buckets = new SparseBuckets()
      let model = new Map<number, number>()
      for (const one of steps) {
        if (one === 'clear') {
          buckets.clear()
          model = new Map()
        } else if (one === 'halve') {
          buckets.halve()
          const coarser = new Map<number, number>()
          for (const [index, count] of model) coarser.set(Math.ceil(index / 2), (coarser.get(Math.ceil(index / 2)) ?? 0) + count)
          model = new Map([...coarser].map(([index, count]) => [index + 0, count]))
        } else if ('add' in one) {
          expect(buckets.add(one.add, one.count)).toBe(!model.has(one.add))
          model.set(one.add, (model.get(one.add) ?? 0) + one.count)
        } else {
          const gone = [...model].filter(([index]) => index <= one.removeUpTo)
          expect(buckets.removeUpTo(one.removeUpTo)).toBe(gone.reduce((sum, [, count]) => sum + count, 0))
          for (const [index] of gone) model.delete(index)
        }
      }
      expect(pairsOf(buckets)).toEqual([...model].sort(([a], [b]) => a - b))
    }),
  )
})
