import { count } from '../../stats/views/aggregation.js'
import { OPENCENSUS_BYTES, OPENCENSUS_HTTP_MS } from './opencensus-bounds.js'
import type { ReadyMeasure, ReadyView } from './predefined-view.js'

const ROOT = 'opencensus.io/http'
const SERVER_TAGS = Object.freeze(['http_server_method', 'http_server_route', 'http_server_status'])
const CLIENT_TAGS = Object.freeze(['http_client_method', 'http_client_status'])

function measure(name: string, unit: 'By' | 'ms', description: string): ReadyMeasure {
  return Object.freeze({ name: `${ROOT}/${name}`, unit, description, type: unit === 'By' ? 'int64' : 'double' })
}

function view(of: ReadyMeasure, tagKeys: readonly string[]): ReadyView {
  const { name, description = '' } = of
  return Object.freeze({ name, measure: of, tagKeys, aggregation: of.unit === 'By' ? OPENCENSUS_BYTES : OPENCENSUS_HTTP_MS, description })
}

function completed(side: 'client' | 'server', latency: ReadyMeasure, tagKeys: readonly string[]): ReadyView {
  const description = `Count of completed HTTP ${side} requests`
  return Object.freeze({ name: `${ROOT}/${side}/completed_count`, measure: latency, tagKeys, aggregation: count(), description })
}

export const OPENCENSUS_SERVER_LATENCY: ReadyMeasure = measure(
  'server/server_latency',
  'ms',
  'Time from the first byte of a request to the last of its response',
)
export const OPENCENSUS_SERVER_RECEIVED: ReadyMeasure = measure('server/received_bytes', 'By', 'Bytes received in HTTP request bodies')
export const OPENCENSUS_SERVER_SENT: ReadyMeasure = measure('server/sent_bytes', 'By', 'Bytes sent in HTTP response bodies')
export const OPENCENSUS_CLIENT_LATENCY: ReadyMeasure = measure(
  'client/roundtrip_latency',
  'ms',
  'Time from the first byte of a request to the last of its response',
)
export const OPENCENSUS_CLIENT_RECEIVED: ReadyMeasure = measure('client/received_bytes', 'By', 'Bytes received in HTTP response bodies')
export const OPENCENSUS_CLIENT_SENT: ReadyMeasure = measure('client/sent_bytes', 'By', 'Bytes sent in HTTP request bodies')

/**
 * The server views of the OpenCensus specification: milliseconds, `http_server_…` tags.
 * @see https://github.com/census-instrumentation/opencensus-specs/blob/master/stats/HTTP.md
 */
export const openCensusHttpServerViews: readonly ReadyView[] = Object.freeze([
  view(OPENCENSUS_SERVER_RECEIVED, SERVER_TAGS),
  view(OPENCENSUS_SERVER_SENT, SERVER_TAGS),
  view(OPENCENSUS_SERVER_LATENCY, SERVER_TAGS),
  completed('server', OPENCENSUS_SERVER_LATENCY, SERVER_TAGS),
])

/**
 * The client views of the OpenCensus specification: milliseconds, `http_client_…` tags.
 * @see https://github.com/census-instrumentation/opencensus-specs/blob/master/stats/HTTP.md
 */
export const openCensusHttpClientViews: readonly ReadyView[] = Object.freeze([
  view(OPENCENSUS_CLIENT_SENT, CLIENT_TAGS),
  view(OPENCENSUS_CLIENT_RECEIVED, CLIENT_TAGS),
  view(OPENCENSUS_CLIENT_LATENCY, CLIENT_TAGS),
  completed('client', OPENCENSUS_CLIENT_LATENCY, CLIENT_TAGS),
])
