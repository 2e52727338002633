import { createRequire } from 'node:module'
import * as opentracing from 'opentracing'
import { describe, expect, test } from 'vitest'
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  LinkType,
  MemoryExporter,
  type Sampler,
  type SpanData,
  SpanKind,
  Stats,
  StatusCode,
  Tracer,
} from 'tallyscope'
import { ManualClock } from 'tallyscope/testing'
import { childOf, followsFrom, NoopOpenTracingTracer, OpenTracingTracer, startChildSpan, Tags } from 'tallyscope/opentracing'

function setUp({ sampler = new AlwaysOnSampler(), ...options }: { sampler?: Sampler; implicitParent?: boolean } = {}) {
  const exporter = new MemoryExporter<SpanData>()
  const stats = new Stats()
  const clock = new ManualClock({ unixMs: 1_700_000_000_000 })
  const native = new Tracer({ sampler, exporter, stats, clock })
  const tracer = new OpenTracingTracer({ tracer: native, ...options })
  const data = (name: string) => exporter.items.find((each) => each.name === name)!
  return { tracer, native, exporter, stats, clock, data }
}

/** A second copy of the npm package, as another version in the tree would be. */
function otherCopy(): typeof opentracing {
  const require = createRequire(import.meta.url)
  const paths = Object.keys(require.cache).filter((path) => path.includes('/opentracing/lib/'))
  const kept = paths.map((path) => [path, require.cache[path]] as const)
  for (const path of paths) delete require.cache[path]
  const copy = require('opentracing') as typeof opentracing
  for (const [path, module] of kept) require.cache[path] = module
  return copy
}

describe('parents and references', () => {
  test('a child by span, by context and by reference has the same parent', () => {
    const { tracer, data } = setUp()
    const parent = tracer.startSpan('parent')
    const starts = {
      span: { childOf: parent },
      context: { childOf: parent.context() },
      reference: { references: [childOf(parent)] },
      follows: { references: [followsFrom(parent.context())] },
      both: { childOf: parent, references: [childOf(tracer.startSpan('other'))] },
    }
    for (const [name, options] of Object.entries(starts)) tracer.startSpan(name, options).finish()
    for (const name of Object.keys(starts)) {
      expect(data(name).parentSpanId, name).toBe(parent.context().toSpanId())
      expect(data(name).traceId, name).toBe(parent.context().toTraceId())
    }
  })

  test('the first child_of of several references is the parent, else the first; the others become links', () => {
    const { tracer, data } = setUp()
    const [a, b, c] = ['a', 'b', 'c'].map((name) => tracer.startSpan(name, { ignoreActiveSpan: true }))
    tracer.startSpan('first child_of', { references: [followsFrom(a!), childOf(b!), childOf(c!)] }).finish()
    tracer.startSpan('first of all', { references: [followsFrom(c!), followsFrom(a!)] }).finish()
    const link = (span: typeof a, type: string) => ({
      traceId: span!.context().toTraceId(),
      spanId: span!.context().toSpanId(),
      type: LinkType.PARENT_LINKED_SPAN,
      attributes: { 'opentracing.ref_type': type },
    })
    expect(data('first child_of').parentSpanId).toBe(b!.context().toSpanId())
    expect(data('first child_of').links).toEqual([link(a, 'follows_from'), link(c, 'child_of')])
    expect(data('first of all').parentSpanId).toBe(c!.context().toSpanId())
    expect(data('first of all').links).toEqual([link(c, 'follows_from'), link(a, 'follows_from')])
  })

  test('an absent or foreign parent is ignored and does not throw', () => {
    const { tracer, data } = setUp()
    const noop = new opentracing.Tracer().startSpan('noop')
    const throwing = {
      context() {
        throw new Error('no')
      },
    }
    const foreign: unknown[] = [null, undefined, noop, noop.context(), new NoopOpenTracingTracer().startSpan(), throwing, 'text', 7, {}]
    for (const [i, parent] of foreign.entries()) {
      tracer.startSpan(`childOf ${i}`, { childOf: parent as null }).finish()
      tracer.startSpan(`references ${i}`, { references: [parent as null, new opentracing.Reference('child_of', parent as never)] }).finish()
      expect(data(`childOf ${i}`).parentSpanId).toBeUndefined()
      expect(data(`references ${i}`).parentSpanId).toBeUndefined()
    }
    tracer.startSpan('no options', null).finish()
    tracer.startSpan('references of no kind', { references: 7 as never }).finish()
    expect(data('no options').parentSpanId).toBeUndefined()
  })

  test('options are never modified, and may be frozen', () => {
    const { tracer } = setUp()
    const parent = tracer.startSpan('parent')
    const options = Object.freeze({ childOf: parent, references: Object.freeze([followsFrom(parent)]), tags: Object.freeze({ a: 1 }) })
    const before = { ...options }
    expect(() => tracer.startSpan('child', options)).not.toThrow()
    expect(options).toEqual(before)
  })

  test('spans and references of another copy of the package are recognized', () => {
    const copy = otherCopy()
    expect(copy.Span).not.toBe(opentracing.Span)
    const { tracer, data } = setUp()
    const parent = tracer.startSpan('parent')
    tracer.startSpan('reference', { references: [copy.childOf(parent as never) as never] }).finish()
    tracer.startSpan('followed', { references: [copy.followsFrom(parent.context() as never) as never] }).finish()
    expect(data('reference').parentSpanId).toBe(parent.context().toSpanId())
    expect(data('followed').parentSpanId).toBe(parent.context().toSpanId())
    copy.initGlobalTracer(tracer as never)
    expect(copy.globalTracer().startSpan('by the copy').context().toTraceId()).toMatch(/^[\da-f]{32}$/)
  })

  test('a child span is started by the tracer of its parent', () => {
    const { tracer } = setUp()
    const parent = tracer.startSpan('parent')
    expect(parent.tracer()).toBe(tracer)
    const child = startChildSpan(parent, 'child', { tags: { a: 1 } })
    expect(child.context().toTraceId()).toBe(parent.context().toTraceId())
    expect(setUp().tracer.startChildSpan(parent, 'other').tracer()).toBe(tracer)
  })

  test('without implicitParent a span has only the given parent', () => {
    const { tracer, data } = setUp({ implicitParent: false })
    tracer.startActiveSpan('outer', (outer) => {
      tracer.startSpan('root').finish()
      tracer.startSpan('child', { childOf: outer }).finish()
    })
    expect(data('root').parentSpanId).toBeUndefined()
    expect(data('child').parentSpanId).toBe(data('outer').spanId)
  })
})

