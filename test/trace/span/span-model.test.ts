import { inspect } from 'node:util'
import { fc } from '../../fast-check.js'
import { describe, expect, test } from 'vitest'
import { BoundedList } from '../../../src/trace/data/bounded-list.js'
import { BoundedMap } from '../../../src/trace/data/bounded-map.js'
import { isoMicroseconds } from '../../../src/trace/data/iso-time.js'
import { LinkType } from '../../../src/trace/data/link.js'
import { MessageEventType } from '../../../src/trace/data/message-event.js'
import { isValidSpanId, isValidTraceId, SpanContext } from '../../../src/trace/context/span-context.js'
import { SpanData } from '../../../src/trace/data/span-data.js'
import { traceDocuments } from '../../../src/trace/data/span-json.js'
import { SpanKind } from '../../../src/trace/data/span-kind.js'
import { StackTrace } from '../../../src/trace/data/stack-trace.js'
import { Status } from '../../../src/trace/data/status.js'
import { StatusCode } from '../../../src/trace/data/status-code.js'
import { TraceState } from '../../../src/trace/context/trace-state.js'
import { truncatable } from '../../../src/trace/data/truncatable.js'
import { traced } from '../tracer-fixture.js'

const T = '0af7651916cd43dd8448eb211c80319c'
const S = 'b7ad6b7169203331'

describe('SpanContext', () => {
  test('invalid ids return a fresh context, never throw', () => {
    for (const traceId of ['', 'xyz', T.toUpperCase(), `${T}0`, '0'.repeat(32), 5, null, {}]) {
      const context = new SpanContext({ traceId: traceId as string, spanId: S, sampled: true, fromHeader: true })
      expect(isValidTraceId(context.traceId)).toBe(true)
      expect(context).toMatchObject({ spanId: '0'.repeat(16), options: 0, fromHeader: false, isValid: false })
    }
    for (const spanId of ['', 'xyz', S.toUpperCase(), `${S}0`, '0'.repeat(16), 5, {}]) {
      const context = new SpanContext({ traceId: T, spanId: spanId as string, fromHeader: true })
      expect(context).toMatchObject({ traceId: T, spanId: '0'.repeat(16), fromHeader: false, isValid: false })
    }
  })

  test('without ids it is a new trace each time', () => {
    expect(new SpanContext().traceId).not.toBe(new SpanContext().traceId)
    expect(isValidSpanId(new SpanContext().spanId)).toBe(false)
  })

  test('options are one byte; any other value counts as sampled', () => {
    const options = [0, 1, 2, 255, 256, -1, 1.5, Number.NaN].map((value) => new SpanContext({ options: value }).options)
    expect(options).toEqual([0, 1, 2, 255, 1, 1, 1, 1])
    expect(new SpanContext({ options: 3, sampled: false }).options).toBe(2)
    expect(new SpanContext({ sampled: true })).toMatchObject({ options: 1, sampled: true })
  })

  test('is equal by ids, options and tracestate', () => {
    const init = { traceId: T, spanId: S, options: 1, traceState: 'a=1' }
    expect(new SpanContext(init).equals(new SpanContext(init))).toBe(true)
    expect(new SpanContext(init).equals(new SpanContext({ ...init, traceState: 'a=2' }))).toBe(false)
    expect(JSON.parse(JSON.stringify(new SpanContext(init)))).toEqual(init)
  })
})

describe('TraceState', () => {
  test('a member that is set comes first, and the 33rd is dropped', () => {
    let state = TraceState.EMPTY
    for (let at = 0; at < 40; at++) state = state.set(`k${at}`, String(at))
    expect(state.size).toBe(32)
    expect(state.set('k20', 'new').entries()[0]).toEqual(['k20', 'new'])
    expect([state.get('k39'), state.get('k0'), state.delete('k39').get('k39')]).toEqual(['39', undefined, undefined])
  })

  test('an invalid member changes nothing', () => {
    const state = TraceState.EMPTY.set('a', '1')
    expect(state.set('A', '1')).toBe(state)
    expect(state.set('b', 'x,y')).toBe(state)
  })

  test('parses its own output', () => {
    const text = fc.string({ unit: fc.constantFrom(...'abc019_-*/@=, \t!~é'), maxLength: 60 })
    fc.assert(
      fc.property(text, (header) => {
        const state = TraceState.parse(header)
        if (state !== undefined) expect(TraceState.parse(state.toString())?.entries()).toEqual(state.entries())
      }),
    )
  })
})

