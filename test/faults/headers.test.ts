import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openMetricsEncoder } from '../../src/exporters/prometheus/format/openmetrics.js'
import { distribution } from '../../src/stats/views/aggregation.js'
import { decodeTagsBinary, encodeTagsBinary } from '../../src/stats/tags/tag-codec-binary.js'
import { Stats } from '../../src/stats/stats.js'
import { TagMap } from '../../src/stats/tags/tag-map.js'
import { ManualClock } from '../../src/testing/manual-clock.js'
import { AlwaysOffSampler, AlwaysOnSampler } from '../../src/trace/sampling/constant-samplers.js'
import { B3Propagator } from '../../src/trace/propagation/b3.js'
import { parseBaggage, TagBaggage } from '../../src/trace/propagation/baggage.js'
import { BinaryPropagator } from '../../src/trace/propagation/binary.js'
import { type ReadableCarrier } from '../../src/trace/propagation/carrier.js'
import { GoogleCloudPropagator } from '../../src/trace/propagation/google-cloud.js'
import type { Propagator } from '../../src/trace/propagation/propagator.js'
import { TraceContextPropagator } from '../../src/trace/propagation/trace-context.js'
import { RateLimitingSampler } from '../../src/trace/sampling/rate-limiting-sampler.js'
import { SpanContext } from '../../src/trace/context/span-context.js'
import { TracerCore, type TracerCoreOptions } from '../../src/trace/tracer-core.js'
import { selfValue } from '../exporters/self-value.js'
import { bytesOf } from '../exporters/prometheus/format/metric-samples.js'
import { readOpenMetrics } from '../exporters/prometheus/format/strict-openmetrics-reader.js'
import { get, RawClient } from './raw-client.js'

const T = '0af7651916cd43dd8448eb211c80319c'
const S = 'b7ad6b7169203331'
const PARENT = `00-${T}-${S}-01`

function tracerWith(options: Partial<TracerCoreOptions> = {}): TracerCore {
  return new TracerCore({
    sampler: new AlwaysOnSampler(),
    propagator: new TraceContextPropagator(),
    stats: new Stats(),
    baggage: new TagBaggage({ allow: ['tenant'] }),
    ...options,
  })
}

/** What a propagator makes of these headers, as `trace id/span id/options`. */
function read(propagator: Propagator, carrier: ReadableCarrier): string | undefined {
  const context = tracerWith({ propagator }).extract(carrier)
  return context && `${context.traceId}/${context.spanId}/${context.options}`
}

