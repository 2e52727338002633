import { spawnSync } from 'node:child_process'
import { expect, test, vi } from 'vitest'
import { OtlpTraceExporter, type OtlpTraceExporterOptions } from '../../../src/exporters/otlp/otlp-trace-exporter.js'
import { AsyncTransport } from '../../../src/exporters/transport/async-transport.js'
import { SpanContext } from '../../../src/trace/context/span-context.js'
import { LinkType } from '../../../src/trace/data/link.js'
import { MessageEventType } from '../../../src/trace/data/message-event.js'
import { SpanData, type SpanDataInit } from '../../../src/trace/data/span-data.js'
import { SpanKind } from '../../../src/trace/data/span-kind.js'
import { StackTrace } from '../../../src/trace/data/stack-trace.js'
import { Status } from '../../../src/trace/data/status.js'
import { amount } from '../../faults/amount.js'
import { randomFrom } from '../prometheus/format/random-registry.js'
import { selfValue } from '../self-value.js'
import { receiver, type Receiver } from '../sending/receiver.js'
import { randomSpans } from './random-spans.js'
import { decodeBody, decodeByProtoc, type Plain } from './read-otlp.js'

const canUseProtoc = spawnSync('protoc', ['--version']).status === 0 || process.env['CI'] !== undefined
const TRACE = '0af7651916cd43dd8448eb211c80319c'
const SPAN = 'b7ad6b7169203331'
const START = Date.UTC(2026, 0, 2)

/** What the receiver gets of these spans. */
async function sentTo(
  { url, requests }: Receiver,
  spans: readonly SpanData[],
  options: OtlpTraceExporterOptions = {},
): Promise<{ spans: Plain[]; bodies: Buffer[] }> {
  const exporter = new OtlpTraceExporter({ endpoint: url, ...options })
  const before = requests.length
  await exporter.export(spans)
  await exporter.shutdown()
  const bodies = requests.splice(before).map(({ body }) => body)
  const read = (body: Buffer): Plain =>
    options.protocol === 'http/json' ? JSON.parse(String(body)) : decodeBody(body, 'ExportTraceServiceRequest')
  return { spans: bodies.flatMap((body) => read(body)['resourceSpans'][0].scopeSpans[0].spans), bodies }
}

const sent = async (spans: readonly SpanData[], options: OtlpTraceExporterOptions = {}) => sentTo(await receiver(), spans, options)

const span = (init: Partial<SpanDataInit> = {}): SpanData =>
  SpanData.from({
    name: 'GET /cart',
    context: new SpanContext({ traceId: TRACE, spanId: SPAN, sampled: true }),
    startTimeUnixMs: START,
    endTimeUnixMs: START + 12.5,
    ...init,
  })

test('a span arrives with all its data', async () => {
  const stackTrace = new StackTrace([{ functionName: 'load', fileName: '/app/cart.js', lineNumber: 3, columnNumber: 7 }])
  const { spans } = await sent([
    span({
      context: new SpanContext({ traceId: TRACE, spanId: SPAN, sampled: true, traceState: 'a=1' }),
      kind: SpanKind.SERVER,
      parentSpanId: '00f067aa0ba902b7',
      sameProcessAsParentSpan: false,
      attributes: { route: '/cart', size: 3, share: 0.5, isNew: true, below: -2 },
      annotations: [{ timeUnixMs: START + 1, description: 'read', attributes: { rows: 2 } }],
      messageEvents: [{ id: 7, type: MessageEventType.SENT, uncompressedSizeBytes: 10, compressedSizeBytes: 4, timeUnixMs: START + 2 }],
      links: [{ traceId: TRACE, spanId: '1111111111111111', type: LinkType.PARENT_LINKED_SPAN, attributes: { why: 'batch' } }],
      status: new Status(5, 'no such cart'),
      stackTrace,
    }),
  ])
  expect(spans).toEqual([
    {
      traceId: TRACE,
      spanId: SPAN,
      traceState: 'a=1',
      parentSpanId: '00f067aa0ba902b7',
      name: 'GET /cart',
      kind: 2,
      startTimeUnixNano: `${START}000000`,
      endTimeUnixNano: `${START + 12}500000`,
      attributes: [
        { key: 'route', value: { stringValue: '/cart' } },
        { key: 'size', value: { intValue: '3' } },
        { key: 'share', value: { doubleValue: 0.5 } },
        { key: 'isNew', value: { boolValue: true } },
        { key: 'below', value: { intValue: '-2' } },
        { key: 'error.type', value: { stringValue: 'NOT_FOUND' } },
      ],
      events: [
        { timeUnixNano: `${START + 1}000000`, name: 'read', attributes: [{ key: 'rows', value: { intValue: '2' } }] },
        {
          timeUnixNano: `${START + 2}000000`,
          name: 'message',
          attributes: [
            { key: 'message.type', value: { stringValue: 'SENT' } },
            { key: 'message.id', value: { intValue: '7' } },
            { key: 'message.uncompressed_size', value: { intValue: '10' } },
            { key: 'message.compressed_size', value: { intValue: '4' } },
          ],
        },
        {
          timeUnixNano: `${START + 12}500000`,
          name: 'exception',
          attributes: [
            { key: 'exception.message', value: { stringValue: 'no such cart' } },
            { key: 'exception.stacktrace', value: { stringValue: 'at load (/app/cart.js:3:7)' } },
          ],
        },
      ],
      links: [
        {
          traceId: TRACE,
          spanId: '1111111111111111',
          attributes: [
            { key: 'why', value: { stringValue: 'batch' } },
            { key: 'opencensus.link.type', value: { stringValue: 'PARENT_LINKED_SPAN' } },
          ],
        },
      ],
      status: { message: 'no such cart', code: 2 },
      flags: 0x301,
    },
  ])
})

