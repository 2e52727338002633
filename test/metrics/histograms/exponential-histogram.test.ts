import { fc } from '../../fast-check.js'
import { expect, test } from 'vitest'
import { upperBound } from '../../../src/metrics/histograms/exponential-bounds.js'
import { ExponentialHistogram } from '../../../src/metrics/histograms/exponential-histogram.js'
import { type ExponentialOptions, exponentialSettings } from '../../../src/metrics/histograms/exponential-options.js'

function of(values: readonly number[], options: ExponentialOptions = {}): ExponentialHistogram {
  const histogram = new ExponentialHistogram(options)
  for (const value of values) histogram.record(value)
  return histogram
}

/** What all buckets hold together. */
function held(histogram: ExponentialHistogram): number {
  const { zeroCount, positive, negative } = histogram.value()
  return [...positive.counts, ...negative.counts].reduce((a, b) => a + b, zeroCount)
}

const finite = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e300, max: 1e300 })
const usual = fc.double({ noNaN: true, min: 1e-6, max: 1e6 })

test('values are counted by sign, and those near zero in one bucket', () => {
  expect(of([0, -0, 1e-40, 1, 1, 2, -3, 4.1], { schema: 0 }).value()).toEqual({
    schema: 0,
    zeroThreshold: 2 ** -128,
    zeroCount: 3,
    positive: { indexes: [0, 1, 3], counts: [2, 1, 1] },
    negative: { indexes: [2], counts: [1] },
  })
})

test('values that are not finite are refused', () => {
  const histogram = of([])
  for (const value of [Number.NaN, Infinity, -Infinity, '1', 1n, null, undefined, {}]) expect(histogram.record(value as number)).toBe(false)
  expect(histogram.snapshot()).toMatchObject({ count: 0, sum: 0, zeroCount: 0 })
  expect(of([1e308]).record(1.7e308)).toBe(false)
})

test('count and sum are exact, and the buckets hold every value after merging to the limit', () => {
  fc.assert(
    fc.property(fc.array(finite, { maxLength: 300 }), fc.integer({ min: 2, max: 40 }), (values, maxBuckets) => {
      const histogram = of(values, { maxBuckets, schema: 8 })
      expect(histogram.bucketCount).toBeLessThanOrEqual(maxBuckets)
      expect(histogram.count).toBe(values.length)
      expect(held(histogram)).toBe(values.length)
      expect(histogram.sum).toBe(values.reduce((a, b) => a + b, 0))
    }),
  )
})

test('values from 1e-300 to 1e300 stay within the limit at a lower resolution', () => {
  const histogram = of(Array.from({ length: 10_000 }, (_, i) => 10 ** ((i % 601) - 300)))
  expect(histogram.bucketCount).toBeLessThanOrEqual(160)
  expect(histogram.schema).toBeLessThan(3)
  expect(held(histogram)).toBe(10_000)
})

test('the zero bucket is widened to its maximum first, then the resolution is lowered', () => {
  const values = [1, 2, 4, 8, 16].flatMap((value) => [value, -value])
  const widened = of(values, { schema: 0, maxBuckets: 8, maxZeroThreshold: 1 })
  expect([widened.schema, widened.zeroThreshold, widened.value().zeroCount]).toEqual([0, 1, 2])
  const lowered = of(values, { schema: 0, maxBuckets: 8, maxZeroThreshold: 0.5 })
  expect([lowered.schema, lowered.zeroThreshold]).toEqual([-1, 2 ** -128])
  expect(lowered.value().positive).toEqual({ indexes: [0, 1, 2], counts: [1, 2, 2] })
})

test('merging equals recording everything in one, in any order', () => {
  fc.assert(
    fc.property(
      fc.array(finite),
      fc.array(finite),
      fc.integer({ min: -4, max: 8 }),
      fc.integer({ min: -4, max: 8 }),
      (a, b, schemaA, schemaB) => {
        const options = { maxBuckets: 10_000 }
        const both = of([...a, ...b], { ...options, schema: Math.min(schemaA, schemaB) })
        for (const [one, other] of [
          [of(a, { ...options, schema: schemaA }), of(b, { ...options, schema: schemaB })],
          [of(b, { ...options, schema: schemaB }), of(a, { ...options, schema: schemaA }).snapshot()],
        ] as const) {
          one.merge(other)
          expect(one.value()).toEqual(both.value())
          expect(one.count).toBe(both.count)
          expect(Math.abs(one.sum - both.sum)).toBeLessThanOrEqual(1e-9 * [...a, ...b].reduce((sum, value) => sum + Math.abs(value), 0))
        }
      },
    ),
  )
})

