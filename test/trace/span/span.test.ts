import { describe, expect, test } from 'vitest'
import { currentFrame } from '../../../src/base/context.js'
import { AlwaysOffSampler, AlwaysOnSampler } from '../../../src/trace/sampling/constant-samplers.js'
import { ScopeEntry } from '../../../src/trace/span/current-span.js'
import { toSpanContext } from '../../../src/trace/context/to-span-context.js'
import { SpanContext } from '../../../src/trace/context/span-context.js'
import { SpanKind } from '../../../src/trace/data/span-kind.js'
import { Status } from '../../../src/trace/data/status.js'
import { StatusCode } from '../../../src/trace/data/status-code.js'
import { TraceId } from '../../../src/trace/context/trace-id.js'
import { traced } from '../tracer-fixture.js'

const hostile = {
  get code(): never {
    throw new Error('planted')
  },
  toString(): never {
    throw new Error('planted')
  },
}
const samplers = [
  ['sampled', new AlwaysOnSampler()],
  ['unsampled', new AlwaysOffSampler()],
] as const

describe.each(samplers)('a span that is %s', (_kind, sampler) => {
  test('can be renamed, and keeps its name if the new one cannot be read', () => {
    const span = traced({ sampler }).tracer.startDetachedSpan('a')
    expect(span.setName('b').name).toBe('b')
    expect(span.setName(hostile as never).name).toBe('b')
    expect(span.setName(5 as never).name).toBe('5')
  })

  test('has the last kind and status that were set, and the previous status if one cannot be read', () => {
    const span = traced({ sampler }).tracer.startDetachedSpan('a', { kind: SpanKind.CLIENT })
    expect(span.setKind(SpanKind.SERVER).kind).toBe(SpanKind.SERVER)
    expect(span.setStatus(StatusCode.ABORTED, 'm').status).toEqual(new Status(StatusCode.ABORTED, 'm'))
    expect(span.setStatus(hostile as never).status.name).toBe('ABORTED')
    expect(span.setStatus(Status.OK).status).toBe(Status.OK)
  })

  test('is its name and its ids in JSON', () => {
    const span = traced({ sampler }).tracer.startDetachedSpan('a')
    const { traceId, spanId, sampled } = span
    expect(JSON.parse(JSON.stringify({ span }))).toEqual({ span: { name: 'a', traceId, spanId, sampled } })
  })

  test('does not change after its end', () => {
    const span = traced({ sampler }).tracer.startDetachedSpan('a')
    span.end()
    span.setName('b').setKind(SpanKind.SERVER).setStatus(StatusCode.ABORTED).recordError(new Error('m')).addAttribute('a', 1)
    span.failed(new Error('m'))
    expect([span.name, span.kind, span.status.name]).toEqual(['a', SpanKind.UNSPECIFIED, 'OK'])
  })

  test('that failed keeps a more specific status', () => {
    const { tracer } = traced({ sampler })
    const named = tracer.startDetachedSpan('a').setStatus(StatusCode.NOT_FOUND, 'cart')
    named.failed(new Error('m'))
    const plain = tracer.startDetachedSpan('a')
    plain.failed(new Error('m'))
    expect([named.status.message, plain.status.message]).toEqual(['cart', 'm'])
  })

  test('ends once with `using`', () => {
    const { tracer, sent } = traced({ sampler })
    const span = tracer.startDetachedSpan('a')
    span[Symbol.dispose]()
    span[Symbol.dispose]()
    expect([span.ended, sent.length]).toEqual([true, sampler instanceof AlwaysOnSampler ? 1 : 0])
  })
})

test('a span that an exporter ends once more is exported and measured once', () => {
  const sent: string[] = []
  const { tracer, stats } = traced({
    transport: {
      send: ({ name }) => {
        if (sent.push(name) < 10) span.setName('late').end()
      },
      flush: async () => {},
      shutdown: async () => {},
    },
  })
  tracer.registerViews()
  const span = tracer.startDetachedSpan('job')
  span.end()
  expect(sent).toEqual(['job'])
  expect(stats.viewManager.getView('span/latency')!.rows).toMatchObject([{ data: { count: 1 } }])
})

test('exemplars of an ended span that is still current are those of the enclosing one', () => {
  const { tracer } = traced()
  tracer.span('outer', (outer) => {
    const inner = tracer.startSpan('inner')
    const labels = () => inner.exemplarLabels()?.['span_id']
    expect(labels()).toBe(inner.spanId)
    inner.end()
    expect(labels()).toBe(outer.spanId)
  })
  const alone = tracer.startDetachedSpan('alone')
  alone.end()
  expect(alone.exemplarLabels()).toBe(undefined)
})

test('the start of an untimed span is unknown until a view needs it', () => {
  const { tracer, clock } = traced({ sampler: new AlwaysOffSampler() })
  expect(tracer.startDetachedSpan('a').startTimeUnixMs).toBe(undefined)
  tracer.registerViews()
  expect(tracer.startDetachedSpan('a').startTimeUnixMs).toBe(clock.wallMs)
})

test('the entry of a span in a context has its ids, and those of the enclosing span once it is closed', () => {
  const { tracer } = traced()
  const [outer, inner] = [tracer.startDetachedSpan('outer'), tracer.startDetachedSpan('inner')]
  const scope = new ScopeEntry(tracer, inner, outer)
  expect([scope.traceId, scope.spanId, scope.sampled, scope.isLeft]).toEqual([inner.traceId, inner.spanId, true, false])
  expect(scope.exemplarLabels()).toEqual(inner.exemplarLabels())
  scope.closed = true
  expect(scope.isLeft).toBe(true)
  expect(scope.exemplarLabels()).toEqual(outer.exemplarLabels())
  const foreign = new ScopeEntry(tracer, undefined, undefined)
  expect([foreign.traceId, foreign.spanId, foreign.sampled, foreign.exemplarLabels()]).toEqual(['', '', false, undefined])
})

