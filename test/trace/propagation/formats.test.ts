import { fc } from '../../fast-check.js'
import { describe, expect, test } from 'vitest'
import { B3Propagator } from '../../../src/trace/propagation/b3.js'
import { B3MultiPropagator } from '../../../src/trace/propagation/b3-multi.js'
import { B3SinglePropagator } from '../../../src/trace/propagation/b3-single.js'
import { BinaryPropagator } from '../../../src/trace/propagation/binary.js'
import { getterOf } from '../../../src/trace/propagation/carrier.js'
import { CompositePropagator } from '../../../src/trace/propagation/composite.js'
import { GoogleCloudPropagator } from '../../../src/trace/propagation/google-cloud.js'
import { JaegerPropagator } from '../../../src/trace/propagation/jaeger.js'
import type { Propagator } from '../../../src/trace/propagation/propagator.js'
import { TextMapPropagator } from '../../../src/trace/propagation/opencensus-text.js'
import { TraceContextPropagator } from '../../../src/trace/propagation/trace-context.js'
import { SpanContext } from '../../../src/trace/context/span-context.js'
import { TraceState } from '../../../src/trace/context/trace-state.js'
import { mutated, randomFrom } from '../../faults/mutate.js'

/** Mutated headers for each format. */
const ROUNDS = Number(process.env.FUZZ_HEADERS ?? 20_000)

interface Format {
  readonly propagator: Propagator
  /** The options that survive the format. */
  readonly options: number
  readonly keepsState: boolean
}

const formats: Readonly<Record<string, Format>> = {
  'W3C Trace Context': { propagator: new TraceContextPropagator(), options: 0x03, keepsState: true },
  'B3 single': { propagator: new B3SinglePropagator(), options: 0x01, keepsState: false },
  'B3 multi': { propagator: new B3MultiPropagator(), options: 0x01, keepsState: false },
  'B3 either, written single': { propagator: new B3Propagator({ single: true }), options: 0x01, keepsState: false },
  Jaeger: { propagator: new JaegerPropagator(), options: 0x01, keepsState: false },
  'Google Cloud': { propagator: new GoogleCloudPropagator(), options: 0x01, keepsState: false },
  'OpenCensus binary': { propagator: new BinaryPropagator(), options: 0xff, keepsState: false },
  'text map': { propagator: new TextMapPropagator(), options: 0xff, keepsState: false },
  composite: {
    propagator: new CompositePropagator([new TraceContextPropagator(), new B3Propagator(), new GoogleCloudPropagator()]),
    options: 0x03,
    keepsState: true,
  },
}

const hexId = (digits: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: digits, maxLength: digits }).filter((id) => /[^0]/.test(id))
const stateKey = fc.stringMatching(/^[a-z][a-z0-9_*/-]{0,20}$/)
const stateValue = fc.stringMatching(/^[!-+\--<>-~]{1,20}$/)
const contexts = fc
  .record({
    traceId: hexId(32),
    spanId: hexId(16),
    options: fc.integer({ min: 0, max: 255 }),
    state: fc.uniqueArray(fc.tuple(stateKey, stateValue), { maxLength: 5, selector: ([key]) => key }),
  })
  .map(({ state, ...init }) => {
    const traceState = state.reduce((all, [key, value]) => all.set(key, value), TraceState.EMPTY)
    return new SpanContext({ ...init, ...(state.length > 0 && { traceState }) })
  })

function injected(propagator: Propagator, context: SpanContext): Record<string, string> {
  const headers: Record<string, string> = {}
  propagator.inject(context, (name, value) => {
    headers[name] = value
  })
  return headers
}

