// @ts-check
// The cost of the OpenTracing interface, compared with a span of our API and with jaeger-client's tracer, which implements OpenTracing
// natively. The latency of our spans is recorded as a measure; jaeger-client records nothing.
import { AlwaysOffSampler, AlwaysOnSampler, Tracer } from 'tallyscope'
import { OpenTracingTracer } from 'tallyscope/opentracing'
import { newStats } from '../ours.js'
import { jaeger } from '../peers/jaeger.js'

/** @param {boolean} sampled */
function native(sampled) {
  const sampler = sampled ? new AlwaysOnSampler() : new AlwaysOffSampler()
  const tracer = new Tracer({ sampler, exporter: { export() {} }, stats: newStats() })
  tracer.registerViews()
  return tracer
}

/** @param {boolean} sampled */
const ours = (sampled) => new OpenTracingTracer({ tracer: native(sampled) })

/**
 * A root and its child, through OpenTracing's interface.
 * @param {any} tracer
 * @returns {import('../harness.js').Loop}
 */
function child(tracer) {
  const parent = tracer.startSpan('parent')
  return () => {
    for (let i = 0; i < 1_024; i++) tracer.startSpan('child', { childOf: parent }).finish()
    return 1_024
  }
}

/**
 * @param {any} tracer
 * @returns {import('../harness.js').Loop}
 */
function root(tracer) {
  return () => {
    for (let i = 0; i < 1_024; i++) tracer.startSpan('root').finish()
    return 1_024
  }
}

/**
 * @param {any} tracer
 * @returns {import('../harness.js').Loop}
 */
function tagged(tracer) {
  return (from, to) => {
    for (let at = from | 0, end = to | 0; at < end; at++) {
      const span = tracer.startSpan('root')
      span.setTag('method', 'GET')
      span.setTag('items', at)
      span.finish()
    }
    return to
  }
}

/**
 * @param {any} tracer
 * @returns {import('../harness.js').Loop}
 */
function injected(tracer) {
  const span = tracer.startSpan('client')
  return () => {
    let length = 0
    for (let i = 0; i < 1_024; i++) {
      const headers = /** @type {Record<string, string>} */ ({})
      tracer.inject(span.context(), 'http_headers', headers)
      for (const name in headers) length += name.length
    }
    return length
  }
}

/** @type {{ [name: string]: import('../harness.js').Makers }} */
const comparisons = {
  'OpenTracing root span, not sampled': {
    tallyscope: () => root(ours(false)),
    'our own span': () => {
      const tracer = native(false)
      return () => {
        for (let i = 0; i < 1_024; i++) tracer.startDetachedSpan('root').end()
        return 1_024
      }
    },
    'jaeger-client': () => root(jaeger(false)),
  },
  'OpenTracing root span, sampled': {
    tallyscope: () => root(ours(true)),
    'our own span': () => {
      const tracer = native(true)
      return () => {
        for (let i = 0; i < 1_024; i++) tracer.startDetachedSpan('root').end()
        return 1_024
      }
    },
    'jaeger-client': () => root(jaeger(true)),
  },
  'OpenTracing child span, sampled': {
    tallyscope: () => child(ours(true)),
    'our own span': () => {
      const tracer = native(true)
      const parent = tracer.startDetachedSpan('parent')
      return () => {
        for (let i = 0; i < 1_024; i++) tracer.startDetachedSpan('child', { parent }).end()
        return 1_024
      }
    },
    'jaeger-client': () => child(jaeger(true)),
  },
  'OpenTracing span with 2 tags, sampled': {
    tallyscope: () => tagged(ours(true)),
    'our own span': () => {
      const tracer = native(true)
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) {
          const span = tracer.startDetachedSpan('root')
          span.addAttribute('method', 'GET')
          span.addAttribute('items', at)
          span.end()
        }
        return to
      }
    },
    'jaeger-client': () => tagged(jaeger(true)),
  },
  'OpenTracing span made active, sampled': {
    tallyscope: () => {
      const tracer = ours(true)
      let n = 0
      const inside = () => n++
      return () => {
        for (let i = 0; i < 1_024; i++) tracer.startActiveSpan('active', inside)
        return n
      }
    },
    'our own span': () => {
      const tracer = native(true)
      let n = 0
      const inside = () => n++
      return () => {
        for (let i = 0; i < 1_024; i++) tracer.span('active', inside)
        return n
      }
    },
  },
  'OpenTracing inject into headers': {
    tallyscope: () => injected(ours(true)),
    'our own span': () => {
      const tracer = native(true)
      const span = tracer.startDetachedSpan('client')
      return () => {
        let length = 0
        for (let i = 0; i < 1_024; i++) for (const name in tracer.inject({}, span)) length += name.length
        return length
      }
    },
    'jaeger-client': () => injected(jaeger(true)),
  },
}

/** @param {import('../harness.js').Bench} bench */
export function run(bench) {
  bench.compareAll(comparisons)
}
