import { distribution, percentiles } from '../../stats/views/aggregation.js'
import { IDLE_EXPIRY_MS } from './http-views.js'
import type { ReadyMeasure, ReadyView } from './predefined-view.js'

/** Duration of requests under the names and labels that libraries on prom-client use. Its tags are `method`, `route`, `path` and `status_code`. */
export const PROM_CLIENT_SERVER_DURATION: ReadyMeasure = Object.freeze({
  name: 'http_request_duration_seconds',
  unit: 's',
  description: 'request duration in seconds',
  type: 'double',
})

/** The route of unmatched requests in fastify-metrics. */
export const PROM_CLIENT_UNMATCHED = '__unknown__'

const view = (name: string, tagKeys: readonly string[], aggregation: ReadyView['aggregation'], description: string): ReadyView =>
  Object.freeze({ name, measure: PROM_CLIENT_SERVER_DURATION, tagKeys, aggregation, description, idleExpiryMs: IDLE_EXPIRY_MS })

/** The histogram and the summary of fastify-metrics 13, with its names and labels, and the default buckets and quantiles of prom-client. */
export const fastifyMetricsViews: readonly ReadyView[] = Object.freeze([
  view(
    'http_request_duration_seconds',
    ['method', 'route', 'status_code'],
    distribution([0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]),
    'request duration in seconds',
  ),
  view(
    'http_request_summary_seconds',
    ['method', 'route', 'status_code'],
    percentiles({ quantiles: [0.01, 0.05, 0.5, 0.9, 0.95, 0.99, 0.999] }),
    'request duration in seconds summary',
  ),
])

/** The histogram of express-prom-bundle with method and path, with its name, labels and buckets. */
export const expressPromBundleViews: readonly ReadyView[] = Object.freeze([
  view(
    'http_request_duration_seconds',
    ['status_code', 'method', 'path'],
    distribution([0.003, 0.03, 0.1, 0.3, 1.5, 10]),
    'duration histogram of http responses labeled with: status_code, method, path',
  ),
])