test.each<[string, Partial<SpanDataInit>, Plain]>([
  ['a root', {}, { kind: 1, flags: 0x101 }],
  ['a child in the same process', { parentSpanId: SPAN, sameProcessAsParentSpan: true }, { parentSpanId: SPAN, flags: 0x101 }],
  ['a child of nobody knows where', { parentSpanId: SPAN }, { parentSpanId: SPAN, flags: 1 }],
  ['a client', { kind: SpanKind.CLIENT }, { kind: 3, flags: 0x101 }],
  ['one that ended well', { status: Status.OK }, { flags: 0x101 }],
])('%s is marked as such, and has no status', async (_, init, expected) => {
  const { spans } = await sent([span(init)])
  expect(spans[0]).toMatchObject(expected)
  expect(spans[0]).not.toHaveProperty('status')
})

test('a stack without an error is an attribute', async () => {
  const stackTrace = new StackTrace([{ functionName: 'f', fileName: 'a.js', lineNumber: 1, columnNumber: 2 }])
  const { spans } = await sent([span({ stackTrace })])
  expect(spans[0]!['attributes']).toEqual([{ key: 'code.stacktrace', value: { stringValue: 'at f (a.js:1:2)' } }])
})

test('two decoders read the same from a thousand batches of random spans, as protobuf and as JSON', { timeout: 120_000 }, async () => {
  const batches = amount(1_000, 10_000)
  const destination = await receiver()
  for (let seed = 1; seed <= batches; seed++) {
    const batch = randomSpans(randomFrom(seed))
    const { spans, bodies } = await sentTo(destination, batch)
    expect(spans.map(({ traceId, spanId }) => [traceId, spanId])).toEqual(batch.map(({ traceId, spanId }) => [traceId, spanId]))
    for (const [at, one] of spans.entries()) {
      const whole = batch[at]!
      const start = BigInt(Math.floor(whole.startTimeUnixMs)) * 1_000_000n + BigInt(Math.round((whole.startTimeUnixMs % 1) * 1e6))
      expect(one['startTimeUnixNano']).toBe(String(start))
      expect(one['endTimeUnixNano']).toBe(String(start + BigInt(Math.round(whole.durationMs * 1e6))))
    }
    expect((await sentTo(destination, batch, { protocol: 'http/json' })).spans).toEqual(spans)
    if (canUseProtoc && seed % 50 === 1)
      for (const body of bodies) expect(decodeByProtoc(body, 'ExportTraceServiceRequest')).not.toMatch(/^\s*\d+[:{ ]/m)
  }
})

test('a batch larger than one request is sent as several in order, and the error has the number of spans delivered', async () => {
  const { url, requests } = await receiver((response, n) => void response.writeHead(n === 0 ? 200 : 503).end())
  const exporter = new OtlpTraceExporter({ endpoint: url, maxRequestBytes: 65_536 })
  const batch = Array.from({ length: 100 }, () => span({ attributes: { text: 'x'.repeat(2_000) } }))
  const error = await exporter.export(batch).catch((reason: unknown) => reason as { delivered: number; retryable: boolean })
  const [first] = requests
  const arrived = decodeBody(first!.body, 'ExportTraceServiceRequest')['resourceSpans'][0].scopeSpans[0].spans.length
  expect(error).toMatchObject({ code: 'ERR_OTLP_FAILED', retryable: true, delivered: arrived })
  expect([requests.length, arrived > 20 && arrived < 40]).toEqual([2, true])
  await exporter.shutdown()
})

test('parts after one that was not delivered do not count as delivered, even if they were sent at the same time', async () => {
  const taken = (): number => selfValue('tallyscope_exporter_requests_total', 'OtlpTraceExporter', 'taken')
  const before = taken()
  const { url, requests } = await receiver((response, _, { body }) => {
    const isFirst = body.length > 65_536
    if (!isFirst) response.end()
    else void vi.waitUntil(() => taken() > before, 20_000).then(() => response.writeHead(503).end())
  })
  const exporter = new OtlpTraceExporter({ endpoint: url, maxRequestBytes: 65_536, concurrency: 2 })
  const batch = Array.from({ length: 60 }, () => span({ attributes: { text: 'x'.repeat(2_000) } }))
  await expect(exporter.export(batch)).rejects.toMatchObject({ code: 'ERR_OTLP_FAILED', retryable: true, delivered: 0 })
  expect(requests).toHaveLength(2)
  await exporter.shutdown()
})

test('spans that were accepted beside others that were not delivered are not sent again', async () => {
  const taken = (): number => selfValue('tallyscope_exporter_requests_total', 'OtlpTraceExporter', 'taken')
  const before = taken()
  const accepted: string[] = []
  const { url, requests } = await receiver((response, n, { body }) => {
    const names: string[] = decodeBody(body, 'ExportTraceServiceRequest')['resourceSpans'][0].scopeSpans[0].spans.map(
      ({ name }: Plain) => name,
    )
    const isRefused = n < 2 && names.includes('0')
    if (isRefused) return void vi.waitUntil(() => taken() > before, 20_000).then(() => response.writeHead(503).end())
    accepted.push(...names)
    response.end()
  })
  const exporter = new OtlpTraceExporter({ endpoint: url, maxRequestBytes: 65_536, concurrency: 2 })
  const batch = Array.from({ length: 60 }, (_, i) => span({ name: String(i), attributes: { text: 'x'.repeat(2_000) } }))
  await expect(exporter.export(batch)).rejects.toMatchObject({ retryable: true, delivered: 0 })
  await exporter.export(batch)
  expect(accepted.map(Number).sort((a, b) => a - b)).toEqual(batch.map((_, i) => i))
  expect(requests).toHaveLength(3)
  // Spans that are exported once more on purpose are sent.
  await exporter.export(batch)
  expect(accepted).toHaveLength(120)
  await exporter.shutdown()
})

test.each([307, 400, 401, 404, 413, 500])(
  'spans that the receiver refuses with %i are lost for the transport, which logs the reason',
  async (status) => {
    const logged: string[] = []
    const log = (_: unknown, message?: string): void => void logged.push(String(message))
    const { url } = await receiver((response) => void response.writeHead(status).end())
    const transport = new AsyncTransport(new OtlpTraceExporter({ endpoint: url }), {
      logger: { debug: log, info: log, warn: log, error: log },
    })
    transport.send(span({}))
    await transport.shutdown()
    expect(transport.accounting).toMatchObject({ accepted: 1, exported: 0, rejected: 1 })
    expect(logged).toEqual([expect.stringMatching(new RegExp(`1 items are lost.*was refused: status ${status}`))])
  },
)

test('of a batch with refused parts, the accepted spans alone count as delivered', async () => {
  const { url, requests } = await receiver((response, n) => void response.writeHead(n === 1 ? 400 : 200).end())
  const exporter = new OtlpTraceExporter({ endpoint: url, maxRequestBytes: 65_536 })
  const batch = Array.from({ length: 100 }, () => span({ attributes: { text: 'x'.repeat(2_000) } }))
  const error = await exporter.export(batch).catch((reason: unknown) => reason)
  const counts = requests.map(({ body }) => decodeBody(body, 'ExportTraceServiceRequest')['resourceSpans'][0].scopeSpans[0].spans.length)
  expect(error).toMatchObject({ retryable: false, delivered: 100 - counts[1] })
  await exporter.shutdown()
})

test('a refused part of a batch that is retried is logged', async () => {
  const logged: string[] = []
  const log = (_: unknown, message?: string): void => void logged.push(String(message))
  const { url } = await receiver((response, n) => void response.writeHead(n === 0 ? 400 : 503).end())
  const logger = { debug: log, info: log, warn: log, error: log }
  const exporter = new OtlpTraceExporter({ endpoint: url, maxRequestBytes: 65_536, logger })
  const batch = Array.from({ length: 40 }, () => span({ attributes: { text: 'x'.repeat(2_000) } }))
  await expect(exporter.export(batch)).rejects.toMatchObject({ retryable: true })
  expect(logged).toEqual([expect.stringContaining('sent some spans that were refused: status 400')])
  await exporter.shutdown()
})
