// What somebody sees who types the calls and options of prom-client, OpenTelemetry or OpenCensus, in JavaScript.
import { describe, expect, test, vi } from 'vitest'
import {
  count,
  createTallyscope,
  distribution,
  gather,
  linearBounds,
  LoggingExporter,
  MetricRegistry,
  ProbabilitySampler,
  RateLimitingSampler,
  Stats,
  sum,
  Tracer,
  withOnlyTags,
  withTags,
} from 'tallyscope'
import Fastify from 'fastify'
import { tallyscopeFastify } from 'tallyscope/fastify'
import { instrumentHttpClient } from 'tallyscope/http-client'
import { instrumentHttpServer } from 'tallyscope/http-server'
import { tracedLogger } from 'tallyscope/logging'
import { fromRegistry } from 'tallyscope/prom-client'
import {
  fetchHandler,
  formatOpenMetrics,
  formatText,
  metricsHandler,
  nodeHandler,
  PushGatewayExporter,
  serveMetrics,
} from 'tallyscope/prometheus'
import { RemoteWriteExporter } from 'tallyscope/remote-write'
import { StatsdExporter } from 'tallyscope/statsd'

const stats = new Stats()
const registry = new MetricRegistry()
const javascript = (value: unknown): never => value as never
const bytes = stats.measure('others/bytes', { unit: 'By', view: sum() })
const measure = stats.measure('others/latency', { unit: 's', tagKeys: ['route'] })

describe('an option of another library is refused with our name for it', () => {
  test.each<[string, () => unknown]>([
    ['metric a has no option "help" (perhaps description)', () => registry.counter('a', javascript({ help: 'A' }))],
    ['metric a has no option "labelNames" (perhaps labelKeys)', () => registry.counter('a', javascript({ labelNames: ['b'] }))],
    ['metric a has no option "tags" (perhaps labelKeys)', () => registry.counter('a', javascript({ tags: ['b'] }))],
    ['metric a has no option "buckets" (perhaps bounds)', () => registry.histogram('a', javascript({ buckets: [1] }))],
    ['metric a has no option "advice" (perhaps bounds)', () => registry.histogram('a', javascript({ advice: {} }))],
    ['measure b has no option "tags" (perhaps tagKeys)', () => stats.measure('b', javascript({ tags: ['b'] }))],
    ['measure b has no option "labelKeys" (perhaps tagKeys)', () => stats.measure('b', javascript({ labelKeys: ['b'] }))],
    ['measure b has no option "desc" (perhaps description)', () => stats.measure('b', javascript({ desc: 'B' }))],
    [
      'view v has no option "columns" (perhaps tagKeys)',
      () => stats.registerView(javascript({ name: 'v', measure, columns: ['b'], aggregation: count() })),
    ],
    ['serveMetrics has no option "register" (perhaps producers)', () => serveMetrics(javascript({ register: stats }))],
    ['serveMetrics has no option "endpoint" (perhaps path)', () => serveMetrics(javascript({ producers: [stats], endpoint: '/m' }))],
    ['Tracer has no option "samplingRate" (perhaps sampler)', () => new Tracer(javascript({ samplingRate: 1 }))],
    ['StatsdExporter has no option "hostname" (perhaps host)', () => new StatsdExporter(javascript({ hostname: 'a' }))],
    ['RemoteWriteExporter has no option "endpoint" (perhaps url)', () => new RemoteWriteExporter(javascript({ endpoint: 'http://a' }))],
    [
      'PushGatewayExporter has no option "jobName" (perhaps job)',
      () => new PushGatewayExporter(javascript({ url: 'http://a', jobName: 'b' })),
    ],
    ['LoggingExporter has no option "log" (perhaps logger)', () => new LoggingExporter(javascript(console))],
  ])('%s', async (message, act) => {
    await expect(async () => act()).rejects.toThrow(expect.objectContaining({ code: 'ERR_OPTION', message }))
  })
})

