import { createContext, runInContext } from 'node:vm'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { errorText } from '../../src/base/rate-limited-log.js'
import { ConsoleExporter } from '../../src/exporters/console/console-exporter.js'
import { jsonLine } from '../../src/exporters/json-lines.js'
import { OtlpMetricExporter } from '../../src/exporters/otlp/otlp-metric-exporter.js'
import { OtlpTraceExporter } from '../../src/exporters/otlp/otlp-trace-exporter.js'
import { formatOpenMetrics } from '../../src/exporters/prometheus/format/openmetrics-text.js'
import { formatText } from '../../src/exporters/prometheus/format/text.js'
import { metricsHandler } from '../../src/exporters/prometheus/http/handler.js'
import { RemoteWriteExporter } from '../../src/exporters/prometheus/remote-write/remote-write-exporter.js'
import { SyncTransport } from '../../src/exporters/transport/sync-transport.js'
import { PathExclusion } from '../../src/http/http-exclusion.js'
import { OpenTracingTracer } from '../../src/integrations/opentracing/index.js'
import type { Metric } from '../../src/metrics/data/metric.js'
import { MetricRegistry } from '../../src/metrics/instruments/metric-registry.js'
import { count, distribution } from '../../src/stats/views/aggregation.js'
import { Stats } from '../../src/stats/stats.js'
import { TagMap } from '../../src/stats/tags/tag-map.js'
import type { SpanData } from '../../src/trace/data/span-data.js'
import { BinaryPropagator } from '../../src/trace/propagation/binary.js'
import { metric, producer } from '../exporters/prometheus/format/metric-samples.js'
import { receiver } from '../exporters/sending/receiver.js'
import { traced } from '../trace/tracer-fixture.js'

const SECRET = 'S3cr3t-of-the-house'
const realm = createContext({ Buffer })
/** A value of another realm: its classes are not those of this one. */
const foreign = <T>(source: string): T => runInContext(`(${source})`, realm) as T

const fails = (): never => {
  throw new Error('a trap')
}
const { proxy: revoked, revoke } = Proxy.revocable({}, {})
revoke()
/** What may be thrown or rejected with, and hardly be read. */
const THROWN: readonly (readonly [string, () => unknown])[] = [
  ['undefined', () => undefined],
  ['null', () => null],
  ['a bigint', () => 1n],
  ['a symbol', () => Symbol('s')],
  ['an object without prototype', () => Object.create(null)],
  ['a revoked proxy', () => revoked],
  ['a proxy whose traps throw', () => new Proxy(new Error('x'), { get: fails, getPrototypeOf: fails, ownKeys: fails })],
  ['an error whose message throws', () => Object.defineProperty(new Error('x'), 'message', { get: fails })],
  ['an error that is its own cause', () => ((error) => Object.assign(error, { cause: error }))(new Error('again'))],
  ['an error whose message is an object', () => Object.assign(new Error('x'), { message: { toString: fails } })],
  ['an error of another realm', () => foreign(`new TypeError('elsewhere http://me:${SECRET}@host')`)],
  ['a frozen error', () => Object.freeze(new Error('cold'))],
]

let warnings: string[]
const unhandled: unknown[] = []
const onUnhandled = (error: unknown): void => void unhandled.push(error)
beforeEach(() => {
  warnings = []
  unhandled.length = 0
  process.on('unhandledRejection', onUnhandled)
  vi.spyOn(process, 'emitWarning').mockImplementation((message) => void warnings.push(String(message)))
})
afterEach(async () => {
  await new Promise((resolve) => void setImmediate(resolve))
  process.off('unhandledRejection', onUnhandled)
  vi.restoreAllMocks()
  expect(unhandled).toEqual([])
  for (const warning of warnings) expect(warning).not.toContain(SECRET)
})