describe.each(Object.entries(formats))('%s', (_name, { propagator, options, keepsState }) => {
  test('reads its own output', () => {
    fc.assert(
      fc.property(contexts, (context) => {
        const read = propagator.extract(getterOf(injected(propagator, context)))
        expect(read?.traceId).toBe(context.traceId)
        expect(read?.spanId).toBe(context.spanId)
        expect(read?.options).toBe(context.options & options)
        expect(read?.fromHeader).toBe(true)
        if (keepsState) expect(read?.traceState?.toString()).toBe(context.traceState?.toString())
      }),
    )
  })

  test('lists the headers that it writes', () => {
    const context = new SpanContext({ spanId: '00f067aa0ba902b7', traceState: 'a=1' })
    expect([...(propagator.fields ?? [])].sort()).toEqual(expect.arrayContaining(Object.keys(injected(propagator, context)).sort()))
  })

  test(`${ROUNDS} mutated headers give a valid context or none, and never throw`, () => {
    const random = randomFrom(7)
    const seed = injected(
      propagator,
      new SpanContext({ traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8), sampled: true, traceState: 'k=v,l=w' }),
    )
    for (let round = 0; round < ROUNDS; round++) {
      const headers = Object.fromEntries(Object.entries(seed).map(([name, value]) => [name, mutated(value, random)]))
      const context = propagator.extract(getterOf(headers))
      if (context === undefined) continue
      if (!/^(?!0{32})[\da-f]{32}$/.test(context.traceId) || !/^(?!0{16})[\da-f]{16}$/.test(context.spanId)) {
        expect.fail(`${JSON.stringify(headers)} gave ${context.traceId} ${context.spanId}`)
      }
      // What was read can be written again.
      injected(propagator, context)
    }
  })

  test('a value that is not a string is ignored', () => {
    for (const junk of [
      undefined,
      null,
      1,
      {},
      [],
      [[]],
      Symbol('x'),
      () => 'x',
      new Proxy(
        {},
        {
          get: () => {
            throw new Error('trap')
          },
        },
      ),
    ]) {
      expect(propagator.extract(getterOf(Object.fromEntries((propagator.fields ?? []).map((name) => [name, junk]))))).toBeUndefined()
      expect(propagator.extract(getterOf(junk as object))).toBeUndefined()
    }
  })
})

test('a composite writes all formats and reads the first one present', () => {
  const composite = new CompositePropagator([new TraceContextPropagator(), new B3SinglePropagator()])
  const context = new SpanContext({ traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8), sampled: true })
  expect(injected(composite, context)).toEqual({
    traceparent: `00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-01`,
    b3: `${'ab'.repeat(16)}-${'cd'.repeat(8)}-1`,
  })
  expect(composite.extract(getterOf({ traceparent: 'junk', b3: `${'12'.repeat(16)}-${'34'.repeat(8)}` }))?.traceId).toBe('12'.repeat(16))
})

test('the binary form of 0 to 64 random bytes is never read past its end', () => {
  const binary = new BinaryPropagator()
  fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => void binary.fromBytes(bytes)))
})

test('the binary form may be in the middle of a larger buffer', () => {
  const binary = new BinaryPropagator()
  const bytes = binary.toBytes(new SpanContext({ traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8), options: 1 }))
  const larger = new Uint8Array(100)
  larger.set(bytes, 50)
  expect(binary.fromBytes(larger.subarray(50, 79))?.spanId).toBe('cd'.repeat(8))
})

const JAEGER_SPAN = '00000000000000cd'

test.each([
  [`${'ab'.repeat(16)}:${'cd'.repeat(8)}:0:1`, 'ab'.repeat(16), 'cd'.repeat(8), true],
  ['AB:CD:0:1', 'ab'.padStart(32, '0'), JAEGER_SPAN, true],
  ['ab%3Acd%3a%3A01', 'ab'.padStart(32, '0'), JAEGER_SPAN, true],
  ['ab:cd:ef:0', 'ab'.padStart(32, '0'), JAEGER_SPAN, false],
  ['ab:cd:0:2', 'ab'.padStart(32, '0'), JAEGER_SPAN, true],
  ['ab:cd:0:8', 'ab'.padStart(32, '0'), JAEGER_SPAN, false],
])('the context of Jaeger in %s is read', (header, traceId, spanId, sampled) => {
  expect(new JaegerPropagator().extract(getterOf({ 'Uber-Trace-Id': header }))).toMatchObject({ traceId, spanId, sampled })
})

test.each(['ab:cd:0', 'ab:cd:0:1:1', '0:cd:0:1', 'ab:0:0:1', 'ab:cd:0:', 'ab:cd:0:100', `${'a'.repeat(33)}:cd:0:1`, 'xy:cd:0:1', '%3A%'])(
  'the header %s is not a context of Jaeger',
  (header) => {
    expect(new JaegerPropagator().extract(getterOf({ 'uber-trace-id': header }))).toBeUndefined()
  },
)
