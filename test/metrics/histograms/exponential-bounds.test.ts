import { fc } from '../../fast-check.js'
import { expect, test } from 'vitest'
import { coarserIndex, finestIndex, MAX_SCHEMA, MIN_SCHEMA, upperBound } from '../../../src/metrics/histograms/exponential-bounds.js'

const bits = new BigInt64Array(1)
const double = new Float64Array(bits.buffer)

/** The neighbour of a positive double, so many steps away. */
function neighbour(value: number, steps: number): number {
  double[0] = value
  bits[0]! += BigInt(steps)
  return double[0]
}

const schemas = Array.from({ length: MAX_SCHEMA - MIN_SCHEMA + 1 }, (_, i) => MIN_SCHEMA + i)
const indexAt = (value: number, schema: number): number => coarserIndex(finestIndex(value), MAX_SCHEMA - schema)

test('a power of two is a bound at each schema from 0 on, and its neighbours lie on either side', () => {
  for (let power = -1_022; power <= 1_023; power++) {
    const value = 2 ** power
    for (const schema of schemas.filter((one) => one >= 0)) {
      const index = power * 2 ** schema
      expect(indexAt(value, schema)).toBe(index)
      expect(indexAt(neighbour(value, 1), schema)).toBe(index + 1)
      expect(indexAt(neighbour(value, -1), schema)).toBe(index)
      expect(upperBound(index, schema)).toBe(value)
    }
  }
})

test('every bound is in the bucket below it, and the next number in the bucket above', () => {
  for (const power of [-1_000, -64, -1, 0, 1, 10, 1_000]) {
    for (let step = 0; step < 256; step++) {
      const index = power * 256 + step
      const bound = upperBound(index, MAX_SCHEMA)
      expect(indexAt(bound, MAX_SCHEMA)).toBe(index)
      expect(indexAt(neighbour(bound, 1), MAX_SCHEMA)).toBe(index + 1)
      expect(indexAt(neighbour(bound, -1), MAX_SCHEMA)).toBe(index)
    }
  }
})

test('bounds are the powers of their base, rounded correctly', () => {
  // By arithmetic with 60 digits.
  const known = [0.5109485743270583, 0.5221368912137069, 0.5335702003384118, 0.5452538663326288, 0.5571933712979462]
  known.forEach((bound, i) => expect(upperBound(i + 1 - 32, 5)).toBe(bound))
  expect(upperBound(1, 1)).toBe(Math.SQRT2)
  for (const schema of schemas) {
    for (let index = -300; index <= 300; index++) {
      const bound = upperBound(index, schema)
      const near = 2 ** (index * 2 ** -schema)
      if (Number.isFinite(near) && near > 1e-300) expect(Math.abs(bound / near - 1)).toBeLessThan(1e-15)
    }
  }
})

test('the smallest and the largest doubles have buckets', () => {
  expect(indexAt(Number.MIN_VALUE, 0)).toBe(-1_074)
  expect(indexAt(neighbour(Number.MIN_VALUE, 1), 0)).toBe(-1_073)
  expect(indexAt(neighbour(Number.MIN_VALUE, 2), 0)).toBe(-1_072)
  expect(indexAt(Number.MAX_VALUE, MAX_SCHEMA)).toBe(262_144)
  expect(upperBound(262_144, MAX_SCHEMA)).toBe(Infinity)
  expect(upperBound(-1_074 * 256, MAX_SCHEMA)).toBe(Number.MIN_VALUE)
  expect(indexAt(Number.MAX_VALUE, MIN_SCHEMA)).toBe(64)
})

test('any value is above the lower and at most the upper bound of its bucket', () => {
  // Below that, doubles are further apart than bounds.
  const positive = fc.double({ min: 2 ** -1_022, noNaN: true, noDefaultInfinity: true })
  fc.assert(
    fc.property(positive, fc.constantFrom(...schemas), (value, schema) => {
      const index = indexAt(value, schema)
      expect(value <= upperBound(index, schema)).toBe(true)
      expect(value > upperBound(index - 1, schema)).toBe(true)
    }),
    { numRuns: 20_000 },
  )
})
