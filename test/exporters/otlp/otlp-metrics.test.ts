import { spawnSync } from 'node:child_process'
import { expect, test, vi } from 'vitest'
import { OtlpMetricExporter, type OtlpMetricExporterOptions } from '../../../src/exporters/otlp/otlp-metric-exporter.js'
import type { ExponentialBuckets, Metric } from '../../../src/metrics/data/metric.js'
import { ManualClock } from '../../../src/testing/manual-clock.js'
import { amount } from '../../faults/amount.js'
import { distribution, metric } from '../prometheus/format/metric-samples.js'
import { randomFrom, randomRegistry } from '../prometheus/format/random-registry.js'
import { receiver, type Receiver } from '../sending/receiver.js'
import { expectedMetrics } from './expected-metrics.js'
import { decodeBody, decodeByProtoc, metricsOf, type Plain } from './read-otlp.js'
import { withExponential } from './with-exponential.js'

const hasProtoc = spawnSync('protoc', ['--version']).status === 0
const canUseProtoc = hasProtoc || process.env['CI'] !== undefined
const TIME = Date.UTC(2026, 0, 2)

/** What the receiver gets of these metrics: the bodies, and what they say. */
async function sentTo(
  { url, requests }: Receiver,
  metrics: readonly Metric[],
  options: OtlpMetricExporterOptions = {},
): Promise<{ bodies: Buffer[]; requests: Plain[] }> {
  const before = requests.length
  const clock = new ManualClock({ unixMs: TIME })
  const exporter = new OtlpMetricExporter({ endpoint: url, compression: 'none', clock, ...options })
  await exporter.export(metrics)
  await exporter.shutdown()
  const bodies = requests.splice(before).map(({ body }) => body)
  const isJson = options.protocol === 'http/json'
  return { bodies, requests: bodies.map((body) => (isJson ? JSON.parse(String(body)) : decodeBody(body, 'ExportMetricsServiceRequest'))) }
}

test('two decoders read the snapshots of a thousand random registries, as protobuf and as JSON', {
  timeout: 300_000,
}, async () => {
  vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  const registries = amount(1_000, 10_000)
  const destination = await receiver()
  for (let seed = 1; seed <= registries; seed++) {
    const random = randomFrom(seed)
    const metrics = withExponential(randomRegistry(random), random).filter(({ descriptor }) => descriptor.name !== '')
    const histograms = seed % 2 === 0 ? 'explicit' : 'exponential'
    const { bodies, requests } = await sentTo(destination, metrics, { histograms })
    const expected = expectedMetrics(metrics, TIME, histograms)
    expect(sorted(metricsOf(requests)), `seed ${seed}`).toEqual(sorted(expected))
    if (expected.length === 0) expect(bodies).toEqual([])
    const asJson = await sentTo(destination, metrics, { histograms, protocol: 'http/json' })
    expect(asJson.requests.length === requests.length ? asJson.requests : metricsOf(asJson.requests), `seed ${seed}`).toEqual(
      asJson.requests.length === requests.length ? requests : metricsOf(requests),
    )
    if (canUseProtoc && seed % 50 === 1) {
      for (const body of bodies) expect(decodeByProtoc(body, 'ExportMetricsServiceRequest')).not.toMatch(/^\s*\d+[:{ ]/m)
    }
  }
})

function sorted(metrics: readonly Plain[]): Plain[] {
  const key = (metric: Plain): string => JSON.stringify([metric['name'], Object.keys(metric).sort(), metric])
  return [...metrics].sort((a, b) => (key(a) < key(b) ? -1 : 1))
}

test('exponential buckets that are far apart are sent at a lower resolution, without losing values', async () => {
  const far = (first: number): ExponentialBuckets => ({ indexes: [first, first + 1, first + 100_000], counts: [1, 2, 3] })
  const exponential = { schema: 8, zeroThreshold: 0, zeroCount: 1, positive: far(-50_000), negative: far(7) }
  const value = distribution([], [13], 5, { count: 13, exponential })
  const metrics = [metric({ name: 'far', type: 'CUMULATIVE_DISTRIBUTION' }, [[], value])]
  const { requests } = await sentTo(await receiver(), metrics, { histograms: 'exponential' })
  const [point] = metricsOf(requests)[0]!['exponentialHistogram'].dataPoints
  for (const side of [point.positive, point.negative]) {
    expect(side.bucketCounts.length).toBeLessThanOrEqual(4_096)
    expect(side.bucketCounts.filter((count: string) => count !== '0').sort()).toEqual(['3', '3'])
  }
  // 100,001 buckets fit into 4,096 once five pairs of neighbours have become one each.
  expect(point.scale).toBe(3)
  expect(point.positive.offset).toBe(Math.ceil(-50_000 / 32) - 1)
})
