import type { ExponentialBuckets, ExponentialValue, Metric, TimeSeries } from '../../../src/metrics/data/metric.js'

/** The metrics, most of their distributions with exponential buckets of as many values as they have. */
export function withExponential(metrics: readonly Metric[], random: () => number): Metric[] {
  const whole = (below: number): number => Math.floor(random() * below)
  const buckets = (count: number): ExponentialBuckets => {
    const indexes: number[] = []
    const counts: number[] = []
    let rest = count
    for (let index = whole(2_000) - 1_000; rest > 0; index += 1 + whole(random() < 0.8 ? 3 : 400)) {
      const some = indexes.length < 6 ? 1 + whole(rest) : rest
      indexes.push(index)
      counts.push(some)
      rest -= some
    }
    return { indexes, counts }
  }
  const value = (count: number): ExponentialValue => {
    const zeroCount = whole(count + 1)
    const positive = whole(count - zeroCount + 1)
    return {
      schema: whole(13) - 4,
      zeroThreshold: random() < 0.3 ? 0 : random(),
      zeroCount,
      positive: buckets(positive),
      negative: buckets(count - zeroCount - positive),
    }
  }
  const series = (one: TimeSeries): TimeSeries => ({
    ...one,
    points: one.points.map((point) => {
      if (typeof point.value === 'number' || point.value.kind !== 'distribution' || random() < 0.2) return point
      return { ...point, value: { ...point.value, exponential: value(point.value.count) } }
    }),
  })
  return metrics.map((metric) => ({ ...metric, timeSeries: metric.timeSeries.map(series) }))
}