test('merging loses no value if zero buckets differ or the limit is reached', () => {
  fc.assert(
    fc.property(
      fc.array(usual),
      fc.array(usual),
      fc.constantFrom(0, 1e-3, 0.3, 7),
      fc.constantFrom(0, 1e-3, 0.3, 7),
      (a, b, zeroA, zeroB) => {
        const one = of(a, { zeroThreshold: zeroA, maxBuckets: 20 })
        one.merge(of(b, { zeroThreshold: zeroB, maxBuckets: 30 }))
        expect(held(one)).toBe(a.length + b.length)
        expect(one.count).toBe(a.length + b.length)
        expect(one.bucketCount).toBeLessThanOrEqual(20)
        const { schema, zeroThreshold, zeroCount, positive } = one.value()
        // No value beyond the zero bucket is counted in it, and none within it elsewhere.
        expect(zeroCount).toBe([...a, ...b].filter((value) => value <= zeroThreshold).length)
        for (const index of positive.indexes) expect(upperBound(index, schema)).toBeGreaterThan(zeroThreshold)
      },
    ),
  )
})

test('a quantile is within the growth factor of the true one', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          usual,
          usual.map((value) => -value),
        ),
        { minLength: 1 },
      ),
      fc.constantFrom(0, 0.01, 0.5, 0.9, 0.99, 1),
      (values, quantile) => {
        for (const schema of [0, 3, 8]) {
          const sorted = values.toSorted((a, b) => a - b)
          const rank = Math.max(Math.ceil(quantile * values.length), 1)
          const exact = sorted[rank - 1]!
          const found = of(values, { schema, maxBuckets: 10_000 }).quantile(quantile)
          const growth = 2 ** (2 ** -schema)
          expect(Math.abs(found)).toBeLessThanOrEqual(Math.abs(exact) * growth * (1 + 1e-12))
          expect(Math.abs(found)).toBeGreaterThanOrEqual((Math.abs(exact) / growth) * (1 - 1e-12))
          expect(Math.sign(found)).toBe(Math.sign(exact))
        }
      },
    ),
  )
})

test('quantiles of an empty histogram are NaN, of zeros zero, and a share outside of 0 … 1 has none', () => {
  expect(of([]).quantile(0.5)).toBe(Number.NaN)
  expect(of([1]).quantile(1.1)).toBe(Number.NaN)
  expect(of([1]).quantile(Number.NaN)).toBe(Number.NaN)
  expect(of([0, 0]).quantile(0.5)).toBeLessThanOrEqual(2 ** -128)
  expect(of([1e308, 1.1]).quantile(1)).toBeLessThanOrEqual(Number.MAX_VALUE)
})

test('a cleared histogram is like a new one', () => {
  const histogram = of(
    Array.from({ length: 1_000 }, (_, i) => 1.5 ** (i % 500)),
    { maxBuckets: 10 },
  )
  histogram.clear()
  expect(histogram.snapshot()).toEqual(of([]).snapshot())
})

test('options out of range are refused, and a growth factor selects the coarsest schema that keeps it', () => {
  const wrong: ExponentialOptions[] = [
    { maxBuckets: 1 },
    { maxBuckets: 2.5 },
    { schema: 9 },
    { schema: -5 },
    { schema: 1, growthFactor: 1.1 },
    { growthFactor: 1 },
    { zeroThreshold: -1 },
    { zeroThreshold: Number.NaN },
    { zeroThreshold: 1, maxZeroThreshold: 0.5 },
  ]
  for (const options of wrong) {
    expect(() => new ExponentialHistogram(options), JSON.stringify(options)).toThrow(expect.objectContaining({ code: 'ERR_EXPONENTIAL' }))
  }
  for (const [growthFactor, schema] of [
    [1.1, 3],
    [1.09, 4],
    [2, 0],
    [1.999, 1],
    [4, -1],
    [1.0027, 9],
    [1.003, 8],
    [1e9, -4],
  ] as const) {
    expect(exponentialSettings({ growthFactor }).schema, String(growthFactor)).toBe(Math.min(schema, 8))
  }
})

test.each([-5, 9, 1.5, Number.NaN, undefined])('a snapshot with the schema %s is not merged', (schema) => {
  const histogram = new ExponentialHistogram()
  histogram.record(1)
  const before = histogram.snapshot()
  expect(() => histogram.merge({ ...before, schema: schema as number })).toThrow(expect.objectContaining({ code: 'ERR_EXPONENTIAL' }))
  expect(histogram.snapshot()).toEqual(before)
})
