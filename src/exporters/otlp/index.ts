export { OtlpMetricExporter, type OtlpMetricExporterOptions, type OtlpTemporality } from './otlp-metric-exporter.js'
export type { OtlpOptions, OtlpProtocol } from './otlp-options.js'
export type { HeadersOption } from '../sending/request-headers.js'
export { OtlpTraceExporter, type OtlpTraceExporterOptions } from './otlp-trace-exporter.js'
