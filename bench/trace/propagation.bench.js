// @ts-check
// Span contexts into headers and out of them.
import * as api from '@opentelemetry/api'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { AlwaysOnSampler, Tracer } from 'tallyscope'
import { randomBelow } from '../fixtures.js'
import { newStats } from '../ours.js'
import { jaeger } from '../peers/jaeger.js'

const COUNT = 1_024
const hex = (/** @type {number} */ digits) => Array.from({ length: digits }, () => randomBelow(16).toString(16)).join('')
const ids = Array.from({ length: COUNT }, () => ({ traceId: hex(32), spanId: hex(16) }))
// Text in one piece, as it comes from a socket: what is joined here would be taken apart again at each character.
const fromSocket = (/** @type {string} */ text) => Buffer.from(text).toString('latin1')
const headers = ids.map(({ traceId, spanId }) => ({ host: 'shop', accept: '*/*', traceparent: fromSocket(`00-${traceId}-${spanId}-01`) }))

const shelf = { object: /** @type {unknown} */ (undefined) }

function ourTracer() {
  return new Tracer({ sampler: new AlwaysOnSampler(), exporter: { export() {} }, stats: newStats() })
}

/** @type {{ [name: string]: import('../harness.js').Makers }} */
const comparisons = {
  // A thousand contexts by turns: none has just been written.
  'traceparent written': {
    tallyscope() {
      const tracer = ourTracer()
      const contexts = Array.from({ length: COUNT }, () => tracer.startDetachedSpan('a').context)
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) shelf.object = tracer.inject({}, contexts[at & (COUNT - 1)])
        return to
      }
    },
    OpenTelemetry() {
      const propagator = new W3CTraceContextPropagator()
      const contexts = ids.map((each) => api.trace.setSpanContext(api.ROOT_CONTEXT, { ...each, traceFlags: 1 }))
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) {
          const carrier = {}
          propagator.inject(contexts[at & (COUNT - 1)] ?? api.ROOT_CONTEXT, carrier, api.defaultTextMapSetter)
          shelf.object = carrier
        }
        return to
      }
    },
    'jaeger-client'() {
      const tracer = jaeger(true)
      const contexts = Array.from({ length: COUNT }, () => tracer.startSpan('a').context())
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) {
          const carrier = {}
          tracer.inject(contexts[at & (COUNT - 1)], 'text_map', carrier)
          shelf.object = carrier
        }
        return to
      }
    },
  },
  'traceparent read': {
    tallyscope() {
      const tracer = ourTracer()
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) shelf.object = tracer.extract(headers[at & (COUNT - 1)])
        return to
      }
    },
    OpenTelemetry() {
      const propagator = new W3CTraceContextPropagator()
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) {
          shelf.object = propagator.extract(api.ROOT_CONTEXT, headers[at & (COUNT - 1)], api.defaultTextMapGetter)
        }
        return to
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
  'sampled span started, traceparent written, ended': {
    tallyscope() {
      const tracer = ourTracer()
      return () => {
        for (let i = 0; i < 1_024; i++) {
          const span = tracer.startDetachedSpan('request')
          shelf.object = tracer.inject({}, span)
          span.end()
        }
        return 1_024
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