describe('Status', () => {
  test('of an error is UNKNOWN with its message, unless the platform has a more specific code', () => {
    const cases: [unknown, StatusCode, string][] = [
      [new Error('x'), StatusCode.UNKNOWN, 'x'],
      [new Error(''), StatusCode.UNKNOWN, ''],
      [new AggregateError([new Error('a'), new Error('b')]), StatusCode.UNKNOWN, 'a, b'],
      [Object.assign(new Error(''), { code: 'ECONNREFUSED' }), StatusCode.UNKNOWN, 'ECONNREFUSED'],
      ['text', StatusCode.UNKNOWN, 'text'],
      [undefined, StatusCode.UNKNOWN, 'undefined'],
      [Symbol('s'), StatusCode.UNKNOWN, 'Symbol(s)'],
      [Object.create(null), StatusCode.UNKNOWN, ''],
      [AbortSignal.abort().reason, StatusCode.CANCELLED, 'This operation was aborted'],
      [Object.assign(new Error('late'), { name: 'TimeoutError' }), StatusCode.DEADLINE_EXCEEDED, 'late'],
      [Object.assign(new Error('connect'), { code: 'ETIMEDOUT' }), StatusCode.DEADLINE_EXCEEDED, 'connect'],
      [Object.assign(new Error('x'), { name: 'constructor', code: '__proto__' }), StatusCode.UNKNOWN, 'x'],
    ]
    for (const [thrown, code, message] of cases) expect(Status.fromError(thrown)).toMatchObject({ code, message })
  })

  test('has the names of the OpenCensus documents', () => {
    const status = new Status(StatusCode.NOT_FOUND, 'no cart')
    expect(status).toMatchObject({ canonicalCode: 5, description: 'no cart', isOk: false, name: 'NOT_FOUND' })
    expect(Status.asOk()).toMatchObject({ code: 0, isOk: true })
    expect(new Status(99).code).toBe(StatusCode.UNKNOWN)
    expect(Status.fromHttpStatus(404, 'Not Found').toJSON()).toEqual({ code: 5, message: 'Not Found' })
    expect(Status.fromHttpStatus(Number.NaN).code).toBe(StatusCode.UNKNOWN)
  })
})

describe('bounded collections', () => {
  test('a list keeps the newest entries, as slicing a whole list would', () => {
    fc.assert(
      fc.property(fc.nat(6), fc.array(fc.integer(), { maxLength: 30 }), (max, items) => {
        const list = new BoundedList<number>(max)
        list.extend(items)
        const kept = max === 0 ? [] : items.slice(-max)
        expect([list.toArray(), [...list], list.size, list.dropped]).toEqual([kept, kept, kept.length, items.length - kept.length])
      }),
    )
  })

  test('a map keeps the keys set last', () => {
    const map = new BoundedMap<string, number>(2)
    map.set('a', 1).set('b', 2).set('a', 3).set('c', 4)
    expect([...map]).toEqual([
      ['a', 3],
      ['c', 4],
    ])
    expect([map.get('a'), map.has('b'), map.size, map.dropped, map.delete('a'), map.delete('a')]).toEqual([3, false, 2, 1, true, false])
    expect([...new BoundedMap<string, number>(0).set('a', 1)]).toEqual([])
  })
})

