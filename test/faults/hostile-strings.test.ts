import { fc } from '../fast-check.js'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { endOfCodePoints } from '../../src/base/strings/intern-string.js'
import { ConsoleExporter } from '../../src/exporters/console/console-exporter.js'
import { LoggingExporter } from '../../src/exporters/console/logging-exporter.js'
import { FileExporter } from '../../src/exporters/file/file-exporter.js'
import { type MetricsResponse, metricsHandler } from '../../src/exporters/prometheus/http/handler.js'
import { PushGatewayExporter } from '../../src/exporters/prometheus/push/push-gateway-exporter.js'
import { SyncTransport } from '../../src/exporters/transport/sync-transport.js'
import { instrumentHttpClient } from '../../src/integrations/http-client/instrument.js'
import { instrumentHttpServer } from '../../src/integrations/http-server/instrument.js'
import { exportPeriodically } from '../../src/metrics/collection/export-periodically.js'
import { selfMetrics } from '../../src/metrics/collection/internal-metrics-producer.js'
import { MetricRegistry } from '../../src/metrics/instruments/metric-registry.js'
import { createTallyscope } from '../../src/setup/tallyscope.js'
import { Tracer } from '../../src/setup/tracer.js'
import { AlwaysOnSampler } from '../../src/trace/sampling/constant-samplers.js'
import { count } from '../../src/stats/views/aggregation.js'
import { Stats } from '../../src/stats/stats.js'
import { producer } from '../exporters/prometheus/format/metric-samples.js'
import { amount } from './amount.js'
import { expectClean, expectRows, hostile, SECRET } from './hostile-text.js'

