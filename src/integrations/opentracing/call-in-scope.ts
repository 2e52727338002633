import type { Span } from 'opentracing'
import { finallyAsync } from '../../base/finally-async.js'
import { recordErrorOn } from './error-fields.js'

/** Calls `fn` and then `close`. An error that `fn` throws, or with which its promise rejects, is recorded on the span. */
export function callInScope<S extends Span, R>(span: S, fn: (span: S) => R, close: () => void): R {
  return finallyAsync(fn, span, (_span, failure) => {
    if (failure !== undefined) recordErrorOn(span, failure.error)
    close()
  })
}
