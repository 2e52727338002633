import { expect, test } from 'vitest'
import { hasBearerToken } from '../../src/serving/bearer-auth.js'
import type { Encoder } from '../../src/exporters/prometheus/format/encoder.js'
import { negotiateFormat, prefersGzip } from '../../src/exporters/prometheus/http/negotiation.js'
import { openMetricsEncoder } from '../../src/exporters/prometheus/format/openmetrics.js'
import { protobufEncoder } from '../../src/exporters/prometheus/format/protobuf.js'
import { scrapeTimeoutMs, wantedNames } from '../../src/serving/scrape-request.js'
import { textEncoder } from '../../src/exporters/prometheus/format/text-encoder.js'
import { decodeTagsBinary } from '../../src/stats/tags/tag-codec-binary.js'
import { decodeTagsText } from '../../src/stats/tags/tag-codec-text.js'
import { B3Propagator } from '../../src/trace/propagation/b3.js'
import { parseBaggage } from '../../src/trace/propagation/baggage.js'
import { BinaryPropagator } from '../../src/trace/propagation/binary.js'
import { getterOf } from '../../src/trace/propagation/carrier.js'
import { GoogleCloudPropagator } from '../../src/trace/propagation/google-cloud.js'
import { TextMapPropagator } from '../../src/trace/propagation/opencensus-text.js'
import { TraceContextPropagator } from '../../src/trace/propagation/trace-context.js'
import { figure } from './amount.js'

const UNITS = [
  '0',
  '-',
  ',',
  '=',
  'a=1,',
  '%',
  '%E0,',
  ' ',
  ' x',
  'f-',
  '1/',
  ';o=',
  'é',
  '"',
  '\\"',
  ';',
  'a/b;q=0.5,',
  'a/b;c="',
  ';q=',
  'Bearer ',
  '&name[]=',
]
const PARENT = `00-${'ab'.repeat(16)}-${'cd'.repeat(8)}-01`
const offers: [Encoder, ...Encoder[]] = [textEncoder, openMetricsEncoder(), protobufEncoder]
const propagators = [
  new TraceContextPropagator(),
  new B3Propagator(),
  new B3Propagator({ single: true }),
  new GoogleCloudPropagator(),
  new BinaryPropagator(),
  new TextMapPropagator(),
]

/** Every function that reads strings of callers. */
// Made once: memory for 64 kB may take longer than reading them.
const bytesOfTexts = new Map<string, Buffer>()
function bytesOf(text: string): Buffer {
  const bytes = bytesOfTexts.get(text) ?? Buffer.from(text, 'latin1')
  bytesOfTexts.set(text, bytes)
  return bytes
}

const readers: Readonly<Record<string, (text: string) => unknown>> = {
  'headers of all formats': (text) => propagators.map((each) => each.extract(() => text)),
  tracestate: (text) => propagators[0]!.extract((name) => (name === 'traceparent' ? PARENT : text)),
  'traceparent with blanks': (text) => propagators[0]!.extract((name) => (name === 'traceparent' ? `${text}${PARENT}${text}` : undefined)),
  baggage: parseBaggage,
  'tag context as text': decodeTagsText,
  'tag context as bytes': (text) => decodeTagsBinary(bytesOf(text)),
  accept: (text) => negotiateFormat(text, offers),
  'accept-encoding': prefersGzip,
  authorization: (text) => hasBearerToken({ authorization: text }, []),
  'authorization with a token': (text) => hasBearerToken({ authorization: `Bearer ${text} x` }, []),
  'scrape timeout': (text) => scrapeTimeoutMs({ 'x-prometheus-scrape-timeout-seconds': text }),
}

/** The shortest of so many times: the others are those in which the machine did something else. */
function fastestMs(run: () => void, times = 12): number {
  let best = Infinity
  for (let i = 0; i < times; i++) {
    const startMs = performance.now()
    run()
    best = Math.min(best, performance.now() - startMs)
  }
  return best
}

test('reading a 64 kB header takes at most a millisecond, and so does the longest Accept that Node allows', () => {
  let worst = { ms: 0, what: '' }
  for (const unit of UNITS) {
    const text = unit.repeat(65_536 / unit.length)
    for (const [name, read] of Object.entries(readers)) {
      const ms = fastestMs(() => read(text), 40)
      if (ms > worst.ms) worst = { ms, what: `${name} of "${unit}"` }
    }
  }
  figure('64 kB of header', `${worst.ms.toFixed(2)} ms at the most, ${worst.what}`)
  expect(worst.ms, worst.what).toBeLessThan(1)
})

test('reading a header of eight times the length takes at most about eight times as long', () => {
  for (const unit of UNITS) {
    const short = unit.repeat(8_192 / unit.length)
    const long = unit.repeat(65_536 / unit.length)
    for (const [name, read] of Object.entries(readers)) {
      const shortMs = fastestMs(() => read(short))
      const longMs = fastestMs(() => read(long))
      // A quadratic reader would take 64 times as long; a few microseconds cannot be distinguished from noise.
      expect(longMs, `${name} of "${unit}": ${shortMs} ms`).toBeLessThan(Math.max(24 * shortMs, 0.1))
    }
  }
})

test('a carrier of a megabyte, or of ten thousand headers, is read in linear time', () => {
  const large = 'x'.repeat(1_048_576)
  const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, at) => [`X-Header-${at}`, 'x']))
  const carriers = [
    { traceparent: large, tracestate: large, baggage: large, b3: large },
    { traceparent: Array.from({ length: 1_000 }, () => large.slice(0, 1_000)) },
    many,
    Object.entries(many),
    Object.entries(many).flat(),
    new Map(Object.entries(many)),
    new Headers({ traceparent: large }),
  ]
  for (const carrier of carriers) {
    const get = getterOf(carrier)
    expect(propagators.map((each) => each.extract(get))).toEqual(propagators.map(() => undefined))
    expect(fastestMs(() => propagators[0]!.extract(get))).toBeLessThan(10)
  }
})

test('a thousand name[] parameters are read in linear time', () => {
  const query = 'name[]=x&'.repeat(7_000)
  expect(wantedNames(query)).toEqual(new Set(['x']))
  expect(fastestMs(() => wantedNames(query))).toBeLessThan(50)
})
