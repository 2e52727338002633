// @ts-check
// Spans, with the latency that each of ours records as a measure. The peers record nothing when a span ends.
import * as api from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { AlwaysOffSampler, AlwaysOnSampler, BasicTracerProvider } from '@opentelemetry/sdk-trace-base'
import { AlwaysSampler, CoreTracerBase } from '@opencensus/core'
import { AlwaysOffSampler as OurAlwaysOff, AlwaysOnSampler as OurAlwaysOn, Tracer } from 'tallyscope'
import { newStats } from '../ours.js'
import { jaeger } from '../peers/jaeger.js'

const noopExporter = { export(/** @type {readonly unknown[]} */ _spans) {} }

// The counterpart of the peer's `directProcessor` below: no suppression, no counters.
const directTransport = {
  send: (/** @type {import('tallyscope').SpanData} */ span) => noopExporter.export([span]),
  flush: async () => {},
  shutdown: async () => {},
}

/**
 * @param {object} options
 * @param {boolean} options.sampled
 * @param {boolean} [options.latency] Whether a view listens to the latencies.
 */
function ours({ sampled, latency = true }) {
  const sampler = sampled ? new OurAlwaysOn() : new OurAlwaysOff()
  const tracer = new Tracer({ sampler, exporter: noopExporter, transport: () => directTransport, stats: newStats() })
  if (latency) tracer.registerViews()
  return tracer
}

let managed = false

/**
 * Its SimpleSpanProcessor makes a promise for each span, which is released only in the next turn of the event loop. A loop of many spans
 * would measure those promises. Spans are therefore passed directly to the exporter, which is less work than in a real program.
 */
const directProcessor = {
  onStart() {},
  onEnd: (/** @type {unknown} */ span) => otelNoopExporter.export([span], () => {}),
  forceFlush: async () => {},
  shutdown: async () => {},
}

const otelNoopExporter = {
  export: (/** @type {unknown[]} */ _spans, /** @type {(result: { code: number }) => void} */ done) => done({ code: 0 }),
}

/** @param {boolean} sampled */
function otel(sampled) {
  if (!managed) api.context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  managed = true
  const sampler = sampled ? new AlwaysOnSampler() : new AlwaysOffSampler()
  return new BasicTracerProvider({ sampler, spanProcessors: [directProcessor] }).getTracer('bench')
}

function census() {
  const tracer = new CoreTracerBase()
  tracer.start({ samplingRate: 1 })
  tracer.sampler = new AlwaysSampler()
  tracer.registerSpanEventListener({ onStartSpan() {}, onEndSpan() {} })
  return tracer
}

/**
 * Runs the loop with a span that is not sampled as the current one.
 * @param {boolean} latency
 * @returns {import('../harness.js').Loop}
 */
function oursWithParent(latency) {
  const tracer = ours({ sampled: false, latency })
  const parent = tracer.startDetachedSpan('parent')
  const calls = () => {
    for (let i = 0; i < 1_024; i++) tracer.startDetachedSpan('child').end()
    return 1_024
  }
  return () => tracer.withSpan(parent, calls)
}

/** @returns {import('../harness.js').Loop} */
function otelWithParent() {
  const tracer = otel(false)
  const context = api.trace.setSpan(api.ROOT_CONTEXT, tracer.startSpan('parent'))
  const calls = () => {
    for (let i = 0; i < 1_024; i++) tracer.startSpan('child').end()
    return 1_024
  }
  return () => api.context.with(context, calls)
}

/** @type {{ [name: string]: import('../harness.js').Makers }} */
const comparisons = {
  'unsampled span, parent from context, latency recorded': {
    tallyscope: () => oursWithParent(true),
    OpenTelemetry: otelWithParent,
  },
  'unsampled span, parent from context, no view of the latency': {
    tallyscope: () => oursWithParent(false),
    OpenTelemetry: otelWithParent,
  },
  'unsampled span, no parent, latency recorded': {
    tallyscope() {
      const tracer = ours({ sampled: false })
      return () => {
        for (let i = 0; i < 1_024; i++) tracer.startDetachedSpan('root').end()
        return 1_024
      }
    },
    OpenTelemetry() {
      const tracer = otel(false)
      return () => {
        for (let i = 0; i < 1_024; i++) tracer.startSpan('root').end()
        return 1_024
      }
    },
    'jaeger-client'() {
      const tracer = jaeger(false)
      return () => {
        for (let i = 0; i < 1_024; i++) tracer.startSpan('root').finish()
        return 1_024
      }
    },
  },
  'unsampled span made active, latency recorded': {
    tallyscope() {
      const tracer = ours({ sampled: false })
      let n = 0
      const inside = () => n++
      return () => {
        for (let i = 0; i < 1_024; i++) tracer.span('active', inside)
        return n
      }
    },
    OpenTelemetry() {
      const tracer = otel(false)
      let n = 0
      const inside = (/** @type {api.Span} */ span) => {
        n++
        span.end()
      }
      return () => {
        for (let i = 0; i < 1_024; i++) tracer.startActiveSpan('active', inside)
        return n
      }
    },
  },
  'sampled span to a no-op exporter, latency recorded': {
    tallyscope() {
      const tracer = ours({ sampled: true })
      return () => {
        for (let i = 0; i < 1_024; i++) tracer.startDetachedSpan('root').end()
        return 1_024
      }
    },
    OpenTelemetry() {
      const tracer = otel(true)
      return () => {
        for (let i = 0; i < 1_024; i++) tracer.startSpan('root').end()
        return 1_024
      }
    },
    OpenCensus() {
      const tracer = census()
      const finish = (/** @type {{ end(): void }} */ span) => span.end()
      return () => {
        for (let i = 0; i < 1_024; i++) tracer.startRootSpan({ name: 'root' }, finish)
        return 1_024
      }
    },
    'jaeger-client'() {
      const tracer = jaeger(true)
      return () => {
        for (let i = 0; i < 1_024; i++) tracer.startSpan('root').finish()
        return 1_024
      }
    },
    'two clock reads'() {
      return () => {
        let sum = 0
        for (let i = 0; i < 1_024; i++) sum -= performance.now() - performance.now()
        return sum
      }
    },
  },
  'sampled span with 2 attributes, latency recorded': {
    tallyscope() {
      const tracer = ours({ sampled: true })
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
    OpenTelemetry() {
      const tracer = otel(true)
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) {
          const span = tracer.startSpan('root')
          span.setAttribute('method', 'GET')
          span.setAttribute('items', at)
          span.end()
        }
        return to
      }
    },
    'jaeger-client'() {
      const tracer = jaeger(true)
      return (from, to) => {
        for (let at = from | 0, end = to | 0; at < end; at++) {
          const span = tracer.startSpan('root')
          span.setTag('method', 'GET')
          span.setTag('items', at)
          span.finish()
        }
        return to
      }
    },
  },
  'sampled span made active, latency recorded': {
    tallyscope() {
      const tracer = ours({ sampled: true })
      let n = 0
      const inside = () => n++
      return () => {
        for (let i = 0; i < 1_024; i++) tracer.span('active', inside)
        return n
      }
    },
    OpenTelemetry() {
      const tracer = otel(true)
      let n = 0
      const inside = (/** @type {api.Span} */ span) => {
        n++
        span.end()
      }
      return () => {
        for (let i = 0; i < 1_024; i++) tracer.startActiveSpan('active', inside)
        return n
      }
    },
  },
}

/** @param {import('../harness.js').Bench} bench */
export function run(bench) {
  bench.compareAll(comparisons)
}
