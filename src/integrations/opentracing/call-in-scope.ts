import type { Span } from 'opentracing'
import { finallyAsync } from '../../base/finally-async.js'
import { recordErrorOn } from './error-fields.js'

/** Calls `fn`, records on the span what is thrown, now or by the promise that it returns, and at last calls `close`. */
export function callInScope<S extends Span, R>(span: S, fn: (span: S) => R, close: () => void): R {
  return finallyAsync(fn, span, (_span, failure) => {
    if (failure !== undefined) recordErrorOn(span, failure.error)
    close()
  })
}