let warnings: string[]
let folder: string
let server: Server
let reply = ''
let url: string
beforeEach(async () => {
  warnings = []
  folder = mkdtempSync(join(tmpdir(), 'hostile-'))
  vi.spyOn(process, 'emitWarning').mockImplementation((message) => void warnings.push(String(message)))
  server = createServer((request, response) => {
    request.resume()
    request.on('end', () => response.writeHead(400, { 'content-type': 'text/plain' }).end(reply + JSON.stringify(request.headers)))
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  url = `http://user:${SECRET}@127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(() => {
  server.closeAllConnections()
  server.close()
  rmSync(folder, { recursive: true })
  vi.restoreAllMocks()
})

test('hostile strings reach no terminal, log, file or label without escaping or beyond their limits', {
  timeout: 300_000,
}, async () => {
  let run = 0
  await fc.assert(
    fc.asyncProperty(hostile, hostile, hostile, async (first, second, third) => {
      warnings.length = 0
      let printed = ''
      const stream = { write: (text: string) => ((printed += text), true), on() {}, once() {}, off() {} }
      const logged: string[] = []
      const log = (_fields: object, message: string): void => void logged.push(message)
      const logger = { debug: log, info: log, warn: log, error: log }
      const path = join(folder, `spans-${run++}.jsonl`)
      const file = new FileExporter({ path })
      const stats = new Stats()
      const registry = new MetricRegistry()

      // tags, labels, attachments
      const measure = stats.measure('requests', { tagKeys: ['route'], view: count() })
      stats.record(measure, 1, { route: first })
      stats.record(measure, 1, { route: second, [third]: 'unknown key' } as never)
      registry.gauge('depth', { labelKeys: ['queue'] }).set(1, { queue: third })
      // definitions
      const refused: string[] = []
      const attempt = (act: () => unknown): void => {
        try {
          act()
        } catch (error) {
          refused.push(String((error as Error).message))
        }
      }
      attempt(() => stats.measure(`${first}\n`, { unit: second }))
      attempt(() => stats.measure('other', { tagKeys: [`${third}\n`] as never }))
      attempt(() => registry.gauge('other', { [first]: second } as never))
      attempt(() =>
        createTallyscope({ env: { [`TALLYSCOPE_${first}`]: second, TALLYSCOPE_PROMETHEUS: third, TALLYSCOPE_TRACES_SAMPLER: second } }),
      )
      attempt(() => createTallyscope({ env: {}, [first]: second } as never))
      attempt(() => createTallyscope({ env: {}, traces: { exporters: [third] } } as never))
      // spans
      for (const exporter of [file, new ConsoleExporter({ stream } as never), new LoggingExporter({ logger })]) {
        const tracer = new Tracer({ stats, exporter, transport: (to) => new SyncTransport(to), sampler: new AlwaysOnSampler() })
        const headers: Record<string, string> = { traceparent: first, tracestate: second, baggage: third, b3: first }
        const remote = tracer.extract(headers)
        tracer.span(first, { parent: remote }, (span) => {
          span.addAttribute(second, third)
          span.addAnnotation(third, { [first]: second })
          span.setStatus(2, second)
        })
        attempt(() =>
          tracer.span(second, () => {
            throw new Error(first)
          }),
        )
        if (exporter !== file) continue
        // URLs of requests that come in and that go out
        const instrumentations = [instrumentHttpServer({ tracer, stats }), instrumentHttpClient({ tracer, stats })]
        try {
          const path = encodeURI(`/${first}${second}`.slice(0, 6_000).toWellFormed()).replaceAll('#', '')
          await fetch(`${url.replace(`user:${SECRET}@`, '')}${path}?token=${SECRET}`, {
            headers: { authorization: `Bearer ${SECRET}` },
          }).then((response) => response.text())
        } finally {
          for (const each of instrumentations) each.stop()
        }
        await tracer.shutdown()
      }
      // producers and destinations
      const bad = producer(() => {
        throw new Error(first)
      }, second)
      reply = third
      const pushed = new PushGatewayExporter({ url, job: 'job', headers: { 'x-key': SECRET } })
      const failure = await pushed.export(await stats.getMetrics()).then(
        () => '',
        (error: Error) => error.message,
      )
      const failing = { name: second, export: () => Promise.reject(new Error(third)), shutdown: async () => {} }
      const task = exportPeriodically({ producers: [stats, bad], exporter: failing, intervalMs: 1_000_000, logger } as never)
      await task.flush().catch(() => {})
      await task.close().catch(() => {})

      const handle = metricsHandler({ producers: [stats, registry, bad] })
      for (const accept of ['text/plain', 'application/openmetrics-text;version=1.0.0']) {
        const { body } = await handle(
          { accept, 'user-agent': first, host: second },
          `name[]=${encodeURIComponent(third.slice(0, 100).toWellFormed())}&x`,
        )
        expectRows(await pageText(body))
      }
      const { body } = await handle({ accept: 'text/plain' })
      expectRows(await pageText(body))
      for (const { timeSeries } of [
        ...(await stats.getMetrics()),
        ...(await registry.getMetrics()),
        ...(await selfMetrics().getMetrics()),
      ]) {
        for (const { labelValues } of timeSeries) {
          for (const value of labelValues) expect(endOfCodePoints(value ?? '', 256)).toBe((value ?? '').length)
        }
      }
      expectClean('the terminal', printed)
      for (const message of logged) expectClean('the log', message.replaceAll('\n', '\u0007'))
      expectClean('the file', readFileSync(path, 'utf8'))
      for (const warning of warnings) expectClean('a warning', warning.replaceAll('\n', '\u0007'))
      expectClean('an error of a destination', failure.replaceAll('\n', '\u0007'))
      for (const message of refused) if (message !== first) expectClean('an error of a definition', message)
    }),
    { numRuns: amount(40, 2_000), endOnFailure: true }, // each run sends requests: shrinking would take longer than the test may
  )
})

/** The page, which comes in parts if the self-metrics of many runs are in it. */
const pageText = (body: MetricsResponse['body']): Promise<string> => new Response(body as ConstructorParameters<typeof Response>[0]).text()
