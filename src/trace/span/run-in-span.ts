import { type Failure, finallyAsync } from '../../base/finally-async.js'
import type { Span } from './span.js'

/**
 * Calls `fn` and ends the span with it: at once, or when the promise that it returns settles. What is thrown sets the
 * span's status and stack trace and goes on to the caller.
 */
export function callAndEnd<R>(span: Span, fn: (span: Span) => R): R {
  return finallyAsync(fn, span, endSpan)
}

function endSpan(span: Span, failure: Failure | undefined): void {
  if (failure !== undefined) span.failed(failure.error)
  span[Symbol.dispose]()
}