describe('SpanData', () => {
  const finished = () => {
    const { tracer, sent, clock } = traced()
    tracer.span('parent', { kind: SpanKind.SERVER, attributes: { text: 'x', n: 1, f: 0.5, yes: true, big: 5n, no: {} } }, (span) => {
      clock.advance(1)
      span.addAnnotation('checked', { items: 2 }).addAnnotation('plain')
      span.addMessageEvent({ id: 1, type: MessageEventType.SENT, uncompressedSizeBytes: 10 })
      span.addLink({ traceId: T, spanId: S, type: LinkType.CHILD_LINKED_SPAN, attributes: { why: 'batch' } })
      span.setStatus(new Status(StatusCode.ABORTED, 'stop', [{ why: 1 }]))
      tracer.span('child', () => {})
    })
    return sent[1]!
  }

  test('has all data as plain values', () => {
    const data = finished()
    expect(data).toMatchObject({
      name: 'parent',
      kind: SpanKind.SERVER,
      parentSpanId: undefined,
      sameProcessAsParentSpan: undefined,
      childSpanCount: 1,
      attributes: { text: 'x', n: 1, f: 0.5, yes: true, big: 5 },
      annotations: [
        { description: 'checked', attributes: { items: 2 } },
        { description: 'plain', attributes: {} },
      ],
      messageEvents: [{ id: 1, type: 1, uncompressedSizeBytes: 10, compressedSizeBytes: 10 }],
      links: [{ traceId: T, spanId: S, type: 1, attributes: { why: 'batch' } }],
      status: { code: 10, message: 'stop' },
      stackTrace: undefined,
      dropped: { attributes: 0, annotations: 0, messageEvents: 0, links: 0 },
    })
    expect([data.context.traceId, data.context.spanId]).toEqual([data.traceId, data.spanId])
  })

  test('cannot be changed', () => {
    const data = finished()
    expect(() => {
      ;(data as { name: string }).name = 'x'
    }).toThrow(TypeError)
    expect(() => {
      ;(data.attributes as Record<string, unknown>).n = 2
    }).toThrow(TypeError)
    ;(data.annotations as unknown[]).length = 0
    expect(data.annotations).toHaveLength(2)
  })

  test('is a trace document in JSON, and is printable', () => {
    const data = finished()
    expect(JSON.parse(JSON.stringify(data))).toEqual({
      traceId: data.traceId,
      spans: [
        {
          displayName: { value: 'parent', truncated_byte_count: 0 },
          spanId: data.spanId,
          startTime: '2024-01-15T00:00:00.000000Z',
          endTime: '2024-01-15T00:00:00.001000Z',
          childSpanCount: 1,
          kind: 1,
          attributes: {
            attributeMap: {
              text: { string_value: { value: 'x', truncated_byte_count: 0 } },
              n: { int_value: 1 },
              f: { double_value: 0.5 },
              yes: { bool_value: true },
              big: { int_value: 5 },
            },
          },
          timeEvents: {
            timeEvent: [
              {
                time: '2024-01-15T00:00:00.001000Z',
                annotation: {
                  description: { value: 'checked', truncated_byte_count: 0 },
                  attributes: { attributeMap: { items: { int_value: 2 } } },
                },
              },
              { time: '2024-01-15T00:00:00.001000Z', annotation: { description: { value: 'plain', truncated_byte_count: 0 } } },
              {
                time: '2024-01-15T00:00:00.001000Z',
                message_event: { id: 1, type: 1, uncompressed_size_bytes: 10, compressed_size_bytes: 10 },
              },
            ],
          },
          links: { link: [{ trace_id: T, span_id: S, type: 1, attributes: { why: 'batch' } }] },
          status: { code: 10, message: 'stop', details: [{ why: 1 }] },
        },
      ],
    })
    expect(inspect(data, { depth: 5 })).toContain("value: 'parent'")
  })

  test('has the dropped counts in JSON', () => {
    const { tracer, sent } = traced({ limits: { attributes: 1, annotations: 0, messageEvents: 0, links: 0 } })
    tracer.span('a', (span) => {
      span.addAttributes({ a: 1, b: 2 }).addAnnotation('x').addMessageEvent({ id: 1 }).addLink({ traceId: T, spanId: S })
    })
    expect(sent[0]!.toJSON().spans[0]).toMatchObject({
      attributes: { attributeMap: { b: { int_value: 2 } }, droppedAttributesCount: 1 },
      timeEvents: { timeEvent: [], droppedAnnotationsCount: 1, droppedMessageEventsCount: 1 },
      links: { link: [], droppedLinksCount: 1 },
    })
  })

  test('several of them become one document for each trace', () => {
    const { tracer, sent } = traced()
    for (const name of ['a', 'b']) tracer.span(name, () => tracer.span(`${name}1`, () => {}))
    const names = traceDocuments(sent).map(({ traceId, spans }) => [traceId, spans.map(({ displayName }) => displayName.value)])
    expect(names).toEqual([
      [sent[0]!.traceId, ['a1', 'a']],
      [sent[2]!.traceId, ['b1', 'b']],
    ])
    expect(traceDocuments([])).toEqual([])
  })

  test('a key named __proto__ is an ordinary key', () => {
    const { tracer, sent } = traced()
    tracer.span('a', (span) => span.addAttribute('__proto__', 'x'))
    expect(Object.keys(sent[0]!.attributes)).toEqual(['__proto__'])
    expect(JSON.stringify(sent[0])).toContain('"__proto__":{"string_value"')
  })

  test('can be created by hand', () => {
    const data = SpanData.from({ name: 'a', context: new SpanContext({ traceId: T, spanId: S }), startTimeUnixMs: 5, endTimeUnixMs: 7.5 })
    expect(data).toMatchObject({ traceId: T, spanId: S, durationMs: 2.5, hasStatus: false, status: { code: 0 } })
  })
})

