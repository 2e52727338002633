import { fc } from '../fast-check.js'
import fastify from 'fastify'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { connect as connectHttp2, createServer as createHttp2 } from 'node:http2'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { endOfCodePoints } from '../../src/base/strings/intern-string.js'
import type { Exporter } from '../../src/base/exporter.js'
import { MemoryExporter } from '../../src/exporters/memory-exporter.js'
import { formatText } from '../../src/exporters/prometheus/format/text.js'
import { SyncTransport } from '../../src/exporters/transport/sync-transport.js'
import { tallyscopeFastify } from '../../src/integrations/fastify/plugin.js'
import { koaRoute } from '../../src/integrations/http-server/koa.js'
import { setRoute } from '../../src/integrations/http-server/route-names.js'
import { instrumentHttpServer } from '../../src/integrations/http-server/instrument.js'
import { OpenTracingTracer } from '../../src/integrations/opentracing/index.js'
import type { Metric } from '../../src/metrics/data/metric.js'
import type { MetricProducer } from '../../src/metrics/data/producer.js'
import { Tracer } from '../../src/setup/tracer.js'
import { Stats } from '../../src/stats/stats.js'
import { jsonLine } from '../../src/exporters/json-lines.js'
import type { SpanData } from '../../src/trace/data/span-data.js'
import { B3Propagator } from '../../src/trace/propagation/b3.js'
import { TagBaggage } from '../../src/trace/propagation/baggage.js'
import { AlwaysOnSampler } from '../../src/trace/sampling/constant-samplers.js'
import { amount } from './amount.js'
import { RawClient } from './raw-client.js'
import { expectClean, expectRows, hostile } from './hostile-text.js'

const RUNS = amount(40, 2_000)
const express = createRequire(import.meta.url)('express') as () => {
  (request: IncomingMessage, response: ServerResponse): void
  get(path: string, handler: (request: IncomingMessage, response: ServerResponse) => void): void
}

let warnings: string[]
const cleanUp: (() => unknown)[] = []
beforeEach(() => {
  warnings = []
  vi.spyOn(process, 'emitWarning').mockImplementation((message) => void warnings.push(String(message)))
})
afterEach(async () => {
  for (const each of cleanUp.splice(0).toReversed()) await each()
  for (const warning of warnings) expectClean('a warning', warning.replaceAll('\n', '\u0007'))
  vi.restoreAllMocks()
})

/** Stats, and a tracer that keeps every span. */
function watched() {
  const stats = new Stats()
  const exporter = new MemoryExporter<SpanData>()
  const transport = (to: Exporter<SpanData>) => new SyncTransport(to)
  const tracer = new Tracer({ sampler: new AlwaysOnSampler(), exporter, transport, stats, baggage: new TagBaggage({ allow: ['tenant'] }) })
  return { stats, tracer, spans: exporter.items as SpanData[] }
}

/** What was measured is rows, whose labels are cut; what was traced is lines of JSON. */
function expectContained(producers: readonly MetricProducer[], spans: readonly SpanData[]): void {
  const families = producers.flatMap((each) => each.getMetrics() as readonly Metric[])
  expectRows(formatText(families))
  for (const { labelValues } of families.flatMap(({ timeSeries }) => timeSeries)) {
    for (const value of labelValues) expect(endOfCodePoints(value ?? '', 256)).toBe((value ?? '').length)
  }
  for (const span of spans) {
    expect(endOfCodePoints(span.name, 256)).toBe(span.name.length)
    expectClean('a span', jsonLine(span).text!)
  }
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  cleanUp.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** A path as HTTP/1 may have it: everything but blanks and controls, byte by byte. */
const target = (text: string): string => `/${text.slice(0, 4_000)}`.replaceAll(/[^\x21-\x7e\x80-\xff]/g, '~')
/** A value as a header may have it. */
const value = (text: string): string => text.slice(0, 1_500).replaceAll(/[^\x20-\x7e\x80-\xff]/g, '~')

/** Sends one request byte for byte, and waits until it is answered or refused. */
async function send(port: number, path: string, headers: Readonly<Record<string, string>>): Promise<void> {
  const lines = Object.entries(headers).map(([name, text]) => `${name}: ${value(text)}`)
  const client = new RawClient(port, [`GET ${target(path)} HTTP/1.1`, ...lines, 'Connection: close', '', ''].join('\r\n'))
  await client.closed
}

const headersOf = (first: string, second: string, third: string): Record<string, string> => ({
  host: first,
  'user-agent': second,
  referer: third,
  traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  tracestate: second,
  baggage: `tenant=${third}`,
  'x-forwarded-for': first,
})

test('routes of Fastify and Express, and requests for them, make rows with short labels and spans with short names', {
  timeout: 120_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(hostile, hostile, hostile, async (first, second, third) => {
      const { stats, tracer, spans } = watched()
      const app = fastify({ forceCloseConnections: true })
      cleanUp.push(() => app.close())
      await app.register(tallyscopeFastify, { tracer, stats })
      const route = `/${first.replaceAll(/[:*(){}\0]/g, '')}`
      app.get(`${route}/:id`, async (_request, reply) => reply.code(299).send(second))
      app.get('/fails', async () => {
        throw new Error(third)
      })
      await app.listen({ port: 0, host: '127.0.0.1' })
      const ports = [(app.server.address() as AddressInfo).port]

      const instrumentation = instrumentHttpServer({ tracer, stats, views: false })
      cleanUp.push(() => instrumentation.stop())
      const routes = express()
      routes.get('/given', (_request, response) => void response.writeHead(200, value(second).slice(0, 100)).end())
      ports.push(await listening(createServer(routes)))
      try {
        for (const port of ports) {
          for (const path of [`${route}/7`.slice(1), 'given', 'fails', second, `given?${third}`]) {
            await send(port, path, headersOf(first, second, third))
          }
        }
        expect(spans.length).toBeGreaterThan(0)
        expectContained([stats, instrumentation.registry], spans)
      } finally {
        for (const each of cleanUp.splice(0).toReversed()) await each()
      }
    }),
    { numRuns: RUNS },
  )
})

