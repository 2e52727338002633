import * as opentracing from 'opentracing'
import { expect, expectTypeOf, test } from 'vitest'
import {
  globalTracer,
  initGlobalTracer,
  isGlobalTracerRegistered,
  NoopOpenTracingTracer,
  OpenTracingTracer,
  type Scope,
  setGlobalTracer,
} from 'tallyscope/opentracing'

/** One program, run on a tracer of its own. */
function run() {
  const tracer = new OpenTracingTracer({ mock: true })
  tracer.startActiveSpan('parent', { tags: { a: 1 }, startTime: 0 }, (parent) => {
    parent.setTag('b', [1]).log({ event: 'e', n: 1 }, 0).log({ event: 'f' })
    tracer.startSpan('child').finish(2.5)
  })
  return tracer
}

test('mock mode reports finished spans as they were recorded', () => {
  const [child, parent] = run().finishedSpans()
  expect(parent).toMatchObject({ name: 'parent', parentId: null, tags: { a: 1, b: [1] }, start: 0 })
  expect(parent!.logs[0]).toEqual({ time: 0, fields: { event: 'e', n: 1 } })
  expect(child).toMatchObject({ name: 'child', traceId: parent!.traceId, parentId: parent!.spanId, end: 2.5 })
  expect(Object.keys(child!).sort()).toEqual(['end', 'logs', 'name', 'parentId', 'spanId', 'start', 'tags', 'traceId'])
})

test('mock mode is deterministic and can be reset', () => {
  const tracer = run()
  expect(tracer.finishedSpans()).toEqual(run().finishedSpans())
  tracer.reset()
  expect(tracer.finishedSpans()).toEqual([])
  expect(new OpenTracingTracer().finishedSpans()).toEqual([])
})

test('mock mode keeps unsampled spans, and remote contexts as parents', () => {
  const tracer = new OpenTracingTracer({ mock: true })
  const childOf = tracer.extract('text_map', { traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00' })
  tracer.startSpan('s', { childOf, tags: { 'sampling.priority': 0, 'span.kind': 'client' } }).finish()
  expect(tracer.finishedSpans()[0]).toMatchObject({ parentId: '00f067aa0ba902b7', tags: { 'span.kind': 'client' } })
})

test('the no-op tracer runs callbacks and records nothing', async () => {
  const tracer = new NoopOpenTracingTracer()
  const span = tracer.startSpan()
  expect([span.context().toTraceId(), span.context().toSpanId(), span.setBaggageItem('a', '1').getBaggageItem('a')]).toEqual([
    '',
    '',
    undefined,
  ])
  expect(span.tracer()).toBe(tracer)
  expect(await tracer.startActiveSpan('s', async () => 7)).toBe(7)
  expect(tracer.withSpan('s', {}, (given) => given)).toBe(tracer.activeSpan)
  tracer.startActiveSpan('s').close()
  expect(tracer.scopeManager.active!.span).toBe(span)
  expect(tracer.scopeManager.withoutActive(() => 1)).toBe(1)
  const carrier = {}
  tracer.inject(span, 'text_map', carrier)
  expect(carrier).toEqual({})
  expect(tracer.extract('text_map', { traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' })).toBeNull()
  expect(tracer.startChildSpan()).toBe(span)
})

test('in mock mode a log with a getter that throws is ignored, as otherwise', () => {
  const tracer = new OpenTracingTracer({ mock: true })
  const hostile = {
    get event(): never {
      throw new Error('planted')
    },
  }
  tracer.startSpan('s').log(hostile).log({ event: 'kept' }).finish()
  expect(tracer.finishedSpans()[0]!.logs.map(({ fields }) => fields)).toEqual([{ event: 'kept' }])
})

test('tags of a revoked proxy are ignored, and a key without a text form does not break the end in mock mode', () => {
  const tracer = new OpenTracingTracer({ mock: true })
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  tracer
    .startSpan('s')
    .addTags(proxy)
    .setTag(Object.create(null) as string, 1)
    .setTag('kept', 2)
    .finish()
  expect(tracer.finishedSpans()[0]!.tags).toMatchObject({ kept: 2 })
})

test('the global tracer can be obtained early, and has scopes', () => {
  const early = globalTracer()
  expect(isGlobalTracerRegistered()).toBe(false)
  expect(early.startActiveSpan('before', (span) => span.context().toTraceId())).toBe('')
  const tracer = new OpenTracingTracer({ mock: true })
  setGlobalTracer(tracer)
  expect([globalTracer(), isGlobalTracerRegistered()]).toEqual([early, true])
  early.startActiveSpan('outer', () => {
    expect(early.activeSpan).toBe(tracer.activeSpan)
    expect(early.scopeManager).toBe(tracer.scopeManager)
    opentracing.globalTracer().startSpan('by the package').finish()
    early.withSpan('inner', {}, () => {})
    early.startChildSpan(early.activeSpan!, 'child').finish()
  })
  expect(tracer.finishedSpans().map(({ name }) => name)).toEqual(['by the package', 'inner', 'child', 'outer'])
  const carrier = {}
  early.inject(early.startSpan('s'), 'text_map', carrier)
  expect(early.extract('text_map', carrier)!.toTraceId()).toMatch(/^[\da-f]{32}$/)
  for (const wrong of [null, undefined, {}, early]) {
    expect(() => setGlobalTracer(wrong as never)).toThrow(expect.objectContaining({ code: 'ERR_OPENTRACING_GLOBAL' }) as Error)
  }
})

test('types: no cast is needed', () => {
  opentracing.initGlobalTracer(new OpenTracingTracer())
  opentracing.initGlobalTracer(new NoopOpenTracingTracer())
  initGlobalTracer(new OpenTracingTracer())
  const tracer: opentracing.Tracer = new OpenTracingTracer({ mock: true })
  const span: opentracing.Span = tracer.startSpan('s', { childOf: tracer.startSpan('p').context() })
  opentracing.childOf(span)

  const ours = new OpenTracingTracer({ mock: true })
  ours.startSpan('s', { childOf: ours.extract('text_map', {}), ignoreActiveSpan: true })
  ours.startSpan('s', { childOf: tracer.extract('text_map', {}), references: [null, opentracing.followsFrom(span)] })
  expectTypeOf(ours.startActiveSpan('s')).toEqualTypeOf<Scope>()
  expectTypeOf(ours.startActiveSpan('s', async () => 7)).toEqualTypeOf<Promise<number>>()
  expectTypeOf(ours.withSpan('s', { finishOnClose: false }, () => 'x')).toEqualTypeOf<string>()
  // @ts-expect-error an option that is not there
  ours.startSpan('s', { ignoreActive: true })
  // @ts-expect-error the flag is required
  ours.scopeManager.activate(span)
})
