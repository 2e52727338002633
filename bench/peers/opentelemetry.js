// @ts-check
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus'
import { AggregationType, createAllowListAttributesProcessor, MeterProvider } from '@opentelemetry/sdk-metrics'
import { BOUNDS } from '../fixtures.js'

export { PrometheusSerializer }

/** @typedef {import('@opentelemetry/sdk-metrics').AggregationOption} AggregationOption */

/** @type {AggregationOption} */
export const HISTOGRAM = { type: AggregationType.EXPLICIT_BUCKET_HISTOGRAM, options: { boundaries: BOUNDS } }
/** @type {AggregationOption} */
export const SUM = { type: AggregationType.SUM }
/** @type {AggregationOption} */
export const LAST_VALUE = { type: AggregationType.LAST_VALUE }

/**
 * A meter whose data is kept for the Prometheus exporter, which is not started unless a port is given. The number of points is
 * not limited (by default it is, to 2 000), so that it keeps what the others keep.
 * @param {{ views?: import('@opentelemetry/sdk-metrics').ViewOptions[], port?: number }} [options]
 */
export function otelMeter({ views = [], port } = {}) {
  const exporter =
    port === undefined ? new PrometheusExporter({ preventServerStart: true }) : new PrometheusExporter({ port, host: '127.0.0.1' })
  const provider = new MeterProvider({
    views: views.length > 0 ? views : [{ instrumentName: '*', aggregationCardinalityLimit: 4_000_000 }],
    readers: [exporter],
  })
  return { meter: provider.getMeter('bench'), exporter, provider }
}

export function otelHistogram(options = otelMeter()) {
  return options.meter.createHistogram('latency', { unit: 's', advice: { explicitBucketBoundaries: BOUNDS } })
}

export function otelCounter(options = otelMeter()) {
  return options.meter.createCounter('requests')
}

/**
 * @param {string} name
 * @param {AggregationOption} aggregation
 * @param {string[]} keys
 * @returns {import('@opentelemetry/sdk-metrics').ViewOptions}
 */
export function otelView(name, aggregation, keys) {
  return {
    instrumentName: 'latency',
    name,
    aggregation,
    aggregationCardinalityLimit: 4_000_000,
    attributesProcessors: [createAllowListAttributesProcessor(keys)],
  }
}
