import { expect, test } from 'vitest'
import { estimateSize } from '../../../src/exporters/transport/estimate-size.js'
import { SpanContext } from '../../../src/trace/context/span-context.js'
import { SpanData } from '../../../src/trace/data/span-data.js'
import { StackTrace } from '../../../src/trace/data/stack-trace.js'

test('strings and lists count by their length at any depth', () => {
  const small = estimateSize({ a: 'x', b: [1, 2, 3], c: null, d: true })
  expect(small).toBeLessThan(300)
  expect(estimateSize('x'.repeat(10_000))).toBeGreaterThanOrEqual(10_000)
  expect(estimateSize({ a: { b: [{ c: 'x'.repeat(10_000) }] } })).toBeGreaterThanOrEqual(10_000)
  expect(estimateSize(new Uint8Array(10_000))).toBeGreaterThanOrEqual(10_000)
  expect(estimateSize(Array.from({ length: 100_000 }, () => 1))).toBeGreaterThan(700_000)
})

test('a span counts its strings', () => {
  const context = new SpanContext({ spanId: '00f067aa0ba902b7' })
  const text = 'x'.repeat(4_000)
  const span = (rest: object) => SpanData.from({ name: 'a', context, startTimeUnixMs: 0, endTimeUnixMs: 1, ...rest })
  const bare = estimateSize(span({}))
  expect(bare).toBeGreaterThan(400)
  expect(bare).toBeLessThan(1_000)
  expect(estimateSize(span({ attributes: { a: text, b: text } })) - bare).toBeGreaterThan(8_000)
  expect(estimateSize(span({ annotations: [{ timeUnixMs: 0, description: text, attributes: { a: text } }] })) - bare).toBeGreaterThan(8_000)
  expect(
    estimateSize(span({ links: [{ traceId: context.traceId, spanId: context.spanId, attributes: { a: text } }] })) - bare,
  ).toBeGreaterThan(4_000)
  const error = { stack: Array.from({ length: 100 }, (_, at) => `    at call${at} (file:///srv/app.js:${at}:1)`).join('\n') }
  const stackTrace = StackTrace.fromError(error)!
  const withoutFrames = estimateSize(span({ stackTrace: new StackTrace() }))
  expect(estimateSize(span({ stackTrace })) - withoutFrames).toBe(error.stack.length)
  expect(stackTrace.frames).toHaveLength(100)
  expect(estimateSize(span({ stackTrace })) - withoutFrames).toBe(100 * 150)
  const foreign = { ...span({}), name: 'a', spanId: '1', context, startTimeUnixMs: 0, endTimeUnixMs: 1 }
  const frames = stackTrace.frames
  expect(estimateSize({ ...foreign, stackTrace: { frames } }) - estimateSize(foreign)).toBeGreaterThan(4_000)
})

test('cycles and unlimited depth terminate', () => {
  const circle: Record<string, unknown> = {}
  Object.assign(circle, { a: circle, b: [circle, circle], c: circle })
  expect(estimateSize(circle)).toBeLessThan(1e6)
  let deep: unknown = 'x'
  for (let i = 0; i < 10_000; i++) deep = [deep]
  expect(estimateSize(deep)).toBeLessThan(1_000)
})

test('a value that is not an object has a small size', () => {
  for (const item of [undefined, null, 1, 5n, true, Symbol('a'), () => {}]) expect(estimateSize(item)).toBeLessThan(100)
})