describe('times', () => {
  test.each([0, 0.5, 1.25, 1_700_000_000_000.25])('start %d and finish are kept, including 0 and fractions', (start) => {
    const { tracer, data } = setUp()
    tracer.startSpan('s', { startTime: start }).finish(start + 0.5)
    expect(data('s').startTimeUnixMs).toBeCloseTo(start, 3)
    expect(data('s').endTimeUnixMs).toBeCloseTo(start + 0.5, 3)
  })

  test('a finish time of 0 is kept, and one before the start does not make the duration negative', () => {
    const { tracer, data } = setUp()
    tracer.startSpan('s', { startTime: -1_000 }).finish(0)
    tracer.startSpan('t', { startTime: 1_000 }).finish(0)
    expect(data('s').durationMs).toBe(1_000)
    expect(data('t').durationMs).toBe(0)
  })

  test('logs keep a given time, including 0, and have the current time otherwise', () => {
    const { tracer, data, clock } = setUp()
    const span = tracer.startSpan('s')
    clock.advance(5)
    span.log({ event: 'a' }, 0).log({ event: 'b' }, 1.5).log({ event: 'c' })
    span.finish()
    expect(data('s').annotations.map(({ timeUnixMs }) => timeUnixMs)).toEqual([0, 1.5, 1_700_000_000_005])
  })

  test('the first finish counts', () => {
    const { tracer, exporter, data } = setUp()
    const span = tracer.startSpan('s', { startTime: 1_000 })
    span.finish(2_000)
    span.finish(9_000)
    span.setTag('late', 1).log({ event: 'late' }).setOperationName('late').setBaggageItem('late', '1').addTags({ late: 2 })
    span.logEvent('late', {})
    span.recordError(new Error('late'))
    expect(exporter.items.length).toBe(1)
    expect(data('s').durationMs).toBe(1_000)
    expect(data('s').attributes).toEqual({})
    expect(data('s').annotations).toEqual([])
    expect(span.getBaggageItem('late')).toBeUndefined()
    expect(span.context().toSpanId()).toBe(data('s').spanId)
  })
})