describe('a wrong argument is refused with what it must be:', () => {
  test.each<[string, () => unknown, string]>([
    [
      'one object with the name, as in prom-client',
      () => registry.counter(javascript({ name: 'a_total', help: 'A' })),
      'a metric name must be 1 to 255 printable ASCII characters: an object is not. The name is the first argument, the options are the second.',
    ],
    [
      'an engine instead of options',
      () => nodeHandler(javascript(stats)),
      expect.stringMatching(/^nodeHandler was given "Stats" instead of its options \(its options are .*producers/) as unknown as string,
    ],
    [
      'arguments by position, as in OpenCensus',
      () => (stats.registerView as (...all: unknown[]) => unknown)('v', measure, count(), ['route'], 'description'),
      'the options of a view must be an object: they are a string',
    ],
    [
      'an aggregation without its parentheses',
      () => stats.registerView(javascript({ name: 'v', measure, aggregation: count })),
      'a view needs an aggregation such as count(): view v has a function that is not called',
    ],
    [
      'an aggregation by name',
      () => stats.registerView(javascript({ name: 'v', measure, aggregation: 'count' })),
      'a view needs an aggregation such as count(): view v has "count"',
    ],
    ['bounds as arguments', () => distribution(javascript(0.1)), 'bucket bounds must be an array, such as [0.1, 1]: they are 0.1'],
    ['bounds as strings', () => distribution(javascript(['1'])), 'bucket bounds must be finite and increase: bound 0 is "1"'],
    ['options of linearBounds', () => linearBounds(javascript({ start: 1 }), 1, 2), 'start must be a finite number: it is an object'],
    ['a rate as a string', () => new ProbabilitySampler(javascript('0.5')), 'a sampling rate must be a number from 0 to 1: it is "0.5"'],
    [
      'a limit as a string',
      () => new RateLimitingSampler(javascript({ perSecond: '5' })),
      'perSecond must be a finite number from 0: it is "5"',
    ],
    [
      'tags without a function',
      () => withTags({ a: 'b' }, javascript(undefined)),
      expectFunction('withTags and withOnlyTags', 'undefined'),
    ],
    [
      'a function before the tags',
      () =>
        withOnlyTags(
          javascript(() => 1),
          javascript({}),
        ),
      expectFunction('withTags and withOnlyTags', 'an object'),
    ],
    ['metrics that are not awaited', () => formatText(javascript(gather([stats]))), expectArray('a promise: await it')],
    ['an engine instead of its metrics', () => formatOpenMetrics(javascript(stats)), expectArray('an object')],
    [
      'a string as configuration',
      () => createTallyscope(javascript('shop')),
      'the options of createTallyscope must be an object: they are a string',
    ],
    [
      'a rate as the sampler of a configuration',
      () => createTallyscope({ traces: { sampler: javascript(0.1) } }),
      expect.stringContaining('it is 0.1 (perhaps "probability(0.1)")') as unknown as string,
    ],
    [
      'no registry of prom-client',
      () => fromRegistry(javascript(undefined)),
      'the registry of fromRegistry must be an object with getMetricsAsArray() and getSingleMetric(): it is undefined',
    ],
    [
      'no logger',
      () => tracedLogger(javascript(undefined)),
      'the logger of tracedLogger must be an object with debug() and info() and warn() and error(): it is undefined',
    ],
  ])('%s', (_what, act, message) => {
    expect(act).toThrow(expect.objectContaining({ message }))
  })

  function expectFunction(owner: string, given: string): string {
    return `the last argument of ${owner} must be a function: it is ${given}`
  }

  function expectArray(given: string): string {
    return `metrics must be an array, such as await gather([stats]): they are ${given}`
  }
})

test.each<[string, () => unknown, string]>([
  [
    'nodeHandler with a Request',
    () => nodeHandler({ producers: [stats] })(javascript(new Request('http://a/metrics')), javascript(undefined)),
    'nodeHandler needs the request and the response of node:http: in Fastify pass request.raw and reply.raw, for a Request use fetchHandler',
  ],
  [
    'nodeHandler with a reply of Fastify',
    () => nodeHandler({ producers: [stats] })(javascript({ raw: {} }), javascript({ raw: {} })),
    'nodeHandler needs the request and the response of node:http: in Fastify pass request.raw and reply.raw, for a Request use fetchHandler',
  ],
  [
    'fetchHandler with a request of node:http',
    () => fetchHandler({ producers: [stats] })(javascript({ headers: { accept: '*/*' }, url: '/metrics', method: 'GET' })),
    'fetchHandler needs a Request: for node:http and Express use nodeHandler',
  ],
  ...[{ accept: '*/*' }, new Headers()].map((headers): [string, () => unknown, string] => [
    `metricsHandler with a whole request, whose headers are ${headers.constructor.name}`,
    () => metricsHandler({ producers: [stats] })(javascript({ headers })),
    'metricsHandler needs headers: for requests use nodeHandler',
  ]),
])('%s is an error instead of a scrape that is never answered', async (_what, act, message) => {
  await expect(async () => act()).rejects.toThrow(expect.objectContaining({ code: 'ERR_HANDLER', message }))
})

test.each<[string, (tracer: never) => unknown]>([
  ['instrumentHttpServer', (tracer) => instrumentHttpServer({ tracer, stats })],
  ['instrumentHttpClient', (tracer) => instrumentHttpClient({ tracer, stats })],
  ['tallyscopeFastify', (tracer) => Fastify().register(tallyscopeFastify, { tracer, stats }).ready()],
])('%s refuses the tracer of another library at once, not at the first request', async (_name, act) => {
  const tracer = javascript({ startSpan() {}, startActiveSpan() {} })
  const message = 'tracer of an integration must be an object with inject() and extract() and startSpanIn(): it is an object'
  await expect(async () => act(tracer)).rejects.toThrow(expect.objectContaining({ code: 'ERR_TRACER_OPTION', message }))
})

test('time without a function throws and records nothing', () => {
  const view = stats.registerView({ name: 'others/calls', measure, tagKeys: ['route'], aggregation: count() })
  const histogram = registry.histogram('others/duration', { unit: 's' })
  const rule = { code: 'ERR_FUNCTION', message: 'the last argument of time must be a function: it is undefined' }
  expect(() => stats.time(measure, { route: '/' }, javascript(undefined))).toThrow(expect.objectContaining(rule))
  expect(() => histogram.time(javascript({}))).toThrow(expect.objectContaining(rule))
  expect([view.rows, histogram.timeSeries().count]).toEqual([[], 0])
})

test.each<[string, (value: never) => void]>([
  ['others/bytes', (value) => stats.record(bytes, value)],
  ['others/done', (value) => registry.counter('others/done').inc(value)],
  ['others/depth', (value) => registry.gauge('others/depth').set(value)],
  ['others/size', (value) => registry.histogram('others/size').observe(value)],
])('a value of %s that is not a number is dropped and logged once', (name, act) => {
  const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  for (const value of ['12', '13']) act(javascript(value))
  const code = 'TALLYSCOPE_NOT_A_NUMBER'
  expect(warn.mock.calls).toEqual([[`${name} was given a value that is not a number, which is dropped`, expect.objectContaining({ code })]])
  warn.mockRestore()
})
