import { fc } from '../../fast-check.js'
import * as opentracing from 'opentracing'
import { describe, expect, test } from 'vitest'
import { AlwaysOnSampler, B3Propagator, MemoryExporter, type Propagator, TagBaggage, TagMap, Tracer, withTags } from 'tallyscope'
import {
  BinaryCarrier,
  Format,
  FORMAT_BINARY,
  FORMAT_HTTP_HEADERS,
  FORMAT_TEXT_MAP,
  InvalidCarrier,
  NoopOpenTracingTracer,
  OpenTracingTracer,
  SpanContextCorrupted,
  UnsupportedFormat,
} from 'tallyscope/opentracing'

const newTracer = (options: { strict?: boolean; untrusted?: boolean; propagator?: Propagator; baggage?: TagBaggage } = {}) => {
  const { strict = false, ...rest } = options
  return new OpenTracingTracer({ tracer: new Tracer({ sampler: new AlwaysOnSampler(), exporter: new MemoryExporter(), ...rest }), strict })
}
const TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
const TRACE_ID = TRACEPARENT.slice(3, 35)
const SPAN_ID = TRACEPARENT.slice(36, 52)

/** Every kind of carrier that is written and read. */
const carriers: [string, string, () => object][] = [
  ['a plain object', FORMAT_TEXT_MAP, () => ({})],
  ['an object without prototype', FORMAT_HTTP_HEADERS, () => Object.create(null) as object],
  ['Headers', FORMAT_HTTP_HEADERS, () => new Headers()],
  ['a Map', FORMAT_TEXT_MAP, () => new Map()],
  ['a binary carrier', FORMAT_BINARY, () => new BinaryCarrier([1, 2, 3])],
  ['an object for bytes', FORMAT_BINARY, () => ({})],
  ['a list of bytes', FORMAT_BINARY, () => []],
]

describe.each(carriers)('%s (%s)', (_name, format, create) => {
  test('contains ids, the sampled flag and baggage', () => {
    const tracer = newTracer()
    const span = tracer.startSpan('s').setBaggageItem('user', 'ünï,;="%').setBaggageItem('Key with blank%', 'ü')
    for (const from of [span, span.context()]) {
      const carrier = create()
      tracer.inject(from, format, carrier)
      const found = newTracer().extract(format, carrier)!
      expect([found.toTraceId(), found.toSpanId()]).toEqual([span.context().toTraceId(), span.context().toSpanId()])
      expect(found.native).toMatchObject({ sampled: true, fromHeader: true })
      expect(Object.fromEntries(found.baggage)).toEqual({ user: 'ünï,;="%', 'Key with blank%': 'ü' })
    }
  })

  test('is empty for a context of another tracer or without a tracer', () => {
    const tracer = newTracer()
    for (const from of [new opentracing.Tracer().startSpan('noop'), new opentracing.SpanContext(), null, undefined]) {
      const carrier = create()
      const before = JSON.stringify(carrier)
      tracer.inject(from, format, carrier)
      expect(JSON.stringify(carrier)).toBe(before)
    }
    if (create() instanceof BinaryCarrier === false) expect(tracer.extract(format, create())).toBeNull()
  })

  test('baggage without a trace is propagated, and its child is a root with it', () => {
    const tracer = newTracer()
    const alone = tracer.extract(FORMAT_TEXT_MAP, { baggage: 'a=1' })!
    expect([alone.toTraceId(), alone.toSpanId()]).toEqual(['', ''])
    const carrier = create()
    tracer.inject(alone, format, carrier)
    const child = tracer.startSpan('child', { childOf: tracer.extract(format, carrier) })
    expect(child.getBaggageItem('a')).toBe('1')
    expect(child.nativeSpan.parentSpanId).toBeUndefined()
  })
})

test('header names are case-insensitive', () => {
  const found = newTracer().extract(FORMAT_HTTP_HEADERS, { TraceParent: TRACEPARENT, BAGGAGE: 'a=1', 'x-unrelated': '1' })!
  expect([found.toTraceId(), found.toSpanId(), found.baggage.get('a')]).toEqual([TRACE_ID, SPAN_ID, '1'])
})

test('an extracted context is a remote parent', () => {
  const tracer = newTracer()
  const span = tracer.startSpan('server', { childOf: tracer.extract('text_map', { traceparent: TRACEPARENT }) })
  expect(span.nativeSpan).toMatchObject({ traceId: TRACE_ID, parentSpanId: SPAN_ID, sameProcess: false })
})

test('the context of untrusted callers becomes a link and their baggage is dropped', () => {
  const exporter = new MemoryExporter<import('tallyscope').SpanData>()
  const tracer = new OpenTracingTracer({ tracer: new Tracer({ sampler: new AlwaysOnSampler(), exporter, untrusted: true }) })
  const span = tracer.startSpan('s', { childOf: tracer.extract('http_headers', { traceparent: TRACEPARENT, baggage: 'a=1' }) })
  expect(span.getBaggageItem('a')).toBeUndefined()
  expect(tracer.extract('http_headers', { baggage: 'a=1' })).toBeNull()
  span.finish()
  expect(exporter.items[0]!.traceId).not.toBe(TRACE_ID)
  expect(exporter.items[0]!.links[0]!.spanId).toBe(SPAN_ID)
})

