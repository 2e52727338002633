export {
  BinaryCarrier,
  childOf,
  followsFrom,
  FORMAT_BINARY,
  FORMAT_HTTP_HEADERS,
  FORMAT_TEXT_MAP,
  Reference,
  REFERENCE_CHILD_OF,
  REFERENCE_FOLLOWS_FROM,
} from 'opentracing'
export { InvalidCarrier, SpanContextCorrupted, UnsupportedFormat } from './errors.js'
export { globalTracer, initGlobalTracer, isGlobalTracerRegistered, setGlobalTracer } from './global-tracer.js'
export type { FinishedSpan } from './mock-recorder.js'
export { NoopOpenTracingTracer } from './noop-tracer.js'
export { OpenTracingSpanContext } from './opentracing-context.js'
export { OpenTracingSpan } from './opentracing-span.js'
export { OpenTracingTracer, type OpenTracingTracerOptions } from './opentracing-tracer.js'
export type { Scope, ScopeManager } from './scope-manager.js'
export type { ScopedTracer } from './scoped-tracer.js'
export { startChildSpan } from './start-options.js'
export type { StartActiveSpanOptions, StartSpanOptions } from './start-options.js'
export { Format, LogFields, ReferenceType, Tags } from './tag-names.js'
