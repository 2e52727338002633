import { isValidSpanId, isValidTraceId, SpanContext } from '../context/span-context.js'
import { TraceId } from '../context/trace-id.js'

/**
 * Creates the context of a caller in another process. Returns undefined if an id is invalid. Valid ids have 32 and 16 hex digits of any
 * case, not all zero.
 * @param spanId Undefined if the caller sent none.
 */
export function remoteContext(traceId: string, spanId: string | undefined, options: number): SpanContext | undefined {
  if (traceId.length !== 32 || (spanId !== undefined && spanId.length !== 16)) return undefined
  const trace = traceId.toLowerCase()
  const span = spanId?.toLowerCase()
  if (!isValidTraceId(trace) || (span !== undefined && !isValidSpanId(span))) return undefined
  return new SpanContext(new TraceId(trace), 0, 0, options, true, span)
}