test("the tracer's propagator is used", () => {
  const tracer = newTracer({ propagator: new B3Propagator() })
  const carrier: Record<string, string> = {}
  tracer.inject(tracer.startSpan('s'), FORMAT_HTTP_HEADERS, carrier)
  expect(Object.keys(carrier).sort()).toEqual(['x-b3-sampled', 'x-b3-spanid', 'x-b3-traceid'])
})

test('propagated tags and baggage share one header', () => {
  const tracer = newTracer({ baggage: new TagBaggage({ allow: ['tenant'] }) })
  const carrier: Record<string, string> = {}
  const span = tracer.startSpan('s').setBaggageItem('user', 'u 1')
  withTags(TagMap.of({ tenant: 'acme' }), () => tracer.inject(span, FORMAT_TEXT_MAP, carrier))
  expect(carrier['baggage']).toBe('tenant=acme,user=u%201')
})

test('the binary form is that of OpenCensus, with baggage in a further field', () => {
  const tracer = newTracer()
  const context = tracer.extract('text_map', { traceparent: TRACEPARENT, baggage: 'a=1' })
  const carrier: number[] = [255]
  tracer.inject(context, FORMAT_BINARY, carrier) // appended, as to a bytearray
  const hex = Buffer.from(carrier).toString('hex')
  expect(hex).toBe(`ff0000${TRACE_ID}01${SPAN_ID}02010300000003613d31`)
})

describe('errors', () => {
  test.each(['zipkin', '', null, undefined, 7, {}])('inject and extract refuse the format %j', (format) => {
    for (const tracer of [newTracer(), new NoopOpenTracingTracer()]) {
      for (const call of [
        () => tracer.inject(newTracer().startSpan('s'), format as string, {}),
        () => tracer.extract(format as string, {}),
      ]) {
        expect(call).toThrow(expect.objectContaining({ name: 'UnsupportedFormat', code: 'ERR_OPENTRACING_FORMAT' }) as Error)
        expect(call).toThrow(UnsupportedFormat)
      }
    }
  })

  test.each([null, undefined, 'text', 7])('inject and extract refuse the carrier %j', (carrier) => {
    const tracer = newTracer()
    for (const format of Object.values(Format)) {
      expect(() => tracer.inject(tracer.startSpan('s'), format, carrier)).toThrow(InvalidCarrier)
      expect(() => tracer.extract(format, carrier)).toThrow(
        expect.objectContaining({ name: 'InvalidCarrier', code: 'ERR_OPENTRACING_CARRIER' }) as Error,
      )
    }
  })

  test('a fixed-size buffer is refused as carrier of inject', () => {
    const tracer = newTracer()
    expect(() => tracer.inject(tracer.startSpan('s'), FORMAT_BINARY, new Uint8Array(64))).toThrow(InvalidCarrier)
    expect(tracer.extract(FORMAT_BINARY, new Uint8Array(0))).toBeNull()
  })

  const whole = () => {
    const carrier: number[] = []
    const tracer = newTracer()
    tracer.inject(tracer.startSpan('s').setBaggageItem('a', '1'), FORMAT_BINARY, carrier)
    return carrier
  }
  const damaged: [string, string, object][] = [
    ['a traceparent of no sense', FORMAT_HTTP_HEADERS, { traceparent: 'garbage' }],
    ['a traceparent of zeros', FORMAT_TEXT_MAP, { traceparent: `00-${'0'.repeat(32)}-${'0'.repeat(16)}-01`, baggage: 'a=1' }],
    ['baggage of no sense', FORMAT_TEXT_MAP, { baggage: ';;=' }],
    ['three bytes', FORMAT_BINARY, new BinaryCarrier([1, 2, 3])],
    ['half a context', FORMAT_BINARY, whole().slice(0, 20)],
    ['half a baggage', FORMAT_BINARY, whole().slice(0, -1)],
    ['what is no byte', FORMAT_BINARY, { buffer: [0, 0, 300] }],
    ['text for bytes', FORMAT_BINARY, { buffer: 'text' }],
    ['a length beyond sense', FORMAT_BINARY, { buffer: { length: 1e9 } }],
  ]

  test.each(damaged)('%s (%s) returns null, and throws in strict mode', (_name, format, carrier) => {
    expect(newTracer().extract(format, carrier)).toBeNull()
    const strict = () => newTracer({ strict: true }).extract(format, carrier)
    expect(strict).toThrow(SpanContextCorrupted)
    expect(strict).toThrow(expect.objectContaining({ name: 'SpanContextCorrupted', code: 'ERR_OPENTRACING_CORRUPTED' }) as Error)
  })

  test.each([
    [FORMAT_TEXT_MAP, {}],
    [FORMAT_HTTP_HEADERS, { tracestate: 'a=1', 'x-other': '1' }],
    [FORMAT_BINARY, {}],
    [FORMAT_BINARY, { buffer: null }],
    [FORMAT_BINARY, new BinaryCarrier([])],
  ] as [string, object][])('an empty carrier (%s) returns null, also in strict mode', (format, carrier) => {
    expect(newTracer({ strict: true }).extract(format, carrier)).toBeNull()
  })

  test.each([{ b3: '0' }, { b3: 'd' }, { 'x-b3-sampled': '0' }, { 'x-b3-flags': '1' }])(
    'a decision of B3 without a trace, %j, returns null, also in strict mode',
    (carrier) => {
      expect(newTracer({ strict: true, propagator: new B3Propagator() }).extract('http_headers', carrier)).toBeNull()
    },
  )

  test('a damaged header b3 throws in strict mode, although the propagator writes the other form', () => {
    const extract = () => newTracer({ strict: true, propagator: new B3Propagator() }).extract('http_headers', { b3: 'garbage' })
    expect(extract).toThrow(SpanContextCorrupted)
  })
})

