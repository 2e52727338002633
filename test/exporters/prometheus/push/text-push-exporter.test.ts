import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  PrometheusTextPushExporter,
  type PrometheusTextPushExporterOptions,
} from '../../../../src/exporters/prometheus/push/text-push-exporter.js'
import { formatText } from '../../../../src/exporters/prometheus/format/text.js'
import type { FamilyExportContext } from '../../../../src/metrics/data/family-exporter.js'
import type { Metric } from '../../../../src/metrics/data/metric.js'
import { exporterContract } from '../../../../src/testing/exporter-contract.js'
import { selfValue } from '../../self-value.js'
import { closedUrl, type Receiver, receiver } from '../../sending/receiver.js'
import { metric } from '../format/metric-samples.js'

beforeEach(() => void vi.spyOn(process, 'emitWarning').mockImplementation(() => {}))
afterEach(() => void vi.restoreAllMocks())

const gauges = ['one', 'two', 'three'].map((name) => metric({ name, type: 'GAUGE_DOUBLE' }, [[], 1]))
const create = (target: Receiver, options: Partial<PrometheusTextPushExporterOptions> = {}) =>
  new PrometheusTextPushExporter({ url: `${target.url}/import`, ...options })
const context = (timeUnixMs: number, timeoutMs = 5_000): FamilyExportContext => ({
  timeUnixMs,
  timeoutMs,
  signal: new AbortController().signal,
  isLast: false,
})

describe('PrometheusTextPushExporter meets the contract:', () => {
  let target: Receiver
  const cases = exporterContract<Metric>({
    items: gauges,
    create: async () => create((target = await receiver())),
    received: () => target.requests.flatMap(({ body }) => String(body).match(/^\w+ 1$/gm) ?? []).length,
    createFailing: async () => new PrometheusTextPushExporter({ url: await closedUrl() }),
  })
  for (const { name, run } of cases) test(name, run)
})

test('the body is the text of /metrics, with labels and time in the URL', async () => {
  const target = await receiver()
  const exporter = create(target, { url: `${target.url}/import?db=a`, extraLabels: { job: 'a&b', instance: 'ü=1' } })
  await exporter.exportFamilies(gauges, context(1_234.5))
  await exporter.shutdown()
  const [request] = target.requests
  expect(String(request!.body)).toBe(formatText(gauges))
  expect(request!.headers).toMatchObject({ 'content-encoding': 'gzip', 'content-type': 'text/plain; version=0.0.4; charset=utf-8' })
  const { pathname, searchParams } = new URL(request!.path!, target.url)
  expect(pathname).toBe('/import')
  expect([...searchParams]).toEqual([
    ['db', 'a'],
    ['extra_label', 'job=a&b'],
    ['extra_label', 'instance=ü=1'],
    ['timestamp', '1234'],
  ])
})

test('without gzip and timestamps neither the body nor the URL is changed', async () => {
  const target = await receiver()
  const exporter = create(target, { gzip: false, timestamps: false })
  await exporter.export(gauges)
  await exporter.export([])
  await exporter.shutdown()
  expect(target.requests.map(({ path, headers }) => [path, headers['content-encoding']])).toEqual([['/import', undefined]])
})

test('times of exports increase, and a retry sends the same bytes with the same time', async () => {
  const target = await receiver((response, n) => response.writeHead(n === 0 ? 500 : 204).end())
  const exporter = create(target, { random: () => 0.5 })
  await exporter.exportFamilies(gauges, context(1_000))
  await exporter.exportFamilies(gauges, context(1_000))
  await exporter.shutdown()
  expect(target.requests.map(({ path }) => path)).toEqual(['/import?timestamp=1000', '/import?timestamp=1000', '/import?timestamp=1001'])
  expect(target.requests[1]!.body).toEqual(target.requests[0]!.body)
})

test('a large document is sent in parts of whole lines, each sample once', async () => {
  const many = Array.from({ length: 6_000 }, (_, at) => metric({ name: `gauge_number_${at}`, type: 'GAUGE_INT64' }, [[], at]))
  const target = await receiver()
  const exporter = create(target, { maxRequestBytes: 65_536 })
  await exporter.exportFamilies(many, context(1_000))
  await exporter.shutdown()
  expect(target.requests.length).toBeGreaterThan(1)
  const texts = target.requests.map(({ body }) => String(body))
  const lines = texts.flatMap((text) => text.match(/^gauge.*$/gm) ?? [])
  expect(texts.every((text) => text.endsWith('\n'))).toBe(true)
  expect(lines.sort()).toEqual(many.map((_, at) => `gauge_number_${at} ${at}`).sort())
  expect(new Set(target.requests.map(({ path }) => path))).toEqual(new Set(['/import?timestamp=1000']))
})

const counted = (): number[] => [
  selfValue('tallyscope_exporter_items_total', 'PrometheusTextPushExporter'),
  selfValue('tallyscope_exporter_dropped_items_total', 'PrometheusTextPushExporter', 'too_large'),
]

test('a part that is too large is halved, and a single sample that is too large is dropped and counted', async () => {
  const target = await receiver((response, _, { body }) => {
    const samples: string[] = String(body).match(/^\w+ 1$/gm) ?? []
    response.writeHead(samples.length > 1 || samples.includes('two 1') ? 413 : 204).end()
  })
  const before = counted()
  const exporter = create(target)
  await expect(exporter.exportFamilies(gauges, context(1_000))).rejects.toMatchObject({ code: 'ERR_PUSH_FAILED', retryable: false })
  await exporter.shutdown()
  const after = counted()
  expect(after.map((value, at) => value - before[at]!)).toEqual([2, 1])
})

test('a refusal is not retried, and the message has no secrets', async () => {
  const target = await receiver((response, _, { headers }) => response.writeHead(400).end(`no: ${headers.authorization}`))
  const exporter = create(target, { url: target.url.replace('http://', 'http://user:s3cret@') })
  const error = await exporter.exportFamilies(gauges, context(1_000)).catch((failure: unknown) => failure as Error)
  await exporter.shutdown()
  expect(error).toMatchObject({ code: 'ERR_PUSH_FAILED', retryable: false })
  expect(String(error)).toMatch(/sending text to http:\/\/127\.0\.0\.1:\d+\/ failed: status 400: no: Basic /)
  expect(String(error)).not.toContain('s3cret')
  expect(target.requests).toHaveLength(1)
})

test('an export ends in time if the receiver never responds', async () => {
  const target = await receiver(() => {})
  const exporter = create(target, { timeoutMs: 100 })
  const started = performance.now()
  await expect(exporter.exportFamilies(gauges, context(1_000, 300))).rejects.toMatchObject({ code: 'ERR_PUSH_FAILED', retryable: true })
  await exporter.shutdown()
  expect(performance.now() - started).toBeLessThan(3_000)
})

test.each([
  [{ url: 'localhost:8428' }, 'ERR_EXPORTER_URL'],
  [{ extraLabels: { 'not-legal': 'a' } }, 'ERR_EXPORTER_OPTION'],
  [{ extraLabels: { __name__: 'a' } }, 'ERR_EXPORTER_OPTION'],
  [{ extraLabels: { a: 1 } }, 'ERR_EXPORTER_OPTION'],
  [{ gzip: 'yes' }, 'ERR_EXPORTER_OPTION'],
  [{ maxRequestBytes: 1 }, 'ERR_EXPORTER_OPTION'],
  [{ labels: {} }, 'ERR_OPTION'],
])('the options %j are refused', (options, code) => {
  expect(() => new PrometheusTextPushExporter({ url: 'http://a', ...(options as object) })).toThrow(expect.objectContaining({ code }))
})
