import { type Failure, finallyAsync } from '../../base/finally-async.js'
import type { Span } from './span.js'

/**
 * Calls `fn`, and ends the span when `fn` has returned or its promise has settled. An error sets status and stack trace of the span, and is
 * thrown to the caller.
 */
export function callAndEnd<R>(span: Span, fn: (span: Span) => R): R {
  return finallyAsync(fn, span, endSpan)
}

/** Ends the span of a call, unless it has ended, with its failure if it failed. */
export function endSpan(span: Span, failure: Failure | undefined): void {
  if (failure !== undefined) span.failed(failure.error)
  span[Symbol.dispose]()
}
