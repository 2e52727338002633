import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { OtlpMetricExporter } from '../../../src/exporters/otlp/otlp-metric-exporter.js'
import { gatherFamilies } from '../../../src/metrics/collection/gather.js'
import { MetricRegistry } from '../../../src/metrics/instruments/metric-registry.js'
import { ManualClock } from '../../../src/testing/manual-clock.js'
import { receiver, type Receiver } from '../sending/receiver.js'
import { selfValue } from '../self-value.js'
import { decodeBody, metricsOf } from './read-otlp.js'

// 2 000 rows are in four chunks and more, and in seven parts.
const ROWS = 2_000
const PART = 300

let clock: ManualClock
let registry: MetricRegistry
let jobs: ReturnType<MetricRegistry['counter']>
let destination: Receiver
/** What the receiver answers to the part of these rows from now on. */
let status: (rows: ReadonlyMap<string, number>) => number
/** What the receiver has added up for each row. */
let totals: Map<string, number>
let exporter: OtlpMetricExporter

beforeEach(async () => {
  vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  clock = new ManualClock({ unixMs: 1_000_000 })
  registry = new MetricRegistry({ clock })
  jobs = registry.counter('jobs', { labelKeys: ['n'] })
  status = () => 200
  totals = new Map()
  destination = await receiver((response, _, { body }) => {
    const rows = rowsOf(body)
    const answer = status(rows)
    if (answer === 200) for (const [n, value] of rows) totals.set(n, (totals.get(n) ?? 0) + value)
    response.writeHead(answer).end()
  })
  exporter = new OtlpMetricExporter({
    endpoint: destination.url,
    temporality: 'delta',
    clock,
    random: () => 0.5,
    maxPointsPerRequest: PART,
  })
})
afterEach(async () => {
  await exporter.shutdown()
  vi.restoreAllMocks()
})

function rowsOf(body: Buffer): Map<string, number> {
  const [metric] = metricsOf([decodeBody(body, 'ExportMetricsServiceRequest')])
  return new Map(
    metric!['sum'].dataPoints.map((point: { attributes: { value: { stringValue: string } }[]; asInt?: string; asDouble?: number }) => [
      point.attributes[0]!.value.stringValue,
      Number(point.asInt ?? point.asDouble),
    ]),
  )
}

const inc = (from: number, to: number, by: number): void => {
  for (let n = from; n < to; n++) jobs.inc(by, { n: String(n) })
}

/** Exports once; returns the requests that it made. */
async function exportOnce(): Promise<number> {
  await clock.advanceAsync(1_000)
  const before = destination.requests.length
  const context = { timeUnixMs: clock.unixMs(), timeoutMs: 100, signal: new AbortController().signal, isLast: false }
  await exporter.exportFamilies(await gatherFamilies([registry]), context).catch(() => {})
  return destination.requests.length - before
}

test('if one part of an export is refused, the others are delivered once and the refused points are lost once', async () => {
  inc(0, ROWS, 1)
  const refused = new Set<string>()
  status = (rows) => {
    if (!rows.has('1000')) return 200
    for (const n of rows.keys()) refused.add(n)
    return 400
  }
  const before = selfValue('tallyscope_exporter_dropped_items_total', 'OtlpMetricExporter', 'refused') ?? 0
  expect(await exportOnce()).toBe(7)
  expect(refused.size).toBe(PART)
  expect(selfValue('tallyscope_exporter_dropped_items_total', 'OtlpMetricExporter', 'refused')! - before).toBe(PART)
  status = () => 200
  expect(await exportOnce()).toBe(0)
  inc(0, ROWS, 10)
  expect(await exportOnce()).toBe(7)
  for (let n = 0; n < ROWS; n++) expect(totals.get(String(n)), String(n)).toBe(refused.has(String(n)) ? 10 : 11)
})

test('if one part of an export is not delivered, no value is lost or sent twice, whatever is recorded meanwhile', async () => {
  inc(0, ROWS, 1)
  status = (rows) => {
    inc(0, ROWS, 1) // while parts are on their way
    return rows.has('1000') ? 503 : 200
  }
  await exportOnce()
  expect(totals.size).toBeLessThan(ROWS)
  status = () => 200
  await exportOnce()
  inc(0, ROWS, 1)
  await exportOnce()
  const expected = new Map(
    (await registry.getMetrics())[0]!.timeSeries.map(({ labelValues, points }) => [labelValues[0], points[0]!.value]),
  )
  expect(totals).toEqual(expected)
  expect(await exportOnce()).toBe(0)
})

test('rows that are removed before they are delivered are lost, and the rows that replace them start from zero', async () => {
  inc(0, ROWS, 5)
  status = () => 503
  await exportOnce()
  for (let n = 600; n < 1_400; n++) jobs.remove({ n: String(n) })
  inc(3_000, 3_800, 7)
  status = () => 200
  await exportOnce()
  const expected = new Map(
    (await registry.getMetrics())[0]!.timeSeries.map(({ labelValues, points }) => [labelValues[0], points[0]!.value]),
  )
  expect(expected.size).toBe(ROWS)
  expect(totals).toEqual(expected)
})

test('no value is lost if a function of the application throws in an export, and the next export is not delivered', async () => {
  inc(0, 1, 5)
  status = () => 503
  const monotonicMs = clock.monotonicMs.bind(clock)
  const reads = vi.spyOn(clock, 'monotonicMs').mockImplementation(() => {
    if (destination.requests.length > 0) throw new Error('no time')
    return monotonicMs()
  })
  const before = selfValue('tallyscope_exporter_dropped_items_total', 'OtlpMetricExporter', 'encoding')
  await exportOnce()
  expect(selfValue('tallyscope_exporter_dropped_items_total', 'OtlpMetricExporter', 'encoding')).toBe(before + 1)
  reads.mockRestore()
  await exportOnce()
  status = () => 200
  await exportOnce()
  expect(totals).toEqual(new Map([['0', 5]]))
})
