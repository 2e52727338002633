import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { OtlpMetricExporter } from '../../src/exporters/otlp/otlp-metric-exporter.js'
import { OtlpTraceExporter } from '../../src/exporters/otlp/otlp-trace-exporter.js'
import { RemoteWriteExporter } from '../../src/exporters/prometheus/remote-write/index.js'
import { AsyncTransport } from '../../src/exporters/transport/async-transport.js'
import { exportPeriodically } from '../../src/metrics/collection/export-periodically.js'
import { gatherFamilies } from '../../src/metrics/collection/gather.js'
import type { MetricProducer } from '../../src/metrics/data/producer.js'
import { MetricRegistry } from '../../src/metrics/instruments/metric-registry.js'
import { ManualClock } from '../../src/testing/manual-clock.js'
import { SpanContext } from '../../src/trace/context/span-context.js'
import { SpanData } from '../../src/trace/data/span-data.js'
import { dataOf, decodeBody, metricsOf, type Plain } from '../exporters/otlp/read-otlp.js'
import { metric } from '../exporters/prometheus/format/metric-samples.js'
import { writeReceiver } from '../exporters/prometheus/remote-write/strict-receiver.js'
import { selfValue } from '../exporters/self-value.js'
import { closedUrl, openConnections, receiver } from '../exporters/sending/receiver.js'

let warnings: string[]
beforeEach(() => {
  warnings = []
  vi.spyOn(process, 'emitWarning').mockImplementation((message) => void warnings.push(String(message)))
})
afterEach(() => void vi.restoreAllMocks())

const dropped = (name: string, reason: string): number => selfValue('tallyscope_exporter_dropped_items_total', name, reason)
const gauge = (name: string, value: number, label = ''): ReturnType<typeof metric> =>
  metric({ name, type: 'GAUGE_DOUBLE', labelKeys: ['k'] }, [[label], value])
const readMetrics = (bodies: readonly { body: Buffer }[]): Plain[] =>
  metricsOf(bodies.map(({ body }) => decodeBody(body, 'ExportMetricsServiceRequest')))

test('a label of a megabyte is sent, in a request that exceeds the usual size', async () => {
  const { url, requests } = await receiver()
  const exporter = new OtlpMetricExporter({ endpoint: url, maxRequestBytes: 65_536 })
  await exporter.export([gauge('a', 1, 'x'.repeat(1 << 20)), gauge('b', 2)])
  expect(
    readMetrics(requests)
      .map(({ name }) => name)
      .sort(),
  ).toEqual(['a', 'b'])
  expect(requests).toHaveLength(2)
  await exporter.shutdown()
})

test('a point that exceeds the limit of a request is left out and counted, and its neighbours are sent', async () => {
  const { url, requests } = await receiver()
  const exporter = new OtlpMetricExporter({ endpoint: url, compression: 'none', maxRequestBytes: 64 << 20 })
  const before = dropped('OtlpMetricExporter', 'oversized')
  await exporter.export([gauge('before', 1), gauge('huge', 2, 'x'.repeat(65 << 20)), gauge('after', 3)])
  expect(readMetrics(requests).map(({ name }) => name)).toEqual(['before', 'after'])
  expect(dropped('OtlpMetricExporter', 'oversized')).toBe(before + 1)
  expect(warnings).toEqual([expect.stringContaining('dropped a point that is larger than the maximum size of a request')])
  await exporter.shutdown()
}, 60_000)

test('if compressing fails, the samples are counted as lost, and the next export is complete', async () => {
  const destination = await writeReceiver([1])
  let isBroken = true
  const { literalBlock } = await import('../../src/exporters/prometheus/remote-write/snappy-block.js')
  const compress = (bytes: Uint8Array): Uint8Array => {
    if (isBroken) throw new Error('no compressor')
    return literalBlock(bytes)
  }
  const exporter = new RemoteWriteExporter({ url: destination.url, compress, metadata: false, staleOnShutdown: false })
  const before = dropped('RemoteWriteExporter', 'encoding')
  await expect(exporter.export([gauge('a', 1), gauge('b', 2)])).rejects.toMatchObject({ code: 'ERR_REMOTE_WRITE_FAILED', retryable: false })
  expect(dropped('RemoteWriteExporter', 'encoding')).toBe(before + 2)
  isBroken = false
  await exporter.export([gauge('a', 1), gauge('b', 2)])
  expect(destination.written.flatMap(({ series }) => series)).toHaveLength(2)
  await exporter.shutdown()
})

