import { expect, test } from 'vitest'
import type { Encoder } from '../../src/exporters/prometheus/format/encoder.js'
import { headerClauses } from '../../src/exporters/prometheus/http/accept-header.js'
import { negotiateFormat, prefersGzip } from '../../src/exporters/prometheus/http/negotiation.js'
import { openMetricsEncoder } from '../../src/exporters/prometheus/format/openmetrics.js'
import { protobufEncoder } from '../../src/exporters/prometheus/format/protobuf.js'
import { textEncoder } from '../../src/exporters/prometheus/format/text-encoder.js'
import { decodeTagsBinary, encodeTagsBinary } from '../../src/stats/tags/tag-codec-binary.js'
import { decodeTagsText, encodeTagsText } from '../../src/stats/tags/tag-codec-text.js'
import { TagMap } from '../../src/stats/tags/tag-map.js'
import { B3Propagator } from '../../src/trace/propagation/b3.js'
import { formatBaggage, parseBaggage } from '../../src/trace/propagation/baggage.js'
import { BinaryPropagator } from '../../src/trace/propagation/binary.js'
import { GoogleCloudPropagator } from '../../src/trace/propagation/google-cloud.js'
import type { Propagator } from '../../src/trace/propagation/propagator.js'
import { TextMapPropagator } from '../../src/trace/propagation/opencensus-text.js'
import { TraceContextPropagator } from '../../src/trace/propagation/trace-context.js'
import { SpanContext } from '../../src/trace/context/span-context.js'
import { TraceState } from '../../src/trace/context/trace-state.js'
import { amount, figure, seed } from './amount.js'
import { mutated, mutatedBytes, randomFrom } from './mutate.js'

const ROUNDS = amount(100_000, 1_000_000)
const TIMEOUT_MS = 600_000
const CONTEXT = new SpanContext({ traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8), sampled: true, traceState: 'k=v,tenant@l=w' })
const ID_PAIR = /^(?!0{32})[\da-f]{32} (?!0{16})[\da-f]{16}$/
const TRACE_ALONE = /^(?!0{32})[\da-f]{32} 0{16}$/

/** Puts mutated headers before a propagator: what it takes has valid ids and can be written again. Gives how many it took. */
function fuzz(propagator: Propagator, valid: readonly RegExp[] = [ID_PAIR]): number {
  const random = randomFrom(seed())
  const headers = new Map<string, string>()
  propagator.inject(CONTEXT, (name, value) => headers.set(name, value))
  const whole = [...headers]
  let taken = 0
  const names = whole.map(([name]) => name)
  for (let round = 0; round < ROUNDS; round++) {
    const at = random(names.length)
    for (let i = 0; i < whole.length; i++)
      headers.set(names[i]!, i === at || random(3) === 0 ? mutated(whole[i]![1], random) : whole[i]![1])
    const context = propagator.extract((name) => headers.get(name))
    if (context === undefined) continue
    taken++
    if (!valid.some((ids) => ids.test(`${context.traceId} ${context.spanId}`)) || !context.fromHeader) {
      expect.fail(`${JSON.stringify([...headers])} gave ${context.traceId} ${context.spanId}`)
    }
    propagator.inject(context, () => {})
  }
  return taken
}

/** Some are still right, or the test shows nothing; most are not. */
function isSome(taken: number): void {
  figure('header parsers', `${ROUNDS} ${expect.getState().currentTestName}: ${taken} valid`)
  expect(taken).toBeGreaterThan(ROUNDS / 1_000)
  expect(taken).toBeLessThan(ROUNDS * 0.9)
}

test(
  'mutated traceparents and tracestates result in a valid context or none',
  () => {
    isSome(fuzz(new TraceContextPropagator()))
  },
  TIMEOUT_MS,
)

test(
  'mutated multi-header B3 results in a valid context or none',
  () => {
    isSome(fuzz(new B3Propagator()))
  },
  TIMEOUT_MS,
)

test(
  'mutated single B3 headers result in a valid context or none',
  () => {
    isSome(fuzz(new B3Propagator({ single: true })))
  },
  TIMEOUT_MS,
)

test(
  'mutated X-Cloud-Trace-Context headers result in a valid context or none',
  () => {
    isSome(fuzz(new GoogleCloudPropagator()))
  },
  TIMEOUT_MS,
)

test(
  'mutated grpc-trace-bin headers result in a valid context or none',
  () => {
    isSome(fuzz(new BinaryPropagator()))
  },
  TIMEOUT_MS,
)

test(
  'mutated OpenCensus text headers result in a valid context or none',
  () => {
    isSome(fuzz(new TextMapPropagator(), [ID_PAIR, TRACE_ALONE])) // without a span id the trace is continued
  },
  TIMEOUT_MS,
)

