import { fc } from '../../fast-check.js'
import { describe, expect, test } from 'vitest'
import { BucketSearch } from '../../../src/metrics/cells/bucket-search.js'

/** The bucket by definition: the first whose upper bound is not below the value. */
function linear(bounds: readonly number[], value: number): number {
  const bucket = bounds.findIndex((bound) => value <= bound)
  return bucket < 0 ? bounds.length : bucket
}

const WORD = new BigInt64Array(1)
const NUMBER = new Float64Array(WORD.buffer)

/** The number next to a finite one. */
function neighbour(value: number, step: 1 | -1): number {
  if (value === 0) return step * Number.MIN_VALUE
  NUMBER[0] = value
  WORD[0] = WORD[0]! + BigInt(value > 0 ? step : -step)
  return NUMBER[0]
}

function check(bounds: readonly number[], values: readonly number[]): void {
  const search = new BucketSearch(bounds)
  const near = bounds.flatMap((bound) => [bound, neighbour(bound, 1), neighbour(bound, -1)])
  const all = [...values, ...near, 0, -0, 5e-324, -5e-324, 1, -1, 1e308, -1e308, Number.MAX_VALUE, -Number.MAX_VALUE].filter(
    Number.isFinite,
  )
  const wrong = all.filter((value) => search.find(value) !== linear(bounds, value))
  expect({ bounds, wrong }).toEqual({ bounds, wrong: [] })
}

const increasing = (numbers: number[]): number[] => [...new Set(numbers.map((number) => number + 0))].sort((a, b) => a - b)
const double = fc.double({ noNaN: true, noDefaultInfinity: true })
const friendly = fc.oneof(fc.integer({ min: -1000, max: 1000 }), fc.double({ min: -10, max: 10, noNaN: true }), double)

describe('a value belongs to the first bucket whose bound is not below it', () => {
  const ladders: Record<string, number[]> = {
    'no bounds': [],
    'one bound at 0': [0],
    'negative ones only': [-3, -2, -1],
    'around 0': [-1, -5e-324, 0, 5e-324, 1],
    'powers of two': Array.from({ length: 512 }, (_, at) => 2 ** (at - 256)),
    'integers, half of one exponent': Array.from({ length: 512 }, (_, at) => at + 1),
    'all with one prefix': Array.from({ length: 512 }, (_, at) => 1 + at * 2 ** -40),
    'the smallest and the greatest': [5e-324, 2 ** -1022, 1, Number.MAX_VALUE],
    'where single precision rounds up': [0.95, 1 - 2 ** -24, 1 - 2 ** -25, 1 - 2 ** -26, 1, 1.125 - 2 ** -25, 1.125, 1.25 - 2 ** -24],
    'where single precision ends': [2 ** -150, 2 ** -149, 2 ** -126, 2 ** 128 - 2 ** 104, 2 ** 128 - 2 ** 103, 2 ** 128, 1e300],
    'just below that end': [2 ** 128 - 2 ** 104, 2 ** 128 - 2 ** 103 - 2 ** 76, 2 ** 128 - 2 ** 103 - 2 ** 75],
    'beyond single precision only': [1e-300, 1e-200, 1e200, 1e300],
    '500 below 0': Array.from({ length: 512 }, (_, at) => at - 500),
    'the usual ones': [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  }
  test.each(Object.entries(ladders))('%s', (_name, bounds) => check(bounds, []))

  test('for any bounds and values', () => {
    fc.assert(
      fc.property(fc.uniqueArray(friendly, { maxLength: 40 }), fc.array(friendly, { maxLength: 40 }), (bounds, values) => {
        check(increasing(bounds), values)
      }),
      { numRuns: 400, seed: 1 },
    )
  })

  test('for many random bounds', () => {
    fc.assert(
      fc.property(fc.uniqueArray(double, { minLength: 100, maxLength: 512 }), fc.array(double, { maxLength: 60 }), (bounds, values) => {
        check(increasing(bounds), values)
      }),
      { numRuns: 15, seed: 2 },
    )
  })
})

test('the bounds are the given ones', () => {
  const bounds = [1, 2, 3, 4]
  expect(new BucketSearch(bounds).bounds).toBe(bounds)
})