test('if compressing fails at shutdown, the stale markers are counted as lost, and the connections are closed', async () => {
  const destination = await writeReceiver([1])
  let isBroken = false
  const { literalBlock } = await import('../../src/exporters/prometheus/remote-write/snappy-block.js')
  const compress = (bytes: Uint8Array): Uint8Array => {
    if (isBroken) throw new Error('no compressor')
    return literalBlock(bytes)
  }
  const exporter = new RemoteWriteExporter({ url: destination.url, compress, metadata: false })
  await exporter.export([gauge('a', 1), gauge('b', 2)])
  expect(openConnections()).toBe(1)
  isBroken = true
  const before = dropped('RemoteWriteExporter', 'encoding')
  await exporter.shutdown()
  expect(dropped('RemoteWriteExporter', 'encoding')).toBe(before + 2)
  await vi.waitFor(() => expect(openConnections()).toBe(0))
})

test('if compressing never ends, the export times out, its samples are counted as lost, and closing does not wait', async () => {
  const destination = await writeReceiver([1])
  const compress = (): Promise<Uint8Array> => new Promise(() => {})
  const exporter = new RemoteWriteExporter({ url: destination.url, compress, metadata: false })
  const before = dropped('RemoteWriteExporter', 'deadline')
  const context = { timeUnixMs: Date.now(), timeoutMs: 50, signal: new AbortController().signal, isLast: false }
  const exporting = exporter.exportFamilies([gauge('a', 1), gauge('b', 2)], context)
  await expect(exporting).rejects.toMatchObject({ code: 'ERR_REMOTE_WRITE_FAILED', retryable: true, message: /compressing/ })
  expect(dropped('RemoteWriteExporter', 'deadline')).toBe(before + 2)
  await exporter.shutdown()
  expect(destination.requests).toEqual([])
})

test('if the clock is set back or forward, the times of exports increase, and receivers accept them in order', async () => {
  const otlp = await receiver()
  const write = await writeReceiver([1])
  const registry = new MetricRegistry()
  registry.counter('jobs').inc()
  const exporters = [
    new OtlpMetricExporter({ endpoint: otlp.url, compression: 'none' }),
    new RemoteWriteExporter({ url: write.url, metadata: false, staleOnShutdown: false }),
  ]
  const start = Date.now() + 10_000
  const hour = 3_600_000
  // Twice in one millisecond, forward, back, on.
  for (const timeUnixMs of [start, start, start + hour, start, start + 1, start + hour + 10]) {
    const context = { timeUnixMs, timeoutMs: 5_000, signal: new AbortController().signal, isLast: false }
    for (const exporter of exporters) await exporter.exportFamilies(await gatherFamilies([registry]), context)
  }
  const expected = [0, 1, hour, hour + 1, hour + 2, hour + 10]
  const times = readTimes(otlp.requests)
  expect(times.map((ms) => ms - start)).toEqual(expected)
  expect(write.faults).toEqual([])
  const written = write.written.flatMap(({ series }) => series.flatMap(({ samples }) => samples.map(({ timestamp }) => timestamp - start)))
  expect(written).toEqual(expected)
  for (const exporter of exporters) await exporter.shutdown()
})

function readTimes(requests: readonly { body: Buffer }[]): number[] {
  return requests.flatMap(({ body }) => {
    const [one] = metricsOf([decodeBody(body, 'ExportMetricsServiceRequest')])
    return (one![dataOf(one!)].dataPoints as Plain[]).map((point) => Number(BigInt(point['timeUnixNano']) / 1_000_000n))
  })
}

test('closing with an unreachable receiver takes at most the time-out of an export, and nothing is sent afterwards', async () => {
  for (const make of [(url: string) => new OtlpMetricExporter({ endpoint: url }), (url: string) => new RemoteWriteExporter({ url })]) {
    const registry = new MetricRegistry()
    registry.gauge('depth').set(1)
    const exporter = make(await closedUrl())
    const task = exportPeriodically({ producers: [registry], exporter, exportTimeoutMs: 1_500, name: 'away' })
    const beganMs = performance.now()
    await task.close().catch(() => {})
    expect(performance.now() - beganMs).toBeLessThan(10_000) // without its own limit an export may take half a minute
    await expect(Promise.resolve(exporter.export([gauge('a', 1)]))).rejects.toMatchObject({ code: 'ERR_EXPORTER_CLOSED' })
  }
  await expect.poll(openConnections).toBe(0)
})

const spans = Array.from({ length: 5 }, (_, i) =>
  SpanData.from({
    name: `s${i}`,
    context: new SpanContext({ spanId: `b7ad6b716920333${i}` }),
    startTimeUnixMs: 1e12,
    endTimeUnixMs: 1e12 + 1,
  }),
)

