import { currentFrame } from '../../base/context.js'
import { Span } from '../../trace/span/span.js'
import type { TracerCore } from '../../trace/tracer-core.js'

/** The fields of a log line that identify a span. */
export interface TraceLogFields {
  /** 32 hex digits. */
  readonly trace_id: string
  /** 16 hex digits. */
  readonly span_id: string
  readonly trace_sampled: boolean
}

const NONE: Partial<TraceLogFields> = Object.freeze({})

/**
 * The ids of the current span for a log line; empty if no span is current.
 *
 * @param tracer The tracer whose current span is used. Default: the innermost current span of any tracer.
 *
 * @example
 * const logger = pino({ mixin: traceLogMixin })
 * console.log('charged', traceLogFields())
 */
export function traceLogFields(tracer?: TracerCore): Partial<TraceLogFields> {
  const span = tracer === undefined ? newestSpan() : tracer.currentSpan()
  return span === undefined ? NONE : traceLogFieldsOf(span)
}

/** The ids of a given span for a log line. */
export function traceLogFieldsOf({ traceId, spanId, sampled }: Span): TraceLogFields {
  return { trace_id: traceId, span_id: spanId, trace_sampled: sampled }
}

/** The ids of the current span as a function for pino's option `mixin`, which merges the result into each line. */
export function traceLogMixin(): Partial<TraceLogFields> {
  return { ...traceLogFields() } // pino may change the object
}

function newestSpan(): Span | undefined {
  const held: unknown = currentFrame().span
  if (!isSpan(held)) return undefined
  // Skips spans that have ended, as their tracer does.
  let span: unknown = held
  while (isSpan(span) && span.isLeft) span = span.enclosing
  // A scope of OpenTracing whose span belongs to another tracer has no ids.
  return isSpan(span) && span.traceId !== '' ? span : undefined
}

/** True for spans of this and other copies of the package. */
function isSpan(value: unknown): value is Span {
  return (
    value instanceof Span || (typeof value === 'object' && value !== null && 'traceId' in value && 'spanId' in value && 'sampled' in value)
  )
}
