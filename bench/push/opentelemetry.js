// @ts-check
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import { AlwaysOnSampler, BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { BOUNDS, LATENCIES, MASK } from '../fixtures.js'
import { labelValues, touchShare } from '../fleets/fleet.js'
import { ATTRIBUTES, EVENT } from './span-shape.js'

/** @typedef {import('./push-process.js').Options} Options */
/** @typedef {import('./push-process.js').Pusher} Pusher */

const NEVER_MS = 2_000_000_000

/** `compression` is an enum of a package that the exporters bring along. @param {Options['compression']} compression */
const asEnum = (compression) => /** @type {import('@opentelemetry/otlp-exporter-base').CompressionAlgorithm} */ (compression)

/** @param {Options} options @returns {Pusher} */
export function counters(options) {
  return series(options, (meter) => {
    const counter = meter.createCounter('latency')
    return (_, labels) => counter.add(1, labels)
  })
}

/** @param {Options} options @returns {Pusher} */
export function distributions(options) {
  return series(options, (meter) => {
    const histogram = meter.createHistogram('latency', { unit: 's', advice: { explicitBucketBoundaries: BOUNDS } })
    return (at, labels) => histogram.record(LATENCIES[at & MASK] ?? 0, labels)
  })
}

/**
 * @param {Options} options
 * @param {(meter: import('@opentelemetry/api').Meter) => (at: number, labels: { shard: string, item: string }) => void} make
 * @returns {Pusher}
 */
function series({ count, url, compression }, make) {
  const exporter = new OTLPMetricExporter({ url, compression: asEnum(compression), timeoutMillis: 60_000 })
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: NEVER_MS, exportTimeoutMillis: NEVER_MS })
  const provider = new MeterProvider({
    // By default 2,000 points are kept.
    views: [{ instrumentName: '*', aggregationCardinalityLimit: 4_000_000 }],
    readers: [reader],
  })
  const record = make(provider.getMeter('bench'))
  const labels = labelValues(count)
  const fleet = { touch: (/** @type {number} */ at) => record(at, labels.of(at)), scrape: async () => 0, serve: async () => '' }
  for (let at = 0; at < count; at++) fleet.touch(at)
  let round = 0
  return {
    touch: (share) => touchShare(fleet, count, share, round++),
    push: () => reader.forceFlush(),
  }
}

/** @param {Options} options @returns {Pusher} */
export function spans({ count, url, compression }) {
  const memory = new InMemorySpanExporter()
  const provider = new BasicTracerProvider({ sampler: new AlwaysOnSampler(), spanProcessors: [new SimpleSpanProcessor(memory)] })
  const tracer = provider.getTracer('bench')
  for (let at = 0; at < count; at++) {
    const span = tracer.startSpan('GET /cart')
    for (const [key, value] of Object.entries(ATTRIBUTES)) span.setAttribute(key, value)
    span.addEvent(EVENT.name, EVENT.attributes)
    span.end()
  }
  const exporter = new OTLPTraceExporter({ url, compression: asEnum(compression) })
  const finished = memory.getFinishedSpans()
  if (finished.length !== count) throw new Error(`${finished.length} spans of ${count}`)
  return {
    push: () =>
      new Promise((resolve, reject) => {
        exporter.export(finished, ({ code, error }) => (code === 0 ? resolve(undefined) : reject(error ?? new Error('not exported'))))
      }),
  }
}
