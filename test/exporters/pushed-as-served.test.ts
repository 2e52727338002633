import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { OtlpMetricExporter } from '../../src/exporters/otlp/otlp-metric-exporter.js'
import { exposedFamily, OVERFLOW_LABEL } from '../../src/exporters/prometheus/format/names.js'
import { formatText } from '../../src/exporters/prometheus/format/text.js'
import { RemoteWriteExporter } from '../../src/exporters/prometheus/remote-write/index.js'
import type { Metric } from '../../src/metrics/data/metric.js'
import { ManualClock } from '../../src/testing/manual-clock.js'
import { amount } from '../faults/amount.js'
import { decodeBody, type Plain } from './otlp/read-otlp.js'
import { randomFrom, randomRegistry } from './prometheus/format/random-registry.js'
import { readText } from './prometheus/format/text-reader.js'
import { writeReceiver } from './prometheus/remote-write/strict-receiver.js'
import { receiver } from './sending/receiver.js'

beforeEach(() => void vi.spyOn(process, 'emitWarning').mockImplementation(() => {}))
afterEach(() => void vi.restoreAllMocks())

/** Values by name and sorted labels. */
type Samples = Map<string, number>

function add(samples: Samples, name: string, labels: Iterable<readonly [string, string]>, value: number): void {
  const key = JSON.stringify([name, [...labels].sort(([a], [b]) => (a < b ? -1 : 1))])
  expect(samples.has(key), key).toBe(false)
  samples.set(key, value)
}

function served(metrics: readonly Metric[]): Samples {
  const samples: Samples = new Map()
  for (const family of readText(formatText(metrics)).values()) {
    for (const { name, labels, value } of family.samples) add(samples, name, labels, value)
  }
  return samples
}

test.each([1, 2] as const)(
  'remote write %d sends the names, labels and values of /metrics, for any definitions',
  {
    timeout: 120_000,
  },
  async (version) => {
    const destination = await writeReceiver([version])
    const clock = new ManualClock()
    const options = { url: `${destination.url}/api/v1/write`, job: 'shop', instance: 'a:1', metadata: false, staleMarkers: false }
    const exporter = new RemoteWriteExporter({ ...options, version, exemplars: false, clock })
    for (let seed = 1; seed <= amount(200, 10_000); seed++) {
      const metrics = randomRegistry(randomFrom(seed))
      clock.advance(1_000)
      await exporter.export(metrics)
      const written: Samples = new Map()
      for (const { labels, samples } of destination.written.splice(0).flatMap(({ series }) => series)) {
        const { __name__: name = '', job: _, instance: __, ...own } = labels
        add(written, name, Object.entries(own), samples[0]!.value)
      }
      expect(written, `seed ${seed}`).toEqual(served(metrics))
    }
    await exporter.shutdown()
    expect(destination.faults).toEqual([])
  },
)

test('OTLP sends the labels and values of /metrics, for any definitions', { timeout: 120_000 }, async () => {
  const { url, requests } = await receiver()
  const exporter = new OtlpMetricExporter({ endpoint: url, compression: 'none', exemplars: false })
  for (let seed = 1; seed <= amount(200, 10_000); seed++) {
    for (const metric of randomRegistry(randomFrom(seed))) {
      const expected = served([metric])
      if (expected.size === 0) continue // names of its labels clash, which only Prometheus minds, or it has no rows
      await exporter.export([metric])
      const sent: Samples = new Map()
      for (const { body } of requests.splice(0)) {
        const { resourceMetrics } = decodeBody(body, 'ExportMetricsServiceRequest')
        for (const one of resourceMetrics[0].scopeMetrics[0].metrics) asServed(sent, one, metric)
      }
      expect(sent, `seed ${seed}, ${metric.descriptor.name}`).toEqual(withoutUnsent(expected, metric))
    }
  }
  await exporter.shutdown()
})

const toNumber = (text: string | number | undefined): number => Number(text ?? 0)

/** The points of a metric as a receiver that speaks Prometheus shows them. */
function asServed(samples: Samples, one: Plain, { descriptor }: Metric): void {
  const { name, labelNames, formatBound } = exposedFamily(descriptor)
  const keys = new Map(descriptor.labelKeys.map((key, at) => [key.toWellFormed(), labelNames[at]!]))
  keys.set('otel.metric.overflow', OVERFLOW_LABEL)
  for (const point of (one['gauge'] ?? one['sum'] ?? one['histogram'] ?? one['summary']).dataPoints as Plain[]) {
    const labels = (point['attributes'] ?? []).map(({ key, value }: Plain) => [keys.get(key), value.stringValue ?? String(value.boolValue)])
    if (one['gauge'] !== undefined || one['sum'] !== undefined) {
      add(samples, name, labels, toNumber(point['asInt'] ?? point['asDouble']))
      continue
    }
    let count = 0
    for (const [at, inBucket] of ((point['bucketCounts'] ?? []) as string[]).entries()) {
      count += Number(inBucket)
      add(samples, `${name}_bucket`, [...labels, ['le', formatBound(point['explicitBounds']?.[at] ?? Infinity)]], count)
    }
    for (const { quantile = 0, value = 0 } of (point['quantileValues'] ?? []) as Plain[]) {
      add(samples, name, [...labels, ['quantile', formatBound(quantile)]], value)
    }
    add(samples, `${name}_count`, labels, toNumber(point['count']))
    if (one['summary'] !== undefined || point['sum'] !== undefined) add(samples, `${name}_sum`, labels, toNumber(point['sum']))
  }
}

/** OTLP has no sum of values that may be negative, and no quantile that is negative or no number. */
function withoutUnsent(samples: Samples, { descriptor, timeSeries }: Metric): Samples {
  const { name } = exposedFamily(descriptor)
  const value = timeSeries[0]?.points[0]?.value
  const isNegative = typeof value === 'object' && value.kind === 'distribution' && (value.bounds[0] ?? 0) < 0
  const isSent = (key: string, number: number): boolean => {
    const [sample] = JSON.parse(key) as [string]
    if (descriptor.type === 'CUMULATIVE_DISTRIBUTION' && sample === `${name}_sum`) return !isNegative && number >= 0
    return descriptor.type !== 'SUMMARY' || sample !== name || number >= 0
  }
  return new Map([...samples].filter(([key, number]) => isSent(key, number)))
}
