import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { OtlpMetricExporter } from '../../../src/exporters/otlp/otlp-metric-exporter.js'
import { gatherFamilies } from '../../../src/metrics/collection/gather.js'
import type { Family } from '../../../src/metrics/data/row-source.js'
import type { MetricProducer } from '../../../src/metrics/data/producer.js'
import { MetricRegistry } from '../../../src/metrics/instruments/metric-registry.js'
import { ManualClock } from '../../../src/testing/manual-clock.js'
import { metric } from '../prometheus/format/metric-samples.js'
import { growingGroup } from '../growing-group.js'
import { selfValue } from '../self-value.js'
import { receiver, type Receiver } from '../sending/receiver.js'
import { dataOf, decodeBody, metricsOf, type Plain } from './read-otlp.js'

/** `AGGREGATION_TEMPORALITY_CUMULATIVE` */
const CUMULATIVE = 2

let clock: ManualClock
let registry: MetricRegistry
let destination: Receiver
/** What the receiver answers from now on. */
let status: (n: number, points: number) => number
beforeEach(async () => {
  vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  clock = new ManualClock({ unixMs: 1_000_000 })
  registry = new MetricRegistry({ clock })
  status = () => 200
  destination = await receiver((response, n, { body }) => void response.writeHead(status(n, pointsOf([body]).length)).end())
})
afterEach(() => void vi.restoreAllMocks())

const make = (options = {}): OtlpMetricExporter =>
  new OtlpMetricExporter({ endpoint: destination.url, temporality: 'delta', clock, ...options })

/** Exports rows once, a second after the time before; returns the points that were sent. */
async function exportOnce(exporter: OtlpMetricExporter, producer: MetricProducer = registry): Promise<Plain[]> {
  await clock.advanceAsync(1_000)
  const before = destination.requests.length
  const context = { timeUnixMs: clock.unixMs(), timeoutMs: 100, signal: new AbortController().signal, isLast: false }
  await exporter.exportFamilies(await gatherFamilies([producer]), context).catch(() => {})
  return pointsOf(destination.requests.slice(before).map(({ body }) => body))
}

function pointsOf(bodies: readonly Buffer[]): Plain[] {
  return metricsOf(bodies.map((body) => decodeBody(body, 'ExportMetricsServiceRequest'))).flatMap(
    (metric) => metric[dataOf(metric)].dataPoints,
  )
}

const shown = (points: readonly Plain[]): unknown[] =>
  points.map(({ asInt, asDouble, count, startTimeUnixNano, timeUnixNano }) => [
    Number(asInt ?? asDouble ?? count),
    Number(BigInt(startTimeUnixNano) / 1_000_000n) - 1_000_000,
    Number(BigInt(timeUnixNano) / 1_000_000n) - 1_000_000,
  ])

test('a counter is sent as the difference since the last export, and not at all if it is unchanged', async () => {
  const jobs = registry.counter('jobs')
  const exporter = make()
  jobs.inc(5)
  expect(shown(await exportOnce(exporter))).toEqual([[5, 0, 1_000]])
  jobs.inc(2)
  expect(shown(await exportOnce(exporter))).toEqual([[2, 1_000, 2_000]])
  expect(await exportOnce(exporter)).toEqual([])
  jobs.inc(1)
  expect(shown(await exportOnce(exporter))).toEqual([[1, 2_000, 4_000]])
  await exporter.shutdown()
})

test('values of an export that ends by an error are part of the next one', async () => {
  const exporter = make()
  registry.counter('jobs').inc(5)
  const families = await gatherFamilies([registry])
  const descriptor = { ...families[0]!.descriptor, name: 'broken' }
  const chunks = { get: () => expect.fail('broken') }
  const broken = Object.defineProperty({ descriptor, kind: 'scalar' }, 'chunks', chunks) as unknown as Family
  const context = { timeUnixMs: clock.unixMs(), timeoutMs: 100, signal: new AbortController().signal, isLast: false }
  await expect(exporter.exportFamilies([...families, broken], context)).rejects.toThrow('broken')
  expect(shown(await exportOnce(exporter))).toEqual([[5, 0, 1_000]])
  await exporter.shutdown()
})

test('the delta after the first one of a row that is younger than its export begins at the row', async () => {
  const exporter = make()
  const jobs = registry.counter('jobs')
  jobs.inc(5)
  const context = { timeUnixMs: clock.unixMs() - 500, timeoutMs: 100, signal: new AbortController().signal, isLast: false }
  await exporter.exportFamilies(await gatherFamilies([registry]), context)
  jobs.inc(1)
  expect(shown(await exportOnce(exporter))).toEqual([[1, 0, 1_000]])
  await exporter.shutdown()
})

