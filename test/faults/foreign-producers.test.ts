import { beforeEach, expect, test, vi } from 'vitest'
import { OtlpMetricExporter } from '../../src/exporters/otlp/otlp-metric-exporter.js'
import { openMetricsEncoder } from '../../src/exporters/prometheus/format/openmetrics.js'
import { protobufEncoder } from '../../src/exporters/prometheus/format/protobuf.js'
import { textEncoder } from '../../src/exporters/prometheus/format/text-encoder.js'
import { metricsHandler } from '../../src/exporters/prometheus/http/handler.js'
import { gatherFamilies } from '../../src/metrics/collection/gather.js'
import type { Metric } from '../../src/metrics/data/metric.js'
import { familyFault } from '../../src/metrics/data/validate-family.js'
import { MetricRegistry } from '../../src/metrics/instruments/metric-registry.js'

const DESCRIPTOR = { name: 'foreign', type: 'GAUGE_DOUBLE', labelKeys: ['k'], unit: '1', description: '' }
const SERIES = { labelValues: ['x'], points: [{ value: 1, timeUnixMs: 1 }] }
const GAUGE = { descriptor: DESCRIPTOR, timeSeries: [SERIES] }
const ofValue = (value: unknown, type = 'GAUGE_DOUBLE') => ({
  descriptor: { ...DESCRIPTOR, type },
  timeSeries: [{ ...SERIES, points: [{ value }] }],
})

/** What a producer in JavaScript may return. The metric is left out as a whole. */
const UNREADABLE: Record<string, unknown> = {
  'no metric': null,
  'no descriptor': {},
  'no name': { ...GAUGE, descriptor: { ...DESCRIPTOR, name: undefined } },
  'no label keys': { ...GAUGE, descriptor: { ...DESCRIPTOR, labelKeys: undefined } },
  'a string of label keys': { ...GAUGE, descriptor: { ...DESCRIPTOR, labelKeys: 'k' } },
  'a label key that is a number': { ...GAUGE, descriptor: { ...DESCRIPTOR, labelKeys: [5] } },
  'no time series': { descriptor: DESCRIPTOR },
  'time series that are an object': { descriptor: DESCRIPTOR, timeSeries: {} },
  'a series that is null': { descriptor: DESCRIPTOR, timeSeries: [SERIES, null] },
  'a series without points': { descriptor: DESCRIPTOR, timeSeries: [{ labelValues: ['x'] }] },
  'a series without label values': { descriptor: DESCRIPTOR, timeSeries: [{ points: SERIES.points }] },
}

/** Points that are left out, or metrics that can be read nevertheless. */
const READABLE: Record<string, unknown> = {
  'a value that is null': ofValue(null),
  'a value that is a string': ofValue('5'),
  'a point that is null': { ...GAUGE, timeSeries: [{ ...SERIES, points: [null] }] },
  'no point': { ...GAUGE, timeSeries: [{ ...SERIES, points: [] }] },
  'a distribution without bounds': ofValue({ kind: 'distribution', count: 1, sum: 1, bucketCounts: [1] }, 'CUMULATIVE_DISTRIBUTION'),
  'a distribution without buckets': ofValue({ kind: 'distribution', count: 1, sum: 1, bounds: [1] }, 'CUMULATIVE_DISTRIBUTION'),
  'a summary without quantiles': ofValue({ kind: 'summary', count: 1, sum: 1 }, 'SUMMARY'),
  'an exemplar without attachments': {
    descriptor: { ...DESCRIPTOR, type: 'CUMULATIVE_DOUBLE' },
    timeSeries: [{ ...SERIES, exemplar: { value: 1 } }],
  },
  'no unit and no description': { ...GAUGE, descriptor: { ...DESCRIPTOR, unit: undefined, description: undefined } },
  'a label value that is a number': { ...GAUGE, timeSeries: [{ ...SERIES, labelValues: [5] }] },
  'a label value that is an object': { ...GAUGE, timeSeries: [{ ...SERIES, labelValues: [{}] }] },
}

const registry = new MetricRegistry()
registry.counter('own').inc()
const producersWith = (family: unknown) => [{ getMetrics: () => [family] as Metric[] }, registry]

beforeEach(() => {
  vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
})

test.each(Object.keys(UNREADABLE))('a foreign metric with %s is refused', (what) => {
  expect(familyFault(UNREADABLE[what])).toMatch(/^has /)
})

test.each(Object.keys(READABLE))('a foreign metric with %s is accepted', (what) => {
  expect(familyFault(READABLE[what])).toBeUndefined()
})

test.each(Object.entries({ ...UNREADABLE, ...READABLE }))(
  'a foreign metric with %s does not take the metrics of other producers from a page',
  async (_, family) => {
    for (const encoder of [textEncoder, openMetricsEncoder(), protobufEncoder]) {
      const handle = metricsHandler({ producers: producersWith(family), selfMetrics: false, encoders: [encoder] })
      const { status, body } = await handle({})
      expect(status).toBe(200)
      expect(String(body)).toContain('own')
      expect(String(body)).not.toContain('undefined')
    }
  },
)

test.each(Object.entries({ ...UNREADABLE, ...READABLE }))('a foreign metric with %s can be read by OTLP', async (_, family) => {
  const bodies: string[] = []
  const exporter = new OtlpMetricExporter({ endpoint: 'http://127.0.0.1:1', compression: 'none', protocol: 'http/json' })
  const families = await gatherFamilies(producersWith(family))
  const context = { timeUnixMs: 1, timeoutMs: 100, signal: AbortSignal.timeout(1_000), isLast: true }
  await exporter.exportFamilies(families, context).catch((error: Error) => bodies.push(error.message))
  await exporter.shutdown()
  expect(bodies.join()).not.toMatch(/cannot|undefined|not a function/i)
})
