import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { OtlpMetricExporter } from '../../../src/exporters/otlp/otlp-metric-exporter.js'
import { OtlpTraceExporter } from '../../../src/exporters/otlp/otlp-trace-exporter.js'
import type { Metric } from '../../../src/metrics/data/metric.js'
import { exporterContract } from '../../../src/testing/exporter-contract.js'
import { SpanContext } from '../../../src/trace/context/span-context.js'
import { SpanData } from '../../../src/trace/data/span-data.js'
import { metric } from '../prometheus/format/metric-samples.js'
import { closedUrl, receiver, type Receiver } from '../sending/receiver.js'
import { decodeBody, type Plain } from './read-otlp.js'

beforeEach(() => void vi.spyOn(process, 'emitWarning').mockImplementation(() => {}))
afterEach(() => void vi.restoreAllMocks())

let destination: Receiver
const metrics = ['one', 'two', 'three'].map((name) => metric({ name, type: 'GAUGE_DOUBLE' }, [[], 1]))
const spans = ['one', 'two', 'three'].map((name) =>
  SpanData.from({ name, context: new SpanContext({ spanId: 'b7ad6b7169203331' }), startTimeUnixMs: 1e12, endTimeUnixMs: 1e12 + 1 }),
)
const count = (of: (body: Buffer) => Plain[]): number => destination.requests.reduce((sum, { body }) => sum + of(body).length, 0)

describe('OtlpMetricExporter meets the contract:', () => {
  for (const temporality of ['cumulative', 'delta'] as const) {
    const cases = exporterContract<Metric>({
      items: metrics,
      create: async () => {
        destination = await receiver()
        return new OtlpMetricExporter({ endpoint: destination.url, temporality })
      },
      received: () => count((body) => decodeBody(body, 'ExportMetricsServiceRequest')['resourceMetrics'][0].scopeMetrics[0].metrics),
      createFailing: async () => new OtlpMetricExporter({ endpoint: await closedUrl(), temporality }),
    })
    for (const { name, run } of cases) test(`${temporality}: ${name}`, run)
  }
})

describe('OtlpTraceExporter meets the contract:', () => {
  const cases = exporterContract<SpanData>({
    items: spans,
    create: async () => {
      destination = await receiver()
      return new OtlpTraceExporter({ endpoint: destination.url })
    },
    received: () => count((body) => decodeBody(body, 'ExportTraceServiceRequest')['resourceSpans'][0].scopeSpans[0].spans),
    createFailing: async () => new OtlpTraceExporter({ endpoint: await closedUrl() }),
  })
  for (const { name, run } of cases) test(name, run)
})

test('exemplars must be true or false', () => {
  expect(() => new OtlpMetricExporter({ exemplars: 'false' as never })).toThrow('exemplars must be true or false')
})
