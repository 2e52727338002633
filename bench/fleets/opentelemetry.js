// @ts-check
import { createServer } from 'node:http'
import { LATENCIES, MASK } from '../fixtures.js'
import { otelCounter, otelHistogram, otelMeter, PrometheusSerializer } from '../peers/opentelemetry.js'
import { labelValues } from './fleet.js'
import { listen } from './listen.js'

/**
 * @param {import('./fleet.js').Kind} kind
 * @param {number} count
 * @returns {import('./fleet.js').Fleet}
 */
export function make(kind, count) {
  const made = otelMeter()
  const labels = labelValues(count)
  const serializer = new PrometheusSerializer()
  return {
    touch: toucher(kind, labels, made),
    scrape: async () => serializer.serialize((await made.exporter.collect()).resourceMetrics).length,
    // The exporter's own handler, on a port that is free.
    serve: () => listen(createServer((request, response) => made.exporter.getMetricsRequestHandler(request, response))),
  }
}

/**
 * @param {import('./fleet.js').Kind} kind
 * @param {ReturnType<typeof labelValues>} labels
 * @param {ReturnType<typeof otelMeter>} made
 * @returns {(at: number) => void}
 */
function toucher(kind, labels, made) {
  if (kind === 'counters') {
    const counter = otelCounter(made)
    return (at) => counter.add(1, labels.of(at))
  }
  const histogram = otelHistogram(made)
  return (at) => histogram.record(LATENCIES[at & MASK] ?? 0, labels.of(at))
}
