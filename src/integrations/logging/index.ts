export type { Logger } from '../../base/logger.js'
export { type TraceLogFields, traceLogFields, traceLogFieldsOf, traceLogMixin } from './trace-log-fields.js'
export { type ConsoleLike, tracedConsole, tracedLogger } from './traced-logger.js'
