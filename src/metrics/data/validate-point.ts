import type { DistributionValue, SummaryValue } from './metric.js'

/** Describes what is wrong with a foreign distribution, or undefined if it is consistent. */
export function distributionFault(value: Omit<DistributionValue, 'kind' | 'mean'>): string | undefined {
  const { count, sum, sumOfSquaredDeviation, bounds, bucketCounts } = value
  if (!isCount(count)) return `the count must be a whole number: it is ${count}`
  if (!Number.isFinite(sum) && count > 0) return `the sum must be finite: it is ${sum}`
  if (!(sumOfSquaredDeviation >= 0)) return `the sum of squared deviations must not be negative: it is ${sumOfSquaredDeviation}`
  if (count === 0 && (sum !== 0 || sumOfSquaredDeviation !== 0))
    return `if the count is 0, the sums must be 0: they are ${sum} and ${sumOfSquaredDeviation}`
  const wrong = bounds.findIndex((bound, at) => !Number.isFinite(bound) || (at > 0 && bound <= bounds[at - 1]!))
  if (wrong >= 0) return `bounds must be finite and increase: bound ${wrong} is ${bounds[wrong]}`
  if (bucketCounts.length !== bounds.length + 1)
    return `there must be one bucket more than bounds: ${bucketCounts.length} for ${bounds.length}`
  if (!bucketCounts.every(isCount)) return 'bucket counts must be whole numbers'
  const total = bucketCounts.reduce((all, bucket) => all + bucket, 0)
  return total === count ? undefined : `buckets must add up to the count: ${total} is not ${count}`
}

/** Describes what is wrong with a foreign summary, or undefined if it is consistent. */
export function summaryFault({ count, sum, quantiles }: Omit<SummaryValue, 'kind'>): string | undefined {
  if (!isCount(count)) return `the count must be a whole number: it is ${count}`
  if (!Number.isFinite(sum)) return `the sum must be finite: it is ${sum}`
  if (count === 0 && sum !== 0) return `if the count is 0, the sum must be 0: it is ${sum}`
  const wrong = quantiles.find(({ quantile }) => !(quantile >= 0 && quantile <= 1))
  return wrong && `quantiles must lie between 0 and 1: one is ${wrong.quantile}`
}

function isCount(value: number): boolean {
  return value >= 0 && Number.isFinite(value) && Math.floor(value) === value
}
