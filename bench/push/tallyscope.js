// @ts-check
import { AlwaysOnSampler, exportPeriodically, MemoryExporter, SyncTransport, Tracer } from 'tallyscope'
import { OtlpMetricExporter, OtlpTraceExporter } from 'tallyscope/otlp'
import { protobufEncoder, serveMetrics } from 'tallyscope/prometheus'
import { StatsdExporter } from 'tallyscope/statsd'
import { LABELS, labelValues, touchShare } from '../fleets/fleet.js'
import { LATENCIES, MASK } from '../fixtures.js'
import { measured, newStats } from '../ours.js'
import { ATTRIBUTES, EVENT } from './span-shape.js'

/** @typedef {import('./push-process.js').Options} Options */
/** @typedef {import('./push-process.js').Pusher} Pusher */

/**
 * @param {Options} options
 * @returns {Pusher}
 */
export function counters(options) {
  return series('count', options, ({ url, compression, temporality }) => new OtlpMetricExporter({ url, compression, temporality }))
}

/**
 * @param {Options} options
 * @returns {Pusher}
 */
export function distributions(options) {
  return series('distribution', options, ({ url, compression, temporality }) => new OtlpMetricExporter({ url, compression, temporality }))
}

/**
 * @param {Options} options
 * @returns {Pusher}
 */
export function lines(options) {
  return series('count', options, ({ url }) => {
    const { hostname, port } = new URL(url)
    return new StatsdExporter({ host: hostname, port: Number(port) })
  })
}

/**
 * @param {'count' | 'distribution'} kind
 * @param {Options} options
 * @param {(options: Options) => import('tallyscope').FamilyExporter} exporterFor
 * @returns {Pusher}
 */
function series(kind, options, exporterFor) {
  const { count } = options
  const { stats, measure } = measured([[kind, LABELS]])
  const labels = labelValues(count)
  const fleet = {
    touch: (/** @type {number} */ at) => stats.record(measure, kind === 'count' ? 1 : (LATENCIES[at & MASK] ?? 0), labels.of(at)),
    scrape: async () => 0,
    serve: async () => '',
  }
  for (let at = 0; at < count; at++) fleet.touch(at)
  const task = exportPeriodically({ producers: [stats], exporter: exporterFor(options), intervalMs: 3_600_000 })
  let round = 0
  return {
    touch: (share) => touchShare(fleet, count, share, round++),
    push: () => task.flush(),
    serve: async () => (await serveMetrics({ port: 0, producers: [stats], selfMetrics: false, encoders: [protobufEncoder] })).url,
  }
}

/**
 * @param {Options} options
 * @returns {Promise<Pusher>}
 */
export async function spans({ count, url, compression }) {
  const memory = new MemoryExporter()
  const transport = (/** @type {import('tallyscope').Exporter<import('tallyscope').SpanData>} */ to) => new SyncTransport(to)
  const tracer = new Tracer({ sampler: new AlwaysOnSampler(), exporter: memory, transport, stats: newStats() })
  for (let at = 0; at < count; at++) {
    const span = tracer.startDetachedSpan('GET /cart')
    for (const [key, value] of Object.entries(ATTRIBUTES)) span.addAttribute(key, value)
    span.addAnnotation(EVENT.name, EVENT.attributes)
    span.end()
  }
  await memory.transport?.flush()
  if (memory.items.length !== count) throw new Error(`${memory.items.length} spans of ${count}`)
  const exporter = new OtlpTraceExporter({ url, compression })
  return { push: () => exporter.export(memory.items) }
}
