import type { DistributionValue, Exemplar, MetricDescriptor, PointValue, SummaryValue, TimeSeries } from '../../metrics/data/metric.js'

export const isCumulative = ({ type }: MetricDescriptor): boolean => type.startsWith('CUMULATIVE') || type === 'SUMMARY'

/**
 * The series of several members with the same labels, as one. Totals and buckets add, gauges add, an info or state is shown if one
 * member has it. The oldest start time and the newest exemplars stay.
 */
export function mergeSeries({ type }: MetricDescriptor, all: readonly TimeSeries[]): TimeSeries {
  const [first, ...others] = all as [TimeSeries, ...TimeSeries[]]
  if (others.length === 0) return first
  const add = type === 'INFO' || type === 'STATE_SET' ? Math.max : (a: number, b: number) => a + b
  const value = all.map((series) => series.points[0]!.value).reduce((a, b) => mergeValues(a, b, add))
  const starts = all.map(({ startTimeUnixMs }) => startTimeUnixMs).filter((start) => start !== undefined)
  const exemplar = all.map((series) => series.exemplar).reduce(newest)
  return {
    ...first,
    ...(starts.length > 0 && { startTimeUnixMs: Math.min(...starts) }),
    ...(exemplar !== undefined && { exemplar }),
    points: [{ timeUnixMs: Math.max(...all.map(({ points }) => points[0]!.timeUnixMs)), value }],
  }
}

function mergeValues(a: PointValue, b: PointValue, add: (a: number, b: number) => number): PointValue {
  if (typeof a === 'number' || typeof b === 'number') return add(Number(a), Number(b))
  if (a.kind === 'summary' || b.kind === 'summary') return mergeSummaries(a as SummaryValue, b as SummaryValue)
  return mergeDistributions(a, b)
}

/** Quantiles of several members cannot be had from theirs: an average of percentiles is none. */
function mergeSummaries(a: SummaryValue, b: SummaryValue): SummaryValue {
  return { kind: 'summary', count: a.count + b.count, sum: a.sum + b.sum, quantiles: [] }
}

/** Both have the same bounds. The deviations are added by Chan's formula. */
function mergeDistributions(a: DistributionValue, b: DistributionValue): DistributionValue {
  const count = a.count + b.count
  const sum = a.sum + b.sum
  const between = a.count === 0 || b.count === 0 ? 0 : ((b.mean - a.mean) ** 2 * a.count * b.count) / count
  const exemplars = a.bucketCounts.map((_, at) => newest(a.exemplars?.[at] ?? undefined, b.exemplars?.[at] ?? undefined))
  return {
    kind: 'distribution',
    count,
    sum,
    mean: count === 0 ? 0 : sum / count,
    sumOfSquaredDeviation: a.sumOfSquaredDeviation + b.sumOfSquaredDeviation + between,
    bounds: a.bounds,
    bucketCounts: a.bucketCounts.map((each, at) => each + b.bucketCounts[at]!),
    ...(exemplars.some((each) => each !== undefined) && { exemplars }),
  }
}

function newest(a: Exemplar | undefined, b: Exemplar | undefined): Exemplar | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return b.timeUnixMs > a.timeUnixMs ? b : a
}
