import { fc } from '../fast-check.js'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ChangedRows } from '../../src/cluster/data/changed-rows.js'
import { DEFAULT_DATA_LIMITS } from '../../src/cluster/frames/contributor.js'
import { MergedFamilies } from '../../src/cluster/data/merged-families.js'
import { OtlpMetricExporter } from '../../src/exporters/otlp/otlp-metric-exporter.js'
import { OtlpTraceExporter } from '../../src/exporters/otlp/otlp-trace-exporter.js'
import { formatText } from '../../src/exporters/prometheus/format/text.js'
import { PrometheusTextPushExporter } from '../../src/exporters/prometheus/push/text-push-exporter.js'
import { RemoteWriteExporter } from '../../src/exporters/prometheus/remote-write/remote-write-exporter.js'
import { StatsdExporter } from '../../src/exporters/statsd/statsd-exporter.js'
import type { Metric } from '../../src/metrics/data/metric.js'
import { count } from '../../src/stats/views/aggregation.js'
import { Stats } from '../../src/stats/stats.js'
import { ManualClock } from '../../src/testing/manual-clock.js'
import { SpanContext } from '../../src/trace/context/span-context.js'
import { SpanData } from '../../src/trace/data/span-data.js'
import { receiver } from '../exporters/sending/receiver.js'
import { parseLine } from '../exporters/statsd/statsd-grammar.js'
import { amount } from './amount.js'
import { expectClean, expectRows, hostile, SECRET } from './hostile-text.js'

let warnings: string[]
beforeEach(() => {
  warnings = []
  vi.spyOn(process, 'emitWarning').mockImplementation((message) => void warnings.push(String(message)))
})
afterEach(() => void vi.restoreAllMocks())

/** An engine with rows of these routes. */
function engine(...routes: string[]): Stats {
  const stats = new Stats({ clock: new ManualClock() })
  const measure = stats.measure('requests', { tagKeys: ['route'], view: count() })
  for (const route of routes) stats.record(measure, 1, { route })
  return stats
}

test('errors, warnings and bodies for hostile destinations contain no control characters, long strings or secrets', {
  timeout: 300_000,
}, async () => {
  let reply = ''
  let type = 'text/plain'
  const { url, requests } = await receiver((response, _n, { headers }) => {
    response
      .writeHead(400, { 'content-type': type })
      .end(type.includes('json') ? JSON.stringify({ message: reply }) : reply + JSON.stringify(headers))
  })
  const options = { url: `${url.replace('//', `//user:${SECRET}@`)}/?key=${SECRET}`, headers: { 'x-key': SECRET }, timeoutMs: 5_000 }
  const make = [
    () => new OtlpMetricExporter(options),
    () => new OtlpMetricExporter({ ...options, protocol: 'http/json', compression: 'none' }),
    () => new RemoteWriteExporter(options),
    () => new PrometheusTextPushExporter({ ...options, gzip: false, extraLabels: { job: reply } }),
  ]
  await fc.assert(
    fc.asyncProperty(
      hostile,
      hostile,
      hostile,
      fc.constantFrom('text/plain', 'application/json', 'application/x-protobuf'),
      async (...given) => {
        const [first, second, third] = given
        ;[, , reply, type] = given
        const failures: string[] = []
        const note = (error: Error): void => void failures.push(error.message)
        const families = engine(first, second).getFamilies()
        for (const exporter of make.map((one) => one())) {
          await exporter.exportFamilies(families, { timeoutMs: 5_000, timeUnixMs: 1e12 } as never).catch(note)
          await exporter.shutdown()
        }
        const traces = new OtlpTraceExporter(options)
        const span = SpanData.from({
          name: first,
          context: new SpanContext({ spanId: 'b7ad6b7169203331' }),
          attributes: { [second]: third },
          startTimeUnixMs: 1e12,
          endTimeUnixMs: 1e12 + 1,
        })
        await traces.export([span]).catch(note)
        await traces.shutdown()
        expect(failures).toHaveLength(5)
        for (const failure of failures) expectClean('an error', failure.replaceAll('\n', '\u0007'))
        for (const { body, headers } of requests.splice(0)) {
          expect(body.includes(SECRET)).toBe(false)
          if (headers['content-type']?.startsWith('text/plain') === true) expectRows(String(body))
        }
      },
    ),
    { numRuns: amount(30, 1_000) },
  )
  for (const warning of warnings) expectClean('a warning', warning.replaceAll('\n', '\u0007'))
})

test('a StatsD server gets only the lines that were written', { timeout: 300_000 }, async () => {
  const server = createSocket('udp4').bind(0, '127.0.0.1')
  await once(server, 'listening')
  const lines: string[] = []
  let received = 0
  server.on('message', (packet) => void lines.push(...String(packet).split('\n')))
  const { port } = server.address() as AddressInfo
  try {
    await fc.assert(
      fc.asyncProperty(
        hostile,
        hostile,
        hostile,
        fc.constantFrom('dogstatsd', 'graphite', 'influx', 'none'),
        async (first, second, third, tagStyle) => {
          const exporter = new StatsdExporter({ port, tagStyle, tags: { third }, maxPacketBytes: 8_192 })
          await exporter.exportFamilies(engine(first, second).getFamilies())
          await exporter.shutdown()
          await delay(2)
          for (const line of lines.splice(0)) {
            received++
            received++
            expect(parseLine(line, tagStyle).type).toBe('c')
            expect(line).not.toMatch(/\p{Cc}/u)
          }
        },
      ),
      { numRuns: amount(60, 2_000) },
    )
    expect(received).toBeGreaterThan(amount(60, 2_000))
  } finally {
    server.close()
  }
})

test('rows for each member have its number, whatever its name, its labels and the patterns of families', () => {
  fc.assert(
    fc.property(hostile, hostile, hostile, (id, first, pattern) => {
      const perMember = [pattern, 'req*', `*${pattern}*`]
      const merged = new MergedFamilies({ clock: new ManualClock(), limits: DEFAULT_DATA_LIMITS, perMember })
      const member = merged.contributor(id, 7)
      for (const frame of new ChangedRows([engine(first)]).framesNow()) member.apply(frame)
      const page = formatText(merged.getMetrics() as readonly Metric[])
      expectRows(page)
      expect(page).toMatch(/^requests_total\{(?:route="[^\n]*",)?member="7"\} 1$/m)
    }),
    { numRuns: amount(100, 5_000) },
  )
})

test('hostile strings of a member are rows of the page, and are cut like those of this process', () => {
  fc.assert(
    fc.property(hostile, hostile, (first, second) => {
      const merged = new MergedFamilies({ clock: new ManualClock(), limits: DEFAULT_DATA_LIMITS })
      const member = merged.contributor('member', 0)
      for (const frame of new ChangedRows([engine(first, second)]).framesNow()) member.apply(frame)
      const page = formatText(merged.getMetrics() as readonly Metric[])
      expectRows(page)
      expect(page).toBe(formatText(engine(first, second).getMetrics() as readonly Metric[]))
    }),
    { numRuns: amount(100, 5_000) },
  )
})
