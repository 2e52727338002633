import { afterEach, expect, test, vi } from 'vitest'
import { OtlpMetricExporter } from '../../../src/exporters/otlp/otlp-metric-exporter.js'
import { OtlpTraceExporter } from '../../../src/exporters/otlp/otlp-trace-exporter.js'
import { metric } from '../prometheus/format/metric-samples.js'
import { randomFrom } from '../prometheus/format/random-registry.js'
import { receiver } from '../sending/receiver.js'
import { randomSpans } from './random-spans.js'
import { decodeBody, metricsOf } from './read-otlp.js'

afterEach(() => void vi.restoreAllMocks())

const gauge = (value: number) => metric({ name: 'one', type: 'GAUGE_INT64' }, [[], value])

test('an export reuses the buffer of an export that was delivered', async () => {
  const { url, requests } = await receiver()
  const exporter = new OtlpMetricExporter({ endpoint: url })
  await exporter.export([gauge(1)])
  const allocate = vi.spyOn(Buffer, 'allocUnsafeSlow')
  for (const value of [2, 3]) await exporter.export([gauge(value)])
  const lengths = allocate.mock.calls.map(([bytes]) => bytes)
  await exporter.shutdown()
  const values = requests.flatMap(
    ({ body }) => metricsOf([decodeBody(body, 'ExportMetricsServiceRequest')])[0]!['gauge'].dataPoints[0].asInt,
  )
  expect(values).toEqual(['1', '2', '3'])
  // The small one of each export's resource and scope.
  expect(lengths.filter((bytes) => bytes > 65_536)).toEqual([])
  expect(lengths.length).toBeLessThanOrEqual(2)
})

test('the buffer of a request that was not delivered is not reused', async () => {
  const { url } = await receiver((response) => void response.writeHead(503).end())
  const exporter = new OtlpTraceExporter({ endpoint: url })
  const spans = randomSpans(randomFrom(1))
  const allocate = vi.spyOn(Buffer, 'allocUnsafeSlow')
  for (let i = 0; i < 3; i++) await expect(exporter.export(spans)).rejects.toThrow('503')
  await exporter.shutdown()
  expect(allocate.mock.calls.length).toBeGreaterThanOrEqual(3)
})

test('the halves of a batch that was too large share no buffer that later batches reuse', async () => {
  const { url, requests } = await receiver((response, n) => void response.writeHead(n === 0 ? 413 : 200).end())
  const exporter = new OtlpTraceExporter({ endpoint: url, compression: 'none' })
  const [first, second] = [randomSpans(randomFrom(1)), randomSpans(randomFrom(2))].map((spans) => spans.slice(0, 1))
  await exporter.export([...first!, ...second!])
  await Promise.all([exporter.export(first!), exporter.export(second!)])
  await exporter.shutdown()
  const sent = requests.map(({ body }) => body.toString('hex'))
  expect(sent).toHaveLength(5)
  expect(sent.slice(3).sort()).toEqual(sent.slice(1, 3).sort())
})