test(
  'mutated binary trace contexts result in a valid context or none',
  () => {
    const random = randomFrom(seed())
    const binary = new BinaryPropagator()
    const whole = binary.toBytes(CONTEXT)
    let taken = 0
    for (let round = 0; round < ROUNDS; round++) {
      const bytes = mutatedBytes(whole, random)
      const context = binary.fromBytes(bytes)
      if (context === undefined) continue
      taken++
      if (bytes.length < 27 || !ID_PAIR.test(`${context.traceId} ${context.spanId}`)) expect.fail(`${Buffer.from(bytes).toString('hex')}`)
    }
    isSome(taken)
  },
  TIMEOUT_MS,
)

test(
  'mutated tracestates are kept completely and valid, or dropped',
  () => {
    const random = randomFrom(seed())
    const whole = Array.from({ length: 8 }, (_, at) => `k${at}_-*/@v=value ${at}`).join(',')
    let taken = 0
    for (let round = 0; round < ROUNDS; round++) {
      const state = TraceState.parse(mutated(whole, random))
      if (state === undefined) continue
      taken++
      const text = state.toString()
      if (text.length > 512 || state.size > 32 || TraceState.parse(text)?.toString() !== text) expect.fail(text)
    }
    isSome(taken)
  },
  TIMEOUT_MS,
)

test(
  'mutated baggage results in pairs that can be written and read again',
  () => {
    const random = randomFrom(seed())
    const whole = 'userId=Am%C3%A9lie,serverNode=DF%2028;p=1, tenant = a , k=1=2'
    let pairs = 0
    for (let round = 0; round < ROUNDS; round++) {
      const entries = parseBaggage(mutated(whole, random))
      pairs += entries.length
      if (round % 10 > 0) continue
      const again = parseBaggage(formatBaggage(entries))
      if (JSON.stringify(again) !== JSON.stringify(entries.map(([key, value]) => [key, value.toWellFormed()])))
        expect.fail(JSON.stringify(entries))
    }
    expect(pairs).toBeGreaterThan(ROUNDS)
  },
  TIMEOUT_MS,
)

test(
  'mutated text tag contexts are read completely or not at all',
  () => {
    const random = randomFrom(seed())
    const whole = encodeTagsText(TagMap.of({ method: 'GET', tenant: 'a,b=c%', region: 'eu-1' }))!
    let taken = 0
    for (let round = 0; round < ROUNDS; round++) {
      const tags = decodeTagsText(mutated(whole, random))
      if (tags === undefined) continue
      taken++
      if (encodeTagsText(tags) === undefined) expect.fail(JSON.stringify([...tags]))
    }
    isSome(taken)
  },
  TIMEOUT_MS,
)

test(
  'mutated binary tag contexts are read completely or not at all',
  () => {
    const random = randomFrom(seed())
    const whole = encodeTagsBinary(TagMap.of({ method: 'GET', tenant: 'a,b=c%', region: 'eu-1' }))!
    let taken = 0
    for (let round = 0; round < ROUNDS; round++) {
      const tags = decodeTagsBinary(mutatedBytes(whole, random))
      if (tags === undefined) continue
      taken++
      if (encodeTagsBinary(tags) === undefined) expect.fail(JSON.stringify([...tags]))
    }
    isSome(taken)
  },
  TIMEOUT_MS,
)

test(
  'the response to a mutated Accept header is one of the three formats and does not contain the header',
  () => {
    const random = randomFrom(seed())
    const offers: [Encoder, ...Encoder[]] = [textEncoder, openMetricsEncoder(), protobufEncoder]
    const accepts = [
      'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
      'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,*/*;q=0.1',
      'text/html, "a;b,c"/x;q="0.5", text/plain; charset="utf\\-8"',
    ]
    const known = new Set(
      offers.flatMap(({ contentType }) =>
        ['', '; escaping=allow-utf-8', '; escaping=underscores', '; escaping=values'].map((end) => contentType + end),
      ),
    )
    const seen = new Set<string>()
    for (let round = 0; round < ROUNDS; round++) {
      const accept = mutated(accepts[round % accepts.length]!, random)
      const { contentType } = negotiateFormat(accept, offers)
      seen.add(contentType)
      if (!known.has(contentType)) expect.fail(JSON.stringify(accept))
      prefersGzip(accept)
      for (const { q } of headerClauses(accept)) if (!(q >= 0 && q <= 1)) expect.fail(JSON.stringify(accept))
    }
    figure('Accept parser', `${ROUNDS} mutated headers, each answered with one of ${seen.size} content types`)
    expect(seen.size).toBeGreaterThanOrEqual(4)
  },
  TIMEOUT_MS,
)