describe.each(THROWN)('%s that is thrown', (name, make) => {
  test('by a producer, an exporter, a guard or a derived metric affects nothing else', async () => {
    const one = producer(() => [metric({ name: 'one', type: 'GAUGE_INT64' }, [[], 1])])
    const registry = new MetricRegistry()
    registry.derivedGauge('derived').observe(() => {
      throw make()
    })
    const throwing = producer(() => {
      throw make()
    }, `throws ${name}`)
    const rejecting = producer(() => Promise.reject(make()), `rejects ${name}`)
    const { status, body } = await metricsHandler({ producers: [throwing, rejecting, one, registry] })({})
    expect([status, String(body).includes('\none 1\n')]).toEqual([200, true])
    const refused = await metricsHandler({ producers: [one], guard: () => Promise.reject(make()) })({})
    expect([refused.status, String(refused.body)]).toEqual([500, 'the metrics could not be written\n'])
    const transport = new SyncTransport({ export: () => Promise.reject(make()), shutdown: async () => {} })
    transport.send(metric({ name: 'one', type: 'GAUGE_INT64' }, [[], 1]))
    await transport.shutdown()
  })

  test('by the function of a span is recorded and rethrown to the caller', async () => {
    const { tracer, sent } = traced()
    const thrown = make()
    const caught = (act: () => unknown): unknown => {
      try {
        act()
        return 'nothing'
      } catch (error) {
        return error
      }
    }
    const throwing = (): never => {
      throw thrown
    }
    expect(
      Object.is(
        caught(() => tracer.span('throws', throwing)),
        thrown,
      ),
    ).toBe(true)
    const rejected = tracer.span('rejects', async () => throwing())
    expect(await rejected.then(String, (error: unknown) => error === thrown)).toBe(true)
    const span = new OpenTracingTracer({ tracer }).startSpan('s')
    span.log({ event: 'error', 'error.object': thrown }).setTag('error', thrown).setTag('thrown', thrown)
    span.finish()
    expect(sent.map((each) => (JSON.parse(jsonLine(each).text!), each.name))).toEqual(['throws', 'rejects', 's'])
    expect(typeof errorText(thrown)).toBe('string')
  })
})

test('passwords in many addresses of one message are masked, the one at its cut too', () => {
  const address = `http://me:${'p'.repeat(290)}@host`
  const texts = [1, 2, 3, 4].map((repeats) => `${`${address} `.repeat(repeats)}http://me:${SECRET.repeat(20)}@host`)
  for (const text of texts) expect(errorText(new Error(text))).not.toMatch(/S3cr3t|ppp/)
})

describe('objects of another realm', () => {
  test('are tags, keys, bounds and labels like those of this one', () => {
    const stats = new Stats()
    const measure = stats.measure('m', { tagKeys: foreign<string[]>(`['a', 'b']`) as never })
    stats.viewManager.registerView({
      name: 'v',
      measure,
      tagKeys: foreign<string[]>(`['a']`),
      tagValues: foreign(`({ a: ['declared'] })`),
      aggregation: distribution(foreign<number[]>('[1, 2]')),
    })
    const tags = [
      `{ a: 'x' }`,
      `Object.freeze({ a: 'x' })`,
      `Object.assign(Object.create(null), { a: 'x' })`,
      `new (class { get a() { return 'x' } })()`,
    ]
    for (const each of tags) stats.record(measure, 1, foreign(each) as never)
    stats.record(measure, 1, TagMap.of(foreign<Record<string, string>>(`{ a: 'x' }`)) as never)
    const registry = new MetricRegistry({ constantLabels: foreign(`({ zone: 'z' })`) })
    registry.gauge('g', { labelKeys: foreign<string[]>(`['a']`) as never }).set(1, foreign(`({ a: 'x' })`) as never)
    const page = formatText([...(stats.getMetrics() as readonly Metric[]), ...(registry.getMetrics() as readonly Metric[])])
    expect(page).toContain('v_count{a="x"} 5\n')
    expect(page).toContain('g{a="x",zone="z"} 1\n')
  })

  test('are attributes, carriers, contexts, patterns and results of producers like those of this one', async () => {
    const { tracer, sent } = traced()
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
    for (const carrier of [
      `{ traceparent: '${traceparent}' }`,
      `[['traceparent', '${traceparent}']]`,
      `new Map([['traceparent', '${traceparent}']])`,
    ]) {
      expect(tracer.extract(foreign<object>(carrier))?.traceparent, carrier).toBe(traceparent)
    }
    for (const into of ['{}', 'new Map()', '[]']) tracer.span('s', () => tracer.inject(foreign<object>(into)))
    tracer.span('s', (span) => void span.addAttributes(foreign(`({ a: 'x' })`)))
    expect(sent.at(-1)!.attributes).toEqual({ a: 'x' })
    const binary = new BinaryPropagator()
    const bytes = binary.toBytes(tracer.extract({ traceparent })!)
    const elsewhere = foreign<(list: readonly number[]) => Uint8Array>('(list) => Uint8Array.from(list)')([...bytes])
    expect(binary.fromBytes(elsewhere)?.traceparent).toBe(traceparent)
    expect(new PathExclusion([foreign<RegExp>('/^.health/')]).excludes('/health')).toBe(true)
    const list = foreign<(metrics: readonly Metric[]) => Promise<Metric[]>>('async (metrics) => [...metrics]')
    const { body } = await metricsHandler({ producers: [producer(() => list([metric({ name: 'one', type: 'GAUGE_INT64' }, [[], 1])]))] })(
      {},
    )
    expect(String(body)).toContain('\none 1\n')
    expect(errorText(foreign(`Object.assign(new Error(''), { code: 'ECONNREFUSED' })`))).toBe('ECONNREFUSED')
    expect(errorText(foreign(`new Error('outer', { cause: new Error('inner') })`))).toBe('outer: inner')
    const opentracing = new OpenTracingTracer({ tracer })
    opentracing.startSpan('ot', { tags: { thrown: foreign(`new TypeError('elsewhere')`), at: foreign('new Date(0)') } }).finish()
    expect(sent.at(-1)!.attributes).toEqual({ thrown: 'TypeError: elsewhere', at: '1970-01-01T00:00:00.000Z' })
  })
})