test('a process that joins a group with rows that began earlier adds only its own values', async () => {
  const { group, join } = growingGroup()
  const exporter = make()
  join(5, 1_002_000)
  await clock.advanceAsync(4_000)
  expect(shown(await exportOnce(exporter, group))).toEqual([
    [5, 2_000, 5_000],
    [1, 2_000, 5_000],
  ])
  join(3, 1_001_000)
  expect(shown(await exportOnce(exporter, group))).toEqual([
    [3, 5_000, 6_000],
    [1, 5_000, 6_000],
  ])
  await exporter.shutdown()
})

test('values that were not delivered are part of the next export, refused ones are lost and counted', async () => {
  const jobs = registry.counter('jobs')
  const exporter = make()
  jobs.inc(5)
  status = () => 503
  await exportOnce(exporter)
  jobs.inc(2)
  status = () => 200
  expect(shown(await exportOnce(exporter))).toEqual([[7, 0, 2_000]])
  jobs.inc(10)
  status = () => 400
  const before = selfValue('tallyscope_exporter_dropped_items_total', 'OtlpMetricExporter', 'refused') ?? 0
  await exportOnce(exporter)
  expect(selfValue('tallyscope_exporter_dropped_items_total', 'OtlpMetricExporter', 'refused')).toBe(before + 1)
  jobs.inc(1)
  status = () => 200
  expect(shown(await exportOnce(exporter))).toEqual([[1, 3_000, 4_000]])
  await exporter.shutdown()
})

test('after a partly delivered export only the missing points are sent again', async () => {
  const jobs = registry.counter('jobs', { labelKeys: ['n'] })
  for (let n = 0; n < 100; n++) jobs.inc(1, { n: String(n) })
  const exporter = make({ maxPointsPerRequest: 30, concurrency: 1 })
  status = (n) => (n < 2 ? 200 : 503)
  await exportOnce(exporter)
  status = () => 200
  const sent = await exportOnce(exporter)
  expect(sent).toHaveLength(40)
  expect(await exportOnce(exporter)).toEqual([])
  await exporter.shutdown()
})

test('a part that is too large is halved, and each half that is delivered is remembered', async () => {
  const jobs = registry.counter('jobs', { labelKeys: ['n'] })
  for (let n = 0; n < 64; n++) jobs.inc(n + 1, { n: String(n) })
  const exporter = make()
  status = (_, points) => (points > 20 ? 413 : 200)
  const points = await exportOnce(exporter)
  expect(points.length).toBeGreaterThan(64)
  status = () => 200
  expect(await exportOnce(exporter)).toEqual([])
  await exporter.shutdown()
})

test('a row that is removed and created again starts from zero', async () => {
  const jobs = registry.counter('jobs', { labelKeys: ['n'] })
  jobs.inc(5, { n: 'a' })
  const exporter = make()
  await exportOnce(exporter)
  jobs.remove({ n: 'a' })
  await clock.advanceAsync(500)
  jobs.inc(7, { n: 'b' })
  expect(shown(await exportOnce(exporter))).toEqual([[7, 1_500, 2_500]])
  await exporter.shutdown()
})

test('metrics of a foreign producer stay cumulative, also if their values are reset', async () => {
  const exporter = make()
  let value = 0
  const foreign = { getMetrics: () => [metric({ name: 'jobs', type: 'CUMULATIVE_INT64' }, [[], value])] }
  for (value of [10, 3, 8]) {
    const [point] = await exportOnce(exporter, foreign)
    expect(Number(point!['asInt'])).toBe(value)
    const [sent] = metricsOf([decodeBody(destination.requests.at(-1)!.body, 'ExportMetricsServiceRequest')])
    expect(sent!['sum'].aggregationTemporality).toBe(CUMULATIVE)
  }
  await exporter.shutdown()
})

test('two exporters of one registry both get all deltas', async () => {
  const jobs = registry.counter('jobs')
  const [delta, other, cumulative] = [make(), make(), make({ temporality: 'cumulative' })]
  jobs.inc(5)
  await exportOnce(delta)
  jobs.inc(2)
  expect(shown(await exportOnce(delta))[0]).toEqual([2, 1_000, 2_000])
  expect(shown(await exportOnce(other))[0]).toEqual([7, 0, 3_000])
  expect(shown(await exportOnce(cumulative))[0]).toEqual([7, 0, 4_000])
  await Promise.all([delta.shutdown(), other.shutdown(), cumulative.shutdown()])
})

test('a histogram is sent as the difference of count, sum and buckets', async () => {
  const latency = registry.histogram('latency', { bounds: [1, 10] })
  const exporter = make()
  for (const value of [0.5, 5, 50]) latency.observe(value)
  await exportOnce(exporter)
  for (const value of [5, 6]) latency.observe(value)
  const [point] = await exportOnce(exporter)
  expect(point).toMatchObject({ count: '2', sum: 11, bucketCounts: ['0', '2', '0'] })
  await exporter.shutdown()
})

test('gauges are sent in each export', async () => {
  registry.gauge('depth').set(3)
  const exporter = make()
  expect(await exportOnce(exporter)).toHaveLength(1)
  expect(await exportOnce(exporter)).toHaveLength(1)
  await exporter.shutdown()
})
