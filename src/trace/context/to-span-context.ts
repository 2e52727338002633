import { isValidTraceId, SpanContext, type SpanContextInit } from './span-context.js'
import { TraceState } from './trace-state.js'

/**
 * Converts a span, a context of this or another copy of the package, or plain data to a SpanContext. Returns undefined if it has no valid
 * trace id.
 */
export function toSpanContext(given: unknown): SpanContext | undefined {
  if (given instanceof SpanContext) return given
  if (typeof given !== 'object' || given === null) return undefined
  try {
    const holder = given as { context?: unknown } & Record<string, unknown>
    const { traceId, spanId, options, sampled, traceState, fromHeader } = (
      typeof holder.context === 'object' && holder.context !== null ? holder.context : holder
    ) as { [key in keyof SpanContextInit]?: unknown }
    if (typeof traceId !== 'string' || !isValidTraceId(traceId)) return undefined
    return new SpanContext({
      traceId,
      spanId: typeof spanId === 'string' ? spanId : undefined,
      options: typeof options === 'number' ? options : 0,
      sampled: typeof sampled === 'boolean' ? sampled : undefined,
      traceState: traceState === undefined ? undefined : TraceState.parse(String(traceState)),
      fromHeader: fromHeader === true,
    })
  } catch {
    return undefined
  }
}
