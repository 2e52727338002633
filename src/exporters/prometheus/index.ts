export type { Guard } from '../../serving/bearer-auth.js'
export type { Encoder } from './format/encoder.js'
export { fetchHandler } from './http/fetch-handler.js'
export {
  type MetricsHandler,
  type MetricsHandlerOptions,
  type MetricsRequest,
  type MetricsResponse,
  metricsHandler,
} from './http/handler.js'
export { type NodeHandlerOptions, nodeHandler } from './http/node-handler.js'
export { openMetricsEncoder } from './format/openmetrics.js'
export { formatOpenMetrics, type OpenMetricsOptions } from './format/openmetrics-text.js'
export { protobufEncoder } from './format/protobuf.js'
export type { RequestHeaders, RequestQuery } from '../../serving/scrape-request.js'
export { type MetricsEndpoint, type ServeMetricsOptions, serveMetrics } from './http/server.js'
export { type StreamTextOptions, streamText } from './format/stream-text.js'
export { formatText } from './format/text.js'
export { textEncoder } from './format/text-encoder.js'
export { PushGatewayExporter, type PushGatewayExporterOptions } from './push/push-gateway-exporter.js'
export { PrometheusTextPushExporter, type PrometheusTextPushExporterOptions } from './push/text-push-exporter.js'
export { TextfileExporter, type TextfileExporterOptions } from './push/textfile-exporter.js'
