import { describe, expect, test } from 'vitest'
import { distributionFault, summaryFault } from '../../../src/metrics/data/validate-point.js'

describe('a distribution of a foreign producer', () => {
  const good = { count: 3, sum: 6, sumOfSquaredDeviation: 2, bounds: [1, 2], bucketCounts: [1, 1, 1] }
  test.each<[what: string, part: Partial<typeof good>, fault: string | undefined]>([
    ['is consistent', {}, undefined],
    ['may hold nothing', { count: 0, sum: 0, sumOfSquaredDeviation: 0, bucketCounts: [0, 0, 0] }, undefined],
    ['may have no bounds', { bounds: [], bucketCounts: [3] }, undefined],
    ['half a count', { count: 2.5 }, 'the count must be a whole number: it is 2.5'],
    ['a negative count', { count: -1 }, 'the count must be a whole number: it is -1'],
    ['an infinite sum', { sum: Infinity }, 'the sum must be finite: it is Infinity'],
    ['a negative deviation', { sumOfSquaredDeviation: -1 }, 'the sum of squared deviations must not be negative: it is -1'],
    ['a deviation that is no number', { sumOfSquaredDeviation: NaN }, 'the sum of squared deviations must not be negative: it is NaN'],
    ['a sum of nothing', { count: 0, sumOfSquaredDeviation: 0 }, 'if the count is 0, the sums must be 0: they are 6 and 0'],
    ['a deviation of nothing', { count: 0, sum: 0 }, 'if the count is 0, the sums must be 0: they are 0 and 2'],
    ['bounds that fall', { bounds: [2, 1] }, 'bounds must be finite and increase: bound 1 is 1'],
    ['equal bounds', { bounds: [1, 1] }, 'bounds must be finite and increase: bound 1 is 1'],
    ['an infinite bound', { bounds: [1, Infinity] }, 'bounds must be finite and increase: bound 1 is Infinity'],
    ['a bucket too few', { bucketCounts: [1, 2] }, 'there must be one bucket more than bounds: 2 for 2'],
    ['half a bucket', { bucketCounts: [0.5, 1.5, 1] }, 'bucket counts must be whole numbers'],
    ['buckets of another count', { bucketCounts: [1, 1, 2] }, 'buckets must add up to the count: 4 is not 3'],
  ])('%s', (_what, part, fault) => expect(distributionFault({ ...good, ...part })).toBe(fault))
})

describe('a summary of a foreign producer', () => {
  const good = { count: 2, sum: -3, quantiles: [{ quantile: 0.5, value: 1 }] }
  test.each<[what: string, part: Partial<typeof good>, fault: string | undefined]>([
    ['is consistent', {}, undefined],
    ['may hold nothing', { count: 0, sum: 0, quantiles: [] }, undefined],
    ['an infinite count', { count: Infinity }, 'the count must be a whole number: it is Infinity'],
    ['a sum that is no number', { sum: NaN }, 'the sum must be finite: it is NaN'],
    ['a sum of nothing', { count: 0 }, 'if the count is 0, the sum must be 0: it is -3'],
    ['a quantile above 1', { quantiles: [{ quantile: 99, value: 1 }] }, 'quantiles must lie between 0 and 1: one is 99'],
    ['a quantile that is no number', { quantiles: [{ quantile: NaN, value: 1 }] }, 'quantiles must lie between 0 and 1: one is NaN'],
  ])('%s', (_what, part, fault) => expect(summaryFault({ ...good, ...part })).toBe(fault))
})
