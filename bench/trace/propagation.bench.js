// @ts-check
// Injects span contexts into headers and extracts them.
import * as api from '@opentelemetry/api'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { AlwaysOnSampler as OtelAlwaysOn, BasicTracerProvider } from '@opentelemetry/sdk-trace-base'
import { AlwaysOnSampler, Tracer } from 'tallyscope'
import { randomBelow } from '../fixtures.js'
import { newStats } from '../ours.js'
import { jaeger } from '../peers/jaeger.js'

const COUNT = 1_024
const hex = (/** @type {number} */ digits) => Array.from({ length: digits }, () => randomBelow(16).toString(16)).join('')
const ids = Array.from({ length: COUNT }, () => ({ traceId: hex(32), spanId: hex(16) }))
// A flat string, as it comes from a socket. A concatenated one would be flattened during the measurement.
const fromSocket = (/** @type {string} */ text) => Buffer.from(text).toString('latin1')
// As many headers as a browser or a proxy sends, set one after the other, as Node does.
const headers = ids.map(({ traceId, spanId }) => {
  /** @type {{ [name: string]: string }} */
  const all = {}
  for (const name of ['host', 'user-agent', 'accept', 'accept-encoding', 'connection', 'x-request-id', 'x-forwarded-for', 'content-type']) {
    all[name] = 'value'
  }
  all['traceparent'] = fromSocket(`00-${traceId}-${spanId}-01`)
  return all
})

/** Puts a header where a socket would: a string that was put together of others is only then made one. */
const sent = Buffer.alloc(64)
const send = (/** @type {{ traceparent?: string }} */ carrier) => sent.write(carrier.traceparent ?? '', 'latin1')

const shelf = { object: /** @type {unknown} */ (undefined) }

function ourTracer() {
  return new Tracer({ sampler: new AlwaysOnSampler(), exporter: { export() {} }, stats: newStats() })
}

/** @type {{ [name: string]: import('../harness.js').Makers }} */
const comparisons = {
  // A thousand contexts in turn, so that none was written just before.
  'traceparent written and its string used': {
    tallyscope() {
      const tracer = ourTracer()
      const contexts = Array.from({ length: COUNT }, () => tracer.startDetachedSpan('a').context)
      return (from, to) => {
        let bytes = 0
        for (let at = from | 0, end = to | 0; at < end; at++) bytes += send(tracer.inject({}, contexts[at & (COUNT - 1)]))
        return bytes
      }
    },
    OpenTelemetry() {
      const propagator = new W3CTraceContextPropagator()
      const contexts = ids.map((each) => api.trace.setSpanContext(api.ROOT_CONTEXT, { ...each, traceFlags: 1 }))
      return (from, to) => {
        let bytes = 0
        for (let at = from | 0, end = to | 0; at < end; at++) {
          const carrier = {}
          propagator.inject(contexts[at & (COUNT - 1)] ?? api.ROOT_CONTEXT, carrier, api.defaultTextMapSetter)
          bytes += send(carrier)
        }
        return bytes
      }
    },
  },
  'traceparent read': {
    tallyscope() {
      const tracer = ourTracer()
      return (from, to) => {
        let sampled = 0
        for (let at = from | 0, end = to | 0; at < end; at++) sampled += tracer.extract(headers[at & (COUNT - 1)])?.options ?? 0
        return sampled
      }
    },
    OpenTelemetry() {
      const propagator = new W3CTraceContextPropagator()
      return (from, to) => {
        let sampled = 0
        for (let at = from | 0, end = to | 0; at < end; at++) {
          const context = propagator.extract(api.ROOT_CONTEXT, headers[at & (COUNT - 1)], api.defaultTextMapGetter)
          sampled += api.trace.getSpanContext(context)?.traceFlags ?? 0
        }
        return sampled
      }
    },
    'jaeger-client'() {
      const tracer = jaeger(true)
      const own = ids.map(({ traceId, spanId }) => ({ host: 'shop', accept: '*/*', 'uber-trace-id': `${traceId}:${spanId}:0:1` }))
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) shelf.object = tracer.extract('text_map', own[at & (COUNT - 1)])
        return to
      }
    },
  },
  // What a client does for each request: the ids are made, written as text once, and forgotten.
  'sampled span started, traceparent written and used, ended': {
    tallyscope() {
      const tracer = ourTracer()
      return () => {
        let bytes = 0
        for (let i = 0; i < 1_024; i++) {
          const span = tracer.startDetachedSpan('request')
          bytes += send(tracer.inject({}, span))
          span.end()
        }
        return bytes
      }
    },
    OpenTelemetry() {
      const propagator = new W3CTraceContextPropagator()
      const tracer = new BasicTracerProvider({ sampler: new OtelAlwaysOn() }).getTracer('bench')
      return () => {
        let bytes = 0
        for (let i = 0; i < 1_024; i++) {
          const span = tracer.startSpan('request', undefined, api.ROOT_CONTEXT)
          const carrier = {}
          propagator.inject(api.trace.setSpan(api.ROOT_CONTEXT, span), carrier, api.defaultTextMapSetter)
          bytes += send(carrier)
          span.end()
        }
        return bytes
      }
    },
    'jaeger-client'() {
      const tracer = jaeger(true)
      return () => {
        for (let i = 0; i < 1_024; i++) {
          const span = tracer.startSpan('request')
          const carrier = {}
          tracer.inject(span.context(), 'text_map', carrier)
          shelf.object = carrier
          span.finish()
        }
        return 1_024
      }
    },
  },
}

/** @param {import('../harness.js').Bench} bench */
export function run(bench) {
  bench.compareAll(comparisons)
}