describe('tags', () => {
  test('strings, numbers and booleans are kept, other values become strings, none is dropped', () => {
    const { tracer, data } = setUp()
    const cycle: Record<string, unknown> = {}
    cycle['self'] = cycle
    const tags = { text: 'a', number: 1.5, yes: true, big: 12345678901234567890n, date: new Date(0), list: [1, 2], cycle }
    const span = tracer.startSpan('s', { tags: { ...tags, none: null, undefined, fn: () => {}, symbol: Symbol('x') } })
    span.addTags({
      get broken() {
        throw new Error('no')
      },
      after: 1,
    })
    span.addTags(null as never)
    span.setTag('text', 'b')
    span.finish()
    expect(data('s').attributes).toEqual({
      text: 'b',
      number: 1.5,
      yes: true,
      big: '12345678901234567890',
      date: '1970-01-01T00:00:00.000Z',
      list: '[1,2]',
      cycle: '[object Object]',
      symbol: 'Symbol(x)',
      after: 1,
    })
  })

  test.each([
    ['client', SpanKind.CLIENT, {}],
    ['server', SpanKind.SERVER, {}],
    ['producer', SpanKind.UNSPECIFIED, { 'span.kind': 'producer' }],
    ['consumer', SpanKind.UNSPECIFIED, { 'span.kind': 'consumer' }],
    ['other', SpanKind.UNSPECIFIED, { 'span.kind': 'other' }],
  ])('span.kind %s is the kind, at the start and later', (kind, expected, attributes) => {
    const { tracer, data } = setUp()
    tracer.startSpan('start', { tags: { [Tags.SPAN_KIND]: kind } }).finish()
    tracer.startSpan('later').setTag(Tags.SPAN_KIND, kind).finish()
    for (const name of ['start', 'later']) expect([data(name).kind, data(name).attributes]).toEqual([expected, attributes])
  })

  test.each([
    [[['error', true]], StatusCode.UNKNOWN, true],
    [[['error', 'true']], StatusCode.UNKNOWN, true],
    [[['error', false]], StatusCode.OK, false],
    [[['error', 'false']], StatusCode.OK, false],
    [[['error', 'it broke']], StatusCode.UNKNOWN, true],
    [[['http.status_code', 404]], StatusCode.NOT_FOUND, undefined],
    [[['http.status_code', '503']], StatusCode.UNAVAILABLE, undefined],
    [[['http.status_code', 200]], StatusCode.OK, undefined],
    [
      [
        ['http.status_code', 500],
        ['error', false],
      ],
      StatusCode.OK,
      false,
    ],
    [
      [
        ['error', false],
        ['http.status_code', 500],
      ],
      StatusCode.OK,
      false,
    ],
    [
      [
        ['error', true],
        ['http.status_code', 200],
      ],
      StatusCode.UNKNOWN,
      true,
    ],
  ] as [[string, unknown][], StatusCode, boolean | undefined][])('%j sets status %d', (tags, code, error) => {
    const { tracer, data } = setUp()
    const span = tracer.startSpan('s')
    for (const [key, value] of tags) span.setTag(key, value)
    span.finish()
    expect(data('s').status.code).toBe(code)
    expect(data('s').attributes['error']).toBe(error)
  })

  test('the message of the last error log is the status message, whether set before or after the tag', () => {
    const { tracer, data } = setUp()
    tracer.startSpan('before').log({ event: 'error', message: 'disk full' }).setTag('error', true).finish()
    tracer
      .startSpan('after')
      .setTag('error', true)
      .log({ event: 'error', 'error.object': new TypeError('no disk') })
      .finish()
    tracer.startSpan('text').setTag('error', 'as text').finish()
    expect(data('before').status.message).toBe('disk full')
    expect(data('after').status.message).toBe('no disk')
    expect(data('text').status.message).toBe('as text')
  })

  test('sampling.priority overrides the sampler at the start, later it is an attribute', () => {
    const { tracer, exporter } = setUp({ sampler: new AlwaysOffSampler() })
    const kept = tracer.startSpan('kept', { tags: { [Tags.SAMPLING_PRIORITY]: 1 } })
    tracer.startSpan('child of kept', { childOf: kept }).finish()
    kept.finish()
    tracer.startSpan('later').setTag(Tags.SAMPLING_PRIORITY, 1).finish()
    expect(exporter.items.map(({ name }) => name)).toEqual(['child of kept', 'kept'])
    const on = setUp()
    on.tracer.startSpan('dropped', { tags: { [Tags.SAMPLING_PRIORITY]: 0 } }).finish()
    expect(on.exporter.items).toEqual([])
  })
})

