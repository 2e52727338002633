import type { DistributionValue, Metric, MetricDescriptor, PointValue, TimeSeries } from '../../../../src/metrics/data/metric.js'
import type { MetricProducer } from '../../../../src/metrics/data/producer.js'

export type Series = [labelValues: (string | undefined)[], value: PointValue, more?: Partial<TimeSeries>]

/** A snapshot with one point a series. */
export function metric(descriptor: Partial<MetricDescriptor> & Pick<MetricDescriptor, 'name' | 'type'>, ...series: Series[]): Metric {
  return {
    descriptor: { description: '', unit: '1', labelKeys: [], ...descriptor },
    timeSeries: series.map(([labelValues, value, more]) => ({ labelValues, points: [{ timeUnixMs: 1_700_000_000_000, value }], ...more })),
  }
}

export function distribution(
  bounds: number[],
  bucketCounts: number[],
  sum: number,
  more: Partial<DistributionValue> = {},
): DistributionValue {
  const count = bucketCounts.reduce((a, b) => a + b, 0)
  return { kind: 'distribution', count, sum, mean: count === 0 ? 0 : sum / count, sumOfSquaredDeviation: 0, bounds, bucketCounts, ...more }
}

/** A producer that calls `metrics` at each gathering. */
export function producer(metrics: () => readonly Metric[] | Promise<readonly Metric[]>, name = 'sample'): MetricProducer {
  return { name, getMetrics: metrics }
}

/** A family of `count` gauges: a document of about 40 bytes each. */
export function manyGauges(count: number): Metric {
  return metric(
    { name: 'many', type: 'GAUGE_INT64', labelKeys: ['number'] },
    ...Array.from({ length: count }, (_, i): Series => [[`n${i}`], i]),
  )
}

/** All of a body, whether in one piece or streamed. */
export async function bytesOf(body: Uint8Array | AsyncIterable<Uint8Array> | undefined): Promise<Buffer> {
  if (body === undefined) return Buffer.alloc(0)
  if (body instanceof Uint8Array) return Buffer.from(body)
  const chunks: Uint8Array[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks)
}
