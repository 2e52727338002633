import { distribution } from '../../stats/views/aggregation.js'
import type { ReadyMeasure, ReadyView } from './predefined-view.js'

/** Rows of these views without a value for this time are removed, because callers choose some of the tag values. */
export const IDLE_EXPIRY_MS = 3_600_000

/** How an exchange ended: `error` if the status is 500 or above or the server failed, `aborted` if the client closed the connection. */
export type HttpOutcome = 'ok' | 'error' | 'aborted'

const SERVER_TAGS = Object.freeze(['method', 'route', 'status', 'outcome'])
const CLIENT_TAGS = Object.freeze(['method', 'host', 'status', 'outcome'])

// The bounds of the Prometheus and OpenTelemetry conventions.
const SECONDS = distribution([0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10])
// Streams last as long as a page is open.
const STREAM_SECONDS = distribution([1, 10, 60, 300, 900, 3_600, 14_400, 86_400])
const BYTES = distribution([100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000])

function measure(name: string, unit: string, description: string): ReadyMeasure {
  return Object.freeze({ name, unit, description, type: unit === 'By' ? 'int64' : 'double' })
}

function view(of: ReadyMeasure, tagKeys: readonly string[], aggregation = of.unit === 's' ? SECONDS : BYTES): ReadyView {
  const { name, description = '' } = of
  return Object.freeze({ name, measure: of, tagKeys, aggregation, description, idleExpiryMs: IDLE_EXPIRY_MS })
}

// No tag keys are declared, so that views of the application can use further tags of the context.
export const HTTP_SERVER_DURATION: ReadyMeasure = measure(
  'http/server/duration',
  's',
  "Time from a request's headers to the end of its response",
)
export const HTTP_SERVER_STREAM_DURATION: ReadyMeasure = measure(
  'http/server/stream_duration',
  's',
  'Time from a request to the end of a stream: events for browsers, responses taken over by the application, upgraded connections',
)
export const HTTP_SERVER_REQUEST_SIZE: ReadyMeasure = measure('http/server/request_size', 'By', 'Bytes of request bodies as received')
export const HTTP_SERVER_RESPONSE_SIZE: ReadyMeasure = measure('http/server/response_size', 'By', 'Bytes of response bodies as sent')
export const HTTP_CLIENT_DURATION: ReadyMeasure = measure('http/client/duration', 's', 'Time from a request to the end of its response')
export const HTTP_CLIENT_REQUEST_SIZE: ReadyMeasure = measure('http/client/request_size', 'By', 'Bytes of request bodies as sent')
export const HTTP_CLIENT_RESPONSE_SIZE: ReadyMeasure = measure('http/client/response_size', 'By', 'Bytes of response bodies as received')

/** Latency and sizes of answered requests by `method`, `route`, `status` and `outcome`, in seconds and bytes. */
export const httpServerViews: readonly ReadyView[] = Object.freeze([
  view(HTTP_SERVER_DURATION, SERVER_TAGS),
  view(HTTP_SERVER_STREAM_DURATION, SERVER_TAGS, STREAM_SECONDS),
  view(HTTP_SERVER_REQUEST_SIZE, SERVER_TAGS),
  view(HTTP_SERVER_RESPONSE_SIZE, SERVER_TAGS),
])

/** The same without the sizes. */
export const httpServerDurationViews: readonly ReadyView[] = Object.freeze(httpServerViews.slice(0, 2))

/** Latency and sizes of outgoing requests by `method`, `host`, `status` and `outcome`, in seconds and bytes. */
export const httpClientViews: readonly ReadyView[] = Object.freeze(
  [HTTP_CLIENT_DURATION, HTTP_CLIENT_REQUEST_SIZE, HTTP_CLIENT_RESPONSE_SIZE].map((each) => view(each, CLIENT_TAGS)),
)