describe('logs', () => {
  test('a log is an annotation: event, else message, else log, with the other fields', () => {
    const { tracer, data } = setUp()
    const span = tracer.startSpan('s')
    span.log({ event: 'cache', message: 'miss', key: 'k', size: 3 })
    span.log({ message: 'only' })
    span.log({ size: 3, none: null })
    span.log('text' as never)
    span.log(null as never)
    span.logEvent('old', { a: 1 })
    span.finish()
    expect(data('s').annotations.map(({ description, attributes }) => [description, attributes])).toEqual([
      ['cache', { message: 'miss', key: 'k', size: 3 }],
      ['only', {}],
      ['log', { size: 3 }],
      ['text', {}],
      ['old', { payload: '{"a":1}' }],
    ])
  })

  test('an error object sets kind, message and stack unless the fields have them', () => {
    const { tracer, data } = setUp()
    const error = new RangeError('too far')
    tracer.startSpan('s').log({ event: 'error', 'error.object': error, message: 'mine' }).finish()
    expect(data('s').annotations[0]!.attributes).toEqual({
      message: 'mine',
      'error.kind': 'RangeError',
      stack: error.stack!.slice(0, 4_096),
    })
    tracer
      .startSpan('t')
      .log({ 'error.object': new AggregateError([new Error('a'), new Error('b')]) })
      .finish()
    expect(data('t').annotations[0]!.description).toBe('a, b')
  })
})

test('spans, contexts and scopes are their names and ids in JSON', () => {
  const { tracer } = setUp()
  const scope = tracer.startActiveSpan('a')
  const { span } = scope
  span.setBaggageItem('tenant', 'acme')
  const ids = { traceId: span.context().toTraceId(), spanId: span.context().toSpanId() }
  expect(JSON.parse(JSON.stringify({ span, context: span.context(), scope }))).toEqual({
    span: { name: 'a', ...ids, sampled: true },
    context: { ...ids, baggage: { tenant: 'acme' } },
    scope: { span: { name: 'a', ...ids, sampled: true } },
  })
  scope.close()
})

test('latencies are recorded in span/latency, sampled or not', () => {
  for (const sampler of [new AlwaysOnSampler(), new AlwaysOffSampler()]) {
    const { tracer, native, stats, clock } = setUp({ sampler })
    native.registerViews()
    const span = tracer.startSpan('GET /cart', { tags: { 'span.kind': 'server' } })
    clock.advance(20)
    span.setTag('error', true).finish()
    const [latency] = stats.getMetrics().filter(({ descriptor }) => descriptor.name === 'span/latency')
    expect(latency!.timeSeries.map(({ labelValues }) => labelValues)).toEqual([['GET /cart', 'SERVER', 'UNKNOWN']])
    expect(latency!.timeSeries[0]!.points[0]!.value).toMatchObject({ count: 1, sum: 0.02 })
  }
})

test('a span can be renamed until its end, and methods are chainable', () => {
  const { tracer, exporter } = setUp()
  const span = tracer.startSpan('a')
  expect(span.setOperationName('b').setTag('c', 1).addTags({}).log({}).setBaggageItem('d', 'e')).toBe(span)
  expect(span.finish()).toBeUndefined()
  expect(exporter.items[0]!.name).toBe('b')
  expect(span).toBeInstanceOf(opentracing.Span)
  expect(tracer).toBeInstanceOf(opentracing.Tracer)
})

test('the tags have the names of both conventions', () => {
  const python = ['SERVICE', 'DATABASE_INSTANCE', 'DATABASE_STATEMENT', 'DATABASE_TYPE', 'DATABASE_USER']
  expect(Object.keys(Tags)).toEqual(
    expect.arrayContaining([...Object.keys(opentracing.Tags), ...python, 'SPAN_KIND_PRODUCER', 'SPAN_KIND_CONSUMER']),
  )
  expect(Tags.DATABASE_USER).toBe(opentracing.Tags.DB_USER)
})