const w3c = new TraceContextPropagator()
let server: Server
let onRequest: (headers: NodeJS.Dict<string | string[]>) => void
beforeAll(async () => {
  server = createServer((request, response) => {
    onRequest(request.headers)
    response.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterAll(() => new Promise((resolve) => server.close(resolve)))

/** The parent that a tracer finds in headers that came over a socket. */
async function received(...lines: string[]): Promise<SpanContext | undefined> {
  let context: SpanContext | undefined
  onRequest = (headers) => (context = tracerWith().extract(headers))
  const client = new RawClient((server.address() as AddressInfo).port, get(...lines))
  await client.closed
  expect(client.statuses).toEqual([200])
  return context
}

test('a malformed traceparent starts a new trace, and surrounding blanks are ignored', async () => {
  const damaged = [
    PARENT.toUpperCase(),
    PARENT.slice(0, -1),
    `${PARENT}0`,
    `ff-${T}-${S}-01`,
    `00-${'0'.repeat(32)}-${S}-01`,
    `00-${T}-${'0'.repeat(16)}-01`,
    `${PARENT}-more`,
    '',
    'null',
    '\xff\xfe',
  ]
  for (const header of damaged) expect(await received(`traceparent: ${header}`), header).toBeUndefined()
  expect((await received(`traceparent:  \t ${PARENT} \t `))?.spanId).toBe(S)
  expect((await received(`traceparent: cc-${T}-${S}-01-what-comes-later`))?.spanId).toBe(S)
})

test('two traceparent headers are ignored', async () => {
  expect(await received(`traceparent: ${PARENT}`, `traceparent: ${PARENT}`)).toBeUndefined()
  expect(await received(`traceparent: ${PARENT}`, `TraceParent: 00-${'ab'.repeat(16)}-${S}-01`)).toBeUndefined()
  const later = `cc-${T}-${S}-01-more`
  expect(await received(`traceparent: ${later}`)).toBeDefined()
  expect(await received(`traceparent: ${later}`, `traceparent: ${later}`)).toBeUndefined()
  expect(read(w3c, { traceparent: [PARENT, PARENT] })).toBeUndefined()
  expect(read(w3c, [['traceparent', PARENT], ['Traceparent', PARENT]])).toBeUndefined() // biome-ignore format: pairs
  expect(read(w3c, ['traceparent', PARENT, 'traceparent', PARENT])).toBeUndefined()
})

test('a malformed tracestate is dropped, and the parent is kept', async () => {
  const members = (count: number) => Array.from({ length: count }, (_, at) => `k${at}=${at}`).join(',')
  for (const state of [members(33), `a=${'x'.repeat(600)}`, 'A=1', 'a=\xe9', 'a', `${'k'.repeat(257)}=1`]) {
    const context = await received(`traceparent: ${PARENT}`, `tracestate: ${state}`)
    expect([context?.spanId, context?.traceState], state).toEqual([S, undefined])
  }
  const several = await received(`traceparent: ${PARENT}`, 'tracestate: a=1,', 'tracestate: ,b=2', 'tracestate:')
  expect(several?.traceState?.toString()).toBe('a=1,b=2')
  const doubled = await received(`traceparent: ${PARENT}`, 'tracestate: a=1,b=2,a=3')
  expect(doubled?.traceState?.toString()).toBe('a=1,b=2')
  expect(await received('traceparent: junk', 'tracestate: a=1')).toBeUndefined()
})

test('two trace flags are read, and the others are written as 0', () => {
  for (const [flags, options] of [
    ['ff', 3],
    ['fc', 0],
    ['05', 1],
    ['0a', 2],
  ] as const) {
    expect(read(w3c, { traceparent: `00-${T}-${S}-${flags}` })).toBe(`${T}/${S}/${options}`)
  }
  const headers: Record<string, string> = {}
  w3c.inject(new SpanContext({ traceId: T, spanId: S, options: 0xff }), (name, value) => (headers[name] = value))
  expect(headers).toEqual({ traceparent: `00-${T}-${S}-03` })
})

test('baggage beyond its limits is cut, and an undecodable member is skipped', () => {
  const many = Array.from({ length: 500 }, (_, at) => `k${at}=1`).join(',')
  expect(parseBaggage(many)).toHaveLength(180)
  expect(parseBaggage(`a=${'x'.repeat(4_095)},b=1`)).toEqual([['b', '1']])
  expect(parseBaggage(`${`a=${'x'.repeat(3_000)},`.repeat(4)}tenant=late`).map(([key]) => key)).toEqual(['a'])
  expect(parseBaggage('a=%,b=%E0%A4,c=%zz,d=1,=2,__proto__=3')).toEqual([['d', '1'], ['__proto__', '3']]) // biome-ignore format: pairs
  const tracer = tracerWith()
  expect([...tracer.extractTags({ baggage: `${'x=1,'.repeat(3_000)}tenant=late` })]).toEqual([])
  expect([...tracer.extractTags({ baggage: 'tenant=%E0,tenant=eu,secret=1' })]).toEqual([['tenant', 'eu']])
  expect(Object.getOwnPropertyNames(Object.prototype)).not.toContain('tenant')
})

test('X-Cloud-Trace-Context accepts a decimal span id of at most 64 bits', () => {
  const cloud = new GoogleCloudPropagator()
  const header = (text: string) => read(cloud, { 'x-cloud-trace-context': text })
  expect(header(`${T}/18446744073709551615;o=1`)).toBe(`${T}/${'f'.repeat(16)}/1`)
  expect(header(`${T}/9007199254740993;o=0`)).toBe(`${T}/0020000000000001/0`) // more than a double can represent
  expect(header(`${T}/1`)).toBe(`${T}/0000000000000001/0`)
  expect(header(`${T}/1;o=9`)).toBe(`${T}/0000000000000001/9`) // a byte of options, of which bit 0 says sampled
  const junk = [
    `${T}/18446744073709551616;o=1`,
    `${T}/0;o=1`,
    `${T}/-1;o=1`,
    `${T}/1e3`,
    `${T}/0x10`,
    `${T}/ 1`,
    `${T.slice(1)}/1`,
    `${T}0/1`,
  ]
  for (const text of [...junk, `g${T.slice(1)}/1`, `${T}/1;o=x`, `${T}/1;o=`, `${T}/`, T, '/', ''])
    expect(header(text), text).toBeUndefined()
})

test('single and multi-header B3 are parsed by their rules, and malformed values start a new trace', () => {
  const b3 = new B3Propagator()
  const single = (text: string) => read(b3, { b3: text })
  expect(single(`${T}-${S}-d`)).toBe(`${T}/${S}/1`)
  expect(single(`${T.slice(16)}-${S}-0`)).toBe(`${'0'.repeat(16)}${T.slice(16)}/${S}/0`)
  expect(single(`${T}-${S}-1-${S}`)).toBe(`${T}/${S}/1`)
  for (const text of [
    '0',
    '1',
    'd',
    '',
    '-',
    `${T}-${S}-x`,
    `${T}-${S}-1-`,
    `${T}-${S}-1-${S}-1`,
    `${T.slice(1)}-${S}-1`,
    `${T}-${S}0-1`,
  ]) {
    expect(single(text), text).toBeUndefined()
  }
  const multi = (sampled: string, flags = '') =>
    read(b3, { 'X-B3-TraceId': T, 'X-B3-SpanId': S, 'X-B3-Sampled': sampled, 'X-B3-Flags': flags })
  // Debug says more than a decision against; what says nothing leaves it to the sampler.
  expect([multi('0', '1'), multi('1', '0'), multi('0'), multi('maybe'), multi('true')].map((context) => context?.at(-1))).toEqual([
    ...'11001',
  ])
  expect(read(b3, { 'X-B3-TraceId': T, 'X-B3-Sampled': '1' })).toBeUndefined()
  expect(read(b3, { 'X-B3-SpanId': S, 'X-B3-Sampled': '1' })).toBeUndefined()
})

test('a binary trace context is never read past its end, and an unknown field ends the parsing', () => {
  const binary = new BinaryPropagator()
  const whole = binary.toBytes(new SpanContext({ traceId: T, spanId: S, sampled: true }))
  const optionsAt = 27
  for (let length = 0; length < whole.length; length++) {
    // Behind the end lies a whole context, which must not be seen.
    const memory = Buffer.concat([whole.subarray(0, length), whole, whole])
    const context = binary.fromBytes(memory.subarray(0, length))
    // Without the options field the context is whole; with the field but not its value it is cut off.
    if (length === optionsAt) expect(context?.toJSON(), `${length} bytes`).toEqual({ traceId: T, spanId: S, options: 0 })
    else expect(context, `${length} bytes`).toBeUndefined()
  }
  const later = Buffer.concat([whole, Buffer.from([9, 1, 2, 3])])
  expect(binary.fromBytes(later)?.spanId).toBe(S)
  for (const [at, value] of [
    [0, 1],
    [1, 9],
    [18, 9],
  ] as const) {
    const unknown = Buffer.from(whole)
    unknown[at] = value
    expect(binary.fromBytes(unknown)).toBeUndefined()
  }
  const unknownOptions = Buffer.from(whole)
  unknownOptions[optionsAt] = 9
  expect(binary.fromBytes(unknownOptions)?.toJSON()).toEqual({ traceId: T, spanId: S, options: 0 })
  for (const text of ['', '=', '====', 'AA', '%%%', 'A'.repeat(2_000)])
    expect(read(binary, { 'grpc-trace-bin': text }), text).toBeUndefined()
})

test('a binary tag context that is too long, overflows or is not ASCII is refused and counted', () => {
  const dropped = (reason: string) => selfValue('tallyscope_tag_propagation_dropped_total', 'received', reason)
  const before = ['malformed', 'too_large'].map(dropped)
  const overflowing = [0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]
  const whole = [...encodeTagsBinary(TagMap.of({ good: 'tag' }))!]
  const malformed = [
    overflowing,
    [...whole, ...overflowing.slice(1)],
    [...whole, 0, 1, 0x61, 1, 0xe9],
    [...whole, 0, 1, 0x61, 100, 0x61],
    [7],
  ]
  for (const bytes of malformed) expect(decodeTagsBinary(Uint8Array.from(bytes))).toBeUndefined()
  const long = Array.from({ length: 40 }, (_, at) => [0, 2, 0x61 + (at % 26), 0x61, 0xff, 1, ...new Array<number>(255).fill(0x78)]).flat()
  expect(decodeTagsBinary(Uint8Array.from([0, ...long]))).toBeUndefined()
  expect(decodeTagsBinary(new Uint8Array(100_000))).toBeUndefined()
  expect(['malformed', 'too_large'].map((reason, at) => dropped(reason) - before[at]!)).toEqual([malformed.length, 2])
})

test('callers that mark every request as sampled get no more than a rate-limiting sampler allows', () => {
  const clock = new ManualClock()
  const tracer = tracerWith({ sampler: new RateLimitingSampler({ perSecond: 5, clock }), clock })
  let sampled = 0
  for (let request = 0; request < 10_000; request++) {
    clock.advance(1)
    const parent = tracer.extract({ traceparent: `00-${T}-${(request + 1).toString(16).padStart(16, '0')}-01` })!
    const span = tracer.startDetachedSpan('request', { parent })
    expect(span.traceId).toBe(T)
    if (span.sampled) sampled++
    span.end()
  }
  expect(sampled).toBeGreaterThanOrEqual(50)
  expect(sampled).toBeLessThanOrEqual(55)
  const never = tracerWith({ sampler: new AlwaysOffSampler() })
  expect(never.startDetachedSpan('request', { parent: never.extract({ traceparent: PARENT })! }).sampled).toBe(false)
})

test('a trace id from a header reaches an exemplar only if it is hexadecimal', async () => {
  const stats = new Stats()
  const tracer = tracerWith({ stats })
  const measure = stats.measure('took')
  stats.viewManager.registerView({ name: 'took', measure, aggregation: distribution([1, 2, 4, 8]) })
  const ids = [T, `${T.slice(0, 30)}"}`, `${T.slice(0, 31)}\n`, '# EOF'.padEnd(32, '0'), T.toUpperCase()]
  ids.forEach((id, at) => {
    tracer.withRemoteParent(tracer.extract({ traceparent: `00-${id}-${S}-01` }), () =>
      tracer.span('request', () => stats.record(measure, 2 ** at - 0.5)),
    )
  })
  const document = String(await bytesOf(openMetricsEncoder().encode(await stats.getFamilies!())))
  readOpenMetrics(document) // throws where it is not valid
  const traceIds = [...document.matchAll(/trace_id="([^"]*)"/g)].map(([, id]) => id!)
  expect(traceIds).toHaveLength(5)
  expect(traceIds.filter((id) => /^(?!0{32})[\da-f]{32}$/.test(id))).toHaveLength(5)
  expect(traceIds.filter((id) => id === T)).toHaveLength(1)
})

test('carriers with arrays, missing values, other types and throwing getters are read as far as possible', () => {
  const trap = new Proxy({}, { get: trapped })
  const revoked = Proxy.revocable({}, {})
  revoked.revoke()
  const odd: unknown[] = [
    undefined,
    null,
    1,
    'text',
    Symbol('x'),
    [],
    [[]],
    [[PARENT]],
    trap,
    revoked.proxy,
    new Map(),
    new Date(),
    () => PARENT,
  ]
  for (const carrier of odd) expect(read(w3c, carrier as object)).toBeUndefined()
  for (const value of [undefined, null, 7, {}, [], [undefined], [[PARENT]], { toString: () => PARENT }]) {
    expect(read(w3c, { traceparent: value })).toBeUndefined()
  }
  expect(read(w3c, { traceparent: [PARENT] })).toBe(`${T}/${S}/1`)
  expect(read(w3c, { traceparent: PARENT, tracestate: [undefined, 'a=1', 7] })).toBe(`${T}/${S}/1`)
})

function trapped(): never {
  throw new Error('trap')
}