test('routes that an application or the router of Koa sets make rows with short labels and spans with short names', {
  timeout: 120_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(hostile, hostile, async (first, second) => {
      const { stats, tracer, spans } = watched()
      const instrumentation = instrumentHttpServer({ tracer, stats, views: false })
      cleanUp.push(() => instrumentation.stop())
      const pattern = new RegExp(first.replaceAll(/[^\p{L}\p{Cc}\p{Cf}]/gu, '.'), 'u')
      const port = await listening(
        createServer((request, response) => {
          const end = async () => void response.end()
          if (request.url === '/set') setRoute(request, second)
          if (request.url === '/set') return void end()
          void koaRoute({ req: request, _matchedRoute: request.url === '/pattern' ? pattern : first }, end)
        }),
      )
      try {
        for (const path of ['set', 'pattern', 'string']) await send(port, path, {})
        expect(spans).toHaveLength(3)
        expectContained([stats, instrumentation.registry], spans)
      } finally {
        for (const each of cleanUp.splice(0).toReversed()) await each()
      }
    }),
    { numRuns: RUNS },
  )
})

test('pseudo headers of HTTP/2 make rows with short labels and spans with short names', { timeout: 120_000 }, async () => {
  const { stats, tracer, spans } = watched()
  const instrumentation = instrumentHttpServer({ tracer, stats })
  cleanUp.push(() => instrumentation.stop())
  const server = createHttp2((_request, response) => void response.writeHead(200).end()).listen(0, '127.0.0.1')
  cleanUp.push(() => server.close())
  await once(server, 'listening')
  await fc.assert(
    fc.asyncProperty(hostile, hostile, hostile, async (first, second, third) => {
      const client = connectHttp2(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
      client.on('error', () => {})
      const { host: authority = '', ...headers } = headersOf(first, second, third)
      const shown = Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, value(text)]))
      const stream = client.request({
        ...shown,
        ':path': target(third),
        ':authority': value(authority),
        ':method': value(second).slice(0, 20),
      })
      stream.on('error', () => {}).resume()
      await new Promise((resolve) => stream.once('close', resolve))
      client.destroy()
      expectContained([stats, instrumentation.registry], spans.splice(0))
    }),
    { numRuns: RUNS },
  )
})

test('what is passed on to others is valid headers, whatever callers and the application have given', () => {
  const CONTEXT = { traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' }
  fc.assert(
    fc.property(hostile, hostile, hostile, (first, second, third) => {
      const sent: Record<string, string> = {}
      const { tracer } = watched()
      const opentracing = new OpenTracingTracer({ tracer })
      for (const propagator of [undefined, new B3Propagator()]) {
        const passing =
          propagator === undefined ? tracer : new Tracer({ propagator, sampler: new AlwaysOnSampler(), exporter: new MemoryExporter() })
        const parent = passing.extract({ ...CONTEXT, tracestate: first, baggage: `tenant=${second}`, b3: third, 'x-b3-traceid': first })
        passing.span(first, { parent }, () => passing.inject(sent))
      }
      const parent = opentracing.extract('http_headers', {
        ...CONTEXT,
        [`ot-baggage-${first}`]: second,
        'uberctx-x': third,
        baggage: first,
      })
      const span = opentracing.startSpan(second, { tags: { [first]: third, error: second }, ...(parent && { childOf: parent }) })
      span
        .setBaggageItem(first, second)
        .setBaggageItem('plain', third)
        .log({ [second]: first, stack: third })
      for (const format of ['http_headers', 'text_map']) {
        const carrier: Record<string, string> = {}
        opentracing.inject(span, format, carrier)
        if (format === 'http_headers') Object.assign(sent, carrier)
      }
      span.finish()
      const headers = new Headers(sent) // refuses line ends
      for (const [name, text] of headers) {
        expect(`${name}: ${text}`).toMatch(/^[\x20-\x7e]*$/)
        expect(text.length).toBeLessThanOrEqual(8_192)
      }
    }),
    { numRuns: RUNS * 5 },
  )
})