test('a thousand spans that are never ended release the outer ones, and the context holds the newest', () => {
  const { tracer } = traced({ sampler: new AlwaysOffSampler() })
  tracer.span('root', () => {
    let span = tracer.startSpan('span')
    for (let n = 0; n < 1_500; n++) span = tracer.startSpan('span')
    expect(span.depth).toBeLessThanOrEqual(1_000)
    expect(currentFrame().span).toBe(span)
  })
})

test('attributes of a revoked proxy are ignored', () => {
  const { tracer, transport } = traced()
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  tracer.span('s', { attributes: proxy }, (span) => span.addAttributes(proxy).addAttribute('kept', 1))
  expect(transport.sent[0]!.attributes).toEqual({ kept: 1 })
})

describe('a remote parent', () => {
  const ids = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) }
  test.each<[what: string, given: unknown, context: object | undefined]>([
    ['ids alone', ids, { ...ids, options: 0 }],
    ['a span of another copy', { context: { ...ids, options: 1 } }, { ...ids, options: 1 }],
    ['sampled by name', { ...ids, sampled: true }, { ...ids, options: 1 }],
    ['a state', { ...ids, traceState: 'k=v' }, { ...ids, options: 0, traceState: 'k=v' }],
    ['fields of other types', { ...ids, options: '1', sampled: 1 }, { ...ids, options: 0 }],
    ['no trace id', { spanId: ids.spanId }, undefined],
    ['zeros', { ...ids, traceId: '0'.repeat(32) }, undefined],
    ['a text', 'traceId', undefined],
    ['null', null, undefined],
    [
      'a getter that throws',
      {
        get traceId(): never {
          throw new Error('planted')
        },
      },
      undefined,
    ], // prettier-ignore
  ])('%s', (_what, given, context) => expect(toSpanContext(given)?.toJSON()).toEqual(context))

  test('that is a SpanContext is kept as is', () => {
    const context = new SpanContext(ids)
    expect(toSpanContext(context)).toBe(context)
  })
})

test('contexts are equal if ids, options and state are', () => {
  const ids = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), options: 1 }
  const context = new SpanContext(ids)
  const others = [{}, { spanId: 'c'.repeat(16) }, { traceId: 'c'.repeat(32) }, { options: 0 }]
  expect(others.map((other) => context.equals(new SpanContext({ ...ids, ...other })))).toEqual([true, false, false, false])
  expect(context.equals(toSpanContext({ ...ids, traceState: 'k=v' })!)).toBe(false)
})

describe('a trace id', () => {
  const words = (...of: number[]) => ({ next: () => of.shift()! })
  test('is the same as words and as string, whichever is read first', () => {
    const made = [new TraceId(words(1, 2, 3, 4)), new TraceId(words(1, 2, 3, 4))]
    expect([made[0]!.w2, made[0]!.w3, made[0]!.hex]).toEqual([3, 4, '00000001000000020000000300000004'])
    expect([made[1]!.hex, made[1]!.w3, made[1]!.w2]).toEqual(['00000001000000020000000300000004', 4, 3])
  })

  test('given as a string has the same words', () => {
    const given = new TraceId('0000000100000002ffffffff00000004')
    expect([given.w3, given.w2, given.hex]).toEqual([4, -1, '0000000100000002ffffffff00000004'])
  })

  test('of zeros is invalid, so that one digit is set; a low word of zero alone is valid', () => {
    expect(new TraceId(words(0, 0, 0, 0)).hex).toBe(`${'0'.repeat(31)}1`)
    expect(new TraceId(words(0, 0, 7, 0)).hex).toBe('00000000000000000000000700000000')
  })
})

describe('the status of a thrown value', () => {
  test.each<[what: string, thrown: unknown, name: string, message: string]>([
    ['an error', new Error('m'), 'UNKNOWN', 'm'],
    ['an abort', Object.assign(new Error('m'), { name: 'AbortError' }), 'CANCELLED', 'm'],
    ['a code of the platform', { code: 'ETIMEDOUT', message: 'm' }, 'DEADLINE_EXCEEDED', 'm'],
    ['no message', { toString: () => 'text' }, 'UNKNOWN', 'text'],
    ['a text', 'gone', 'UNKNOWN', 'gone'],
    ['a code that every object inherits', Object.assign(new Error('no'), { code: 'constructor' }), 'UNKNOWN', 'no'],
    ['what cannot be read', hostile, 'UNKNOWN', ''],
  ])('%s', (_what, thrown, name, message) => {
    const status = Status.fromError(thrown)
    expect([status.name, status.message]).toEqual([name, message])
  })
})

test('a status is created from a code, from another copy, from a response and from an error', () => {
  expect([Status.from(5, 'm').name, Status.from({ code: 5, message: 'm' } as Status).message]).toEqual(['NOT_FOUND', 'm'])
  expect([Status.from(99 as never).name, Status.from(null as never).name]).toEqual(['UNKNOWN', 'UNKNOWN'])
  expect(Status.fromHttpStatus(204)).toBe(Status.OK)
  expect(Status.fromHttpStatus(204, 'No Content').toJSON()).toEqual({ code: 0, message: 'No Content' })
  expect([Status.fromHttpStatus(418).name, Status.fromHttpStatus(100).name]).toEqual(['UNKNOWN', 'UNKNOWN'])
  expect([Status.fromClientFailure('cancelled').name, Status.fromClientFailure('else' as never).name]).toEqual(['CANCELLED', 'UNKNOWN'])
})