describe('text', () => {
  test('is cut at 128 bytes, never inside a character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (text) => {
        const { value, truncated_byte_count: cut } = truncatable(text)
        expect(text.startsWith(value)).toBe(true)
        expect(Buffer.byteLength(value)).toBeLessThanOrEqual(128)
        expect(cut).toBe(Math.max(0, Buffer.byteLength(text) - 128))
        if (cut > 0) expect(Buffer.byteLength(value)).toBeGreaterThan(124)
      }),
    )
    expect(truncatable(`${'x'.repeat(127)}é!`)).toEqual({ value: 'x'.repeat(127), truncated_byte_count: 2 })
  })

  test('of an attribute keeps up to 4 096 characters', () => {
    const { tracer, sent } = traced()
    tracer.span('a', (span) => span.addAttribute('long', 'x'.repeat(5_000)))
    expect(sent[0]!.attributes.long).toHaveLength(4_096)
  })

  test('of a time has microseconds', () => {
    expect([0, 0.0004, 0.9996, 999.9999, 1_577_934_245_000.6, Number.NaN].map(isoMicroseconds)).toEqual([
      '1970-01-01T00:00:00.000000Z',
      '1970-01-01T00:00:00.000000Z',
      '1970-01-01T00:00:00.001000Z',
      '1970-01-01T00:00:01.000000Z',
      '2020-01-02T03:04:05.000600Z',
      '1970-01-01T00:00:00.000000Z',
    ])
  })
})

describe('StackTrace', () => {
  test('parses the frames of an error', () => {
    const trace = StackTrace.fromError({
      stack:
        'Error: x\n    at load (/srv/app.js:10:5)\n    at async Promise.all (index 0)\n    at file:///srv/b.js:3:1\n    at new Shop (C:\\a b\\c.js:1:2)\n  junk',
    })!
    expect(trace.frames).toEqual([
      { functionName: 'load', fileName: '/srv/app.js', lineNumber: 10, columnNumber: 5 },
      { functionName: 'async Promise.all', fileName: 'index 0', lineNumber: 0, columnNumber: 0 },
      { functionName: '<anonymous>', fileName: 'file:///srv/b.js', lineNumber: 3, columnNumber: 1 },
      { functionName: 'new Shop', fileName: 'C:\\a b\\c.js', lineNumber: 1, columnNumber: 2 },
    ])
    expect(trace.hashId).toBe(
      StackTrace.fromError({
        stack: 'at load (/srv/app.js:10:5)\nat async Promise.all (index 0)\nat file:///srv/b.js:3:1\nat new Shop (C:\\a b\\c.js:1:2)',
      })!.hashId,
    )
    expect(JSON.parse(JSON.stringify(trace))).toMatchObject({
      stack_frames: {
        frame: [{ function_name: { value: 'load' }, line_number: 10, column_number: 5 }, {}, {}, {}],
        dropped_frames_count: 0,
      },
      stack_trace_hash_id: trace.hashId,
    })
  })

  test('a value without a stack has none, and hostile ones are harmless', () => {
    expect([undefined, null, 5, 'x', {}, { stack: 5 }].map((thrown) => StackTrace.fromError(thrown))).toEqual(Array(6).fill(undefined))
    const trap = Object.defineProperty({}, 'stack', {
      get: () => {
        throw new Error('trap')
      },
    })
    expect(StackTrace.fromError(trap)).toBeUndefined()
    const huge = StackTrace.fromError({ stack: `    at f (${':1'.repeat(500_000)}` })!
    expect(huge.frames.length).toBeLessThanOrEqual(128)
    const many = StackTrace.fromError({ stack: '    at f (a.js:1:1)\n'.repeat(200) })!
    expect([many.frames.length, many.droppedFrames]).toEqual([128, 72])
  })
})
