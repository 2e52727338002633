import { processGlobal } from '../base/process-global.js'
import type { Span } from '../trace/span/span.js'

/** The trace ids that untrusted callers sent, by the trace that was begun instead. */
const distrusted = processGlobal('distrusted-traces', () => new WeakMap<object, string>())

/** Stores the trace id that a span of a public endpoint did not continue. */
export function rememberDistrusted(span: Span, traceId: string): void {
  distrusted.set(span.context.trace, traceId)
}

/** The trace id that an untrusted caller sent with the request of this span. */
export function distrustedTraceId(span: Span): string | undefined {
  return distrusted.get(span.context.trace)
}