describe('baggage', () => {
  test('is inherited by later spans, never by earlier ones, and contexts do not change', () => {
    const tracer = newTracer()
    const parent = tracer.startSpan('parent').setBaggageItem('a', '1')
    const before = parent.context()
    const early = tracer.startSpan('early', { childOf: parent })
    parent.setBaggageItem('b', '2')
    const late = tracer.startSpan('late', { childOf: parent }).setBaggageItem('c', '3')
    expect([...before.baggage]).toEqual([['a', '1']])
    expect(early.getBaggageItem('b')).toBeUndefined()
    expect([late.getBaggageItem('a'), late.getBaggageItem('b'), parent.getBaggageItem('c')]).toEqual(['1', '2', undefined])
    expect(tracer.startSpan('of before', { childOf: before }).getBaggageItem('b')).toBeUndefined()
  })

  test('of several references is merged, and the parent takes precedence', () => {
    const tracer = newTracer()
    const [a, b] = [
      tracer.startSpan('a').setBaggageItem('x', 'a').setBaggageItem('only a', '1'),
      tracer.startSpan('b').setBaggageItem('x', 'b'),
    ]
    const child = tracer.startSpan('c', { references: [opentracing.followsFrom(a), opentracing.childOf(b)] })
    expect([child.getBaggageItem('x'), child.getBaggageItem('only a')]).toEqual(['b', '1'])
    const follower = tracer.startSpan('d', { references: [opentracing.followsFrom(a)] })
    expect(follower.getBaggageItem('only a')).toBe('1')
  })

  test('names on Object.prototype are ordinary keys; values that are not strings are refused or converted', () => {
    const span = newTracer().startSpan('s')
    span
      .setBaggageItem('__proto__', 'p')
      .setBaggageItem('n', 7 as never)
      .setBaggageItem('o', {} as never)
      .setBaggageItem('', 'x')
    expect([span.getBaggageItem('__proto__'), span.getBaggageItem('n'), span.getBaggageItem('o')]).toEqual(['p', '7', undefined])
    expect(span.getBaggageItem('constructor')).toBeUndefined()
  })

  test('at most 64 items and 8 192 bytes are kept', () => {
    const span = newTracer().startSpan('s')
    for (let i = 0; i < 70; i++) span.setBaggageItem(`k${i}`, 'v')
    expect([span.getBaggageItem('k63'), span.getBaggageItem('k64')]).toEqual(['v', undefined])
    const other = newTracer().startSpan('s').setBaggageItem('long', 'x'.repeat(5_000))
    expect(other.getBaggageItem('long')).toBeUndefined()
    for (const key of ['a', 'b', 'c']) other.setBaggageItem(key, 'x'.repeat(3_500))
    expect([...other.context().baggage.keys()]).toEqual(['a', 'b'])
  })

  test('that was accepted survives every format', () => {
    const tracer = newTracer()
    const text = fc.string({ unit: 'binary', maxLength: 20 })
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text), { maxLength: 10 }), fc.constantFrom(...carriers), (items, [, format, create]) => {
        const span = tracer.startSpan('s')
        for (const [key, value] of items) span.setBaggageItem(key, value)
        const carrier = create()
        tracer.inject(span, format, carrier)
        expect(new Map(tracer.extract(format, carrier)!.baggage)).toEqual(new Map(span.context().baggage))
      }),
    )
  })

  test('extract never throws, for any bytes and headers', () => {
    const tracer = newTracer()
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.string(), (bytes, text) => {
        tracer.extract(FORMAT_BINARY, { buffer: bytes })
        tracer.extract(FORMAT_BINARY, { buffer: [0, ...bytes] })
        tracer.extract(FORMAT_HTTP_HEADERS, { traceparent: text, baggage: text })
      }),
    )
  })
})
