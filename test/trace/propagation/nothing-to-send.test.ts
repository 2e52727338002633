import { describe, expect, test } from 'vitest'
import { B3MultiPropagator } from '../../../src/trace/propagation/b3-multi.js'
import { B3SinglePropagator } from '../../../src/trace/propagation/b3-single.js'
import { B3Propagator } from '../../../src/trace/propagation/b3.js'
import { BinaryPropagator } from '../../../src/trace/propagation/binary.js'
import { GoogleCloudPropagator } from '../../../src/trace/propagation/google-cloud.js'
import { JaegerPropagator } from '../../../src/trace/propagation/jaeger.js'
import type { Propagator } from '../../../src/trace/propagation/propagator.js'
import { TextMapPropagator } from '../../../src/trace/propagation/opencensus-text.js'
import { TraceContextPropagator } from '../../../src/trace/propagation/trace-context.js'
import { SpanContext } from '../../../src/trace/context/span-context.js'

const propagators: [string, Propagator][] = [
  ['b3', new B3Propagator()],
  ['b3 single', new B3SinglePropagator()],
  ['b3 multi', new B3MultiPropagator()],
  ['binary', new BinaryPropagator()],
  ['jaeger', new JaegerPropagator()],
  ['google cloud', new GoogleCloudPropagator()],
  ['text map', new TextMapPropagator()],
  ['trace context', new TraceContextPropagator()],
]
const traceId = 'a'.repeat(32)

function sent(propagator: Propagator, context: SpanContext): Record<string, unknown> {
  const headers: Record<string, unknown> = {}
  propagator.inject(context, (key, value) => (headers[key] = value))
  return headers
}

describe.each(propagators)('%s', (_name, propagator) => {
  test('sends nothing for a context without a span', () => {
    expect(sent(propagator, new SpanContext({ traceId, spanId: '0'.repeat(16) }))).toEqual({})
  })

  test('sends only its listed headers, and reads nothing if there are none', () => {
    const names = Object.keys(sent(propagator, new SpanContext({ traceId, spanId: 'b'.repeat(16), options: 1 })))
    expect(names.length).toBeGreaterThan(0)
    expect(names.map((name) => name.toLowerCase()).filter((name) => !propagator.fields!.includes(name))).toEqual([])
    expect(propagator.extract(() => undefined)).toBe(undefined)
  })
})

test('the text format without a span id continues the trace without a parent, as OpenCensus does', () => {
  const context = new TextMapPropagator().extract(
    (name) => ({ 'opencensus-trace-traceid': traceId, 'opencensus-trace-traceoptions': '1' })[name],
  )
  expect(context).toMatchObject({ traceId, isValid: false, sampled: true, fromHeader: true })
  expect(
    new TextMapPropagator().extract((name) => ({ 'opencensus-trace-traceid': traceId, 'opencensus-trace-spanid': 'x' })[name]),
  ).toBeUndefined()
})

describe('options of the text carrier', () => {
  test.each([
    ['0', 0],
    ['1', 1],
    ['255', 255],
    ['256', 1],
    ['-1', 1],
    ['one', 1],
    ['', 1],
  ])('%j are %d', (options, read) => {
    const carrier: Record<string, string> = sent(new TextMapPropagator(), new SpanContext({ traceId, spanId: 'b'.repeat(16) })) as never
    const key = Object.keys(carrier).find((name) => name.toLowerCase().includes('option'))!
    carrier[key] = options
    expect(new TextMapPropagator().extract((name) => carrier[name])?.options).toBe(read)
  })
})