const AWAY: readonly [string, number[], number, number, number][] = [
  ['answers 503 twice', [503, 503, 200], 3, 5, 0],
  ['answers 429 once', [429, 200], 2, 5, 0],
  ['answers 500, which is final', [500, 200], 1, 0, 5],
  ['answers 400', [400, 200], 1, 0, 5],
  ['answers 503 for ever', [503], 6, 0, 5],
]
test.each(AWAY)('spans to a receiver that %s are retried as documented, and counted', async (_, statuses, tries, arrived, lost) => {
  const clock = new ManualClock()
  const taken: string[] = []
  const { url, requests } = await receiver((response, n, { body }) => {
    const status = statuses[Math.min(n, statuses.length - 1)]!
    if (status === 200) taken.push(...namesIn(body))
    response.writeHead(status).end()
  })
  const exporter = new OtlpTraceExporter({ endpoint: url, timeoutMs: 10_000 })
  const transport = new AsyncTransport(exporter, { clock, exportTimeoutMs: 11_000, gracePeriodMs: 120_000 })
  const counts = (): number[] => [
    selfValue('tallyscope_exporter_items_total', 'OtlpTraceExporter'),
    ...['refused', 'retries', 'deadline'].map((reason) => dropped('OtlpTraceExporter', reason)),
  ]
  const before = counts()
  const gaveUp = selfValue('tallyscope_transport_rejected_items_total', 'OtlpTraceExporter', 'retries')
  for (const span of spans) transport.send(span)
  await advancing(transport.flush(), clock, () => requests.length)
  await advancing(transport.shutdown(), clock, () => requests.length)
  expect([requests.length, taken.length]).toEqual([tries, arrived])
  // What the transport tries again is no loss of the exporter; what it gives up is one of the transport.
  expect(counts().map((count, at) => count - before[at]!)).toEqual([arrived, statuses[0] === 503 ? 0 : lost, 0, 0])
  expect(selfValue('tallyscope_transport_rejected_items_total', 'OtlpTraceExporter', 'retries') - gaveUp).toBe(
    statuses.length === 1 ? lost : 0,
  )
})

/** Waits for it on a clock that moves in pauses only: the network is real. */
async function advancing(promise: Promise<unknown>, clock: ManualClock, requests: () => number): Promise<void> {
  let isDone = false
  const settled = promise
    .catch(() => {})
    .finally(() => {
      isDone = true
    })
  for (let seen = -1; !isDone; ) {
    await new Promise((resolve) => setTimeout(resolve, 10))
    if (requests() !== seen) seen = requests()
    else await clock.advanceAsync(500)
  }
  await settled
}

function namesIn(body: Buffer): string[] {
  return (decodeBody(body, 'ExportTraceServiceRequest')['resourceSpans'][0].scopeSpans[0].spans as Plain[]).map(({ name }) => name)
}

test('idle connections do not keep the process alive', async () => {
  const { url, requests } = await receiver()
  const program = fileURLToPath(new URL('./programs/push-and-end.js', import.meta.url))
  const beganMs = performance.now()
  const child = spawn(process.execPath, [program, url], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [code] = await once(child, 'exit')
  expect([code, requests.length]).toEqual([0, 2])
  expect(performance.now() - beganMs).toBeLessThan(10_000)
}, 20_000)

const PRODUCERS: readonly [string, string, MetricProducer['getMetrics']][] = [
  [
    'throws',
    'throw',
    () => {
      throw new Error('no')
    },
  ],
  ['rejects', 'reject', () => Promise.reject(new Error('no'))],
  ['never answers', 'timeout', () => new Promise(() => {})],
]
test.each(PRODUCERS)('if a producer %s, the metrics of the others are sent by OTLP, and it is counted', async (how, reason, getMetrics) => {
  const { url, requests } = await receiver()
  const producer = { name: `of an exporter that ${how}`, getMetrics }
  const others = ['before', 'after'].map((name) => {
    const registry = new MetricRegistry()
    registry.counter(name).inc()
    return registry
  })
  const failures = (): number => selfValue('tallyscope_producer_failures_total', producer.name, reason)
  const exporter = new OtlpMetricExporter({ endpoint: url })
  const before = failures()
  const task = exportPeriodically({
    producers: [others[0]!, producer, others[1]!],
    exporter,
    intervalMs: 3_600_000,
    exportTimeoutMs: 1_000,
  })
  await task.flush()
  expect(readMetrics(requests).map(({ name }) => name)).toEqual(['before', 'after'])
  expect(failures()).toBe(before + 1)
  await task.close()
})