test('carriers and tags that cannot be written or read are left as they are', () => {
  const { tracer } = traced()
  const carriers = [
    Object.freeze({}),
    Object.seal({}),
    Object.freeze([]),
    new Proxy({}, { set: fails, get: fails, has: fails, defineProperty: fails }),
    revoked,
    Object.create({ set: fails }),
    { setHeader: fails },
    Response.error().headers,
    null,
    undefined,
    7,
    'x',
  ]
  for (const carrier of carriers) {
    tracer.span('s', () => tracer.inject(carrier as object))
    expect(tracer.extract(carrier as object)).toBeUndefined()
  }
})

const NUMBERS = [0, -0, -1, 0.5, 1e-320, 1e15, 8.64e15, 8.64e15 + 1, 2 ** 53, 2 ** 64, 1e21, 1e300, -1e300, Infinity, -Infinity, Number.NaN]

test('times and numbers of any size break no exporter', async () => {
  const { url, requests } = await receiver((response) => void response.writeHead(200).end())
  const written: string[] = []
  const stream = { write: (text: string) => (written.push(text), true), on() {}, once() {}, off() {} }
  for (const number of NUMBERS) {
    const { tracer, sent } = traced()
    const opentracing = new OpenTracingTracer({ tracer })
    tracer.span('s', { startTimeUnixMs: number, attributes: { number } }, (span) => {
      span.addAnnotation('a', { number })
      span.addMessageEvent?.({ type: 1, id: number, uncompressedSize: number } as never)
    })
    const old = opentracing.startSpan('old', { startTime: number, tags: { number, big: 10n ** 400n, at: new Date(number) } })
    old.log({ number }, number)
    old.finish(number)
    const spans = sent as readonly SpanData[]
    for (const span of spans) {
      expect(span.durationMs).toBeGreaterThanOrEqual(0)
      JSON.parse(jsonLine(span).text!)
    }
    const families = [
      metric({ name: 'g', type: 'GAUGE_DOUBLE' }, [[], number]),
      metric({ name: 'c_total', type: 'CUMULATIVE_DOUBLE' }, [[], number, { startTimeUnixMs: number }]),
      {
        ...metric({ name: 'd', type: 'CUMULATIVE_DOUBLE' }),
        timeSeries: [{ labelValues: [], startTimeUnixMs: number, points: [{ timeUnixMs: number, value: 1 }] }],
      },
    ] as readonly Metric[]
    for (const each of families) JSON.parse(jsonLine(each).text!)
    formatText(families)
    formatOpenMetrics(families)
    const exporters = [
      new OtlpMetricExporter({ url, timeoutMs: 5_000 }),
      new OtlpMetricExporter({ url, timeoutMs: 5_000, protocol: 'http/json', compression: 'none' }),
      new RemoteWriteExporter({ url, timeoutMs: 5_000 }),
    ]
    for (const exporter of exporters) {
      await exporter.exportFamilies(families, { timeoutMs: 5_000, timeUnixMs: 1e12 } as never)
      await exporter.shutdown()
    }
    const traces = new OtlpTraceExporter({ url, timeoutMs: 5_000 })
    await traces.export(spans)
    await traces.shutdown()
    const printer = new ConsoleExporter({ stream } as never)
    await printer.export([...spans] as never)
    await printer.export(families as never)
  }
  expect(requests.length).toBeGreaterThanOrEqual(4 * NUMBERS.length)
  expect(written.length).toBeGreaterThan(NUMBERS.length)
})

test('a view of times or numbers of any size is written in every format', () => {
  const stats = new Stats()
  const measure = stats.measure('m', { view: distribution([-1e300, 0, 1e300]) })
  stats.viewManager.registerView({ name: 'counted', measure, aggregation: count() })
  for (const number of NUMBERS) stats.record(measure, number)
  formatText(stats.getMetrics() as readonly Metric[])
  formatOpenMetrics(stats.getMetrics() as readonly Metric[])
})
