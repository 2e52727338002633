import { spawnSync } from 'node:child_process'
import { expect, test, vi } from 'vitest'
import { OtlpMetricExporter, type OtlpMetricExporterOptions } from '../../../src/exporters/otlp/otlp-metric-exporter.js'
import type { Metric } from '../../../src/metrics/data/metric.js'
import { ManualClock } from '../../../src/testing/manual-clock.js'
import { amount } from '../../faults/amount.js'
import { randomFrom, randomRegistry } from '../prometheus/format/random-registry.js'
import { receiver } from '../sending/receiver.js'
import { expectedMetrics } from './expected-metrics.js'
import { decodeBody, decodeByProtoc, metricsOf, type Plain } from './read-otlp.js'

const hasProtoc = spawnSync('protoc', ['--version']).status === 0
const canUseProtoc = hasProtoc || process.env['CI'] !== undefined
const TIME = Date.UTC(2026, 0, 2)

/** What a receiver gets of these metrics: the bodies, and what they say. */
async function sent(metrics: readonly Metric[], options: OtlpMetricExporterOptions = {}): Promise<{ bodies: Buffer[]; requests: Plain[] }> {
  const { url, requests } = await receiver()
  const clock = new ManualClock({ unixMs: TIME })
  const exporter = new OtlpMetricExporter({ endpoint: url, compression: 'none', clock, ...options })
  await exporter.export(metrics)
  await exporter.shutdown()
  const bodies = requests.map(({ body }) => body)
  const isJson = options.protocol === 'http/json'
  return { bodies, requests: bodies.map((body) => (isJson ? JSON.parse(String(body)) : decodeBody(body, 'ExportMetricsServiceRequest'))) }
}

test('a thousand random registries arrive as their snapshots are, by two decoders, and the same as JSON', {
  timeout: 300_000,
}, async () => {
  vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  const registries = amount(1_000, 10_000)
  for (let seed = 1; seed <= registries; seed++) {
    const metrics = randomRegistry(randomFrom(seed)).filter(({ descriptor }) => descriptor.name !== '')
    const histograms = seed % 2 === 0 ? 'explicit' : 'exponential'
    const { bodies, requests } = await sent(metrics, { histograms })
    const expected = expectedMetrics(metrics, TIME, histograms)
    expect(sorted(metricsOf(requests)), `seed ${seed}`).toEqual(sorted(expected))
    if (expected.length === 0) expect(bodies).toEqual([])
    const asJson = await sent(metrics, { histograms, protocol: 'http/json' })
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
