export type { Guard } from './bearer-auth.js'
export type { Encoder } from './encoder.js'
export { fetchHandler } from './fetch-handler.js'
export {
  type MetricsHandler,
  type MetricsHandlerOptions,
  type MetricsRequest,
  type MetricsResponse,
  metricsHandler,
} from './handler.js'
export { type NodeHandlerOptions, nodeHandler } from './node-handler.js'
export { openMetricsEncoder } from './openmetrics.js'
export { formatOpenMetrics, type OpenMetricsOptions } from './openmetrics-text.js'
export { protobufEncoder } from './protobuf.js'
export type { RequestHeaders, RequestQuery } from './scrape-request.js'
export { type MetricsEndpoint, type ServeMetricsOptions, serveMetrics } from './server.js'
export { type StreamTextOptions, streamText } from './stream-text.js'
export { formatText } from './text.js'
export { textEncoder } from './text-encoder.js'
export { PushGatewayExporter, type PushGatewayExporterOptions } from './push-gateway-exporter.js'
export { TextfileExporter, type TextfileExporterOptions } from './textfile-exporter.js'
