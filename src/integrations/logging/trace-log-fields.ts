import { currentFrame } from '../../base/context.js'
import { Span } from '../../trace/span/span.js'
import type { TracerCore } from '../../trace/tracer-core.js'

/** What ties a line of a log to a span. */
export interface TraceLogFields {
  /** 32 hex digits. */
  readonly trace_id: string
  /** 16 hex digits. */
  readonly span_id: string
  readonly trace_sampled: boolean
}

const NONE: Partial<TraceLogFields> = Object.freeze({})

/**
 * The ids of the current span, for a line of a log; empty if no span is current. Looks for the newest span of
 * whichever tracer, or for `tracer`'s own.
 *
 * @example
 * const logger = pino({ mixin: traceLogMixin })
 * console.log('charged', traceLogFields())
 */
export function traceLogFields(tracer?: TracerCore): Partial<TraceLogFields> {
  const span = tracer === undefined ? newestSpan() : tracer.currentSpan()
  return span === undefined ? NONE : fieldsOf(span)
}

/** The fields of a span that is at hand. */
export function traceLogFieldsOf(span: Span): TraceLogFields {
  return fieldsOf(span)
}

/** For pino's option `mixin`, which merges what it returns into each line. */
export function traceLogMixin(): Partial<TraceLogFields> {
  return { ...traceLogFields() } // pino may write into it
}

function fieldsOf({ traceId, spanId, sampled }: Span): TraceLogFields {
  return { trace_id: traceId, span_id: spanId, trace_sampled: sampled }
}

function newestSpan(): Span | undefined {
  const held: unknown = currentFrame().span
  if (!isSpan(held)) return undefined
  // An imperative span that has ended is passed over, as by its tracer.
  let span: unknown = held
  while (isSpan(span) && span.isLeft) span = span.enclosing
  return isSpan(span) ? span : undefined
}

/** A span of this copy of the package, or of another. */
function isSpan(value: unknown): value is Span {
  return (
    value instanceof Span || (typeof value === 'object' && value !== null && 'traceId' in value && 'spanId' in value && 'sampled' in value)
  )
}
