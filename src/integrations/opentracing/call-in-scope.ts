import type { Span } from 'opentracing'
import { recordErrorOn } from './error-fields.js'

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
}

/** Calls `fn`, tells the span what is thrown, now or by the promise it gives, and at last calls `close`. */
export function callInScope<S extends Span, R>(span: S, fn: (span: S) => R, close: () => void): R {
  let result: R
  try {
    result = fn(span)
  } catch (thrown) {
    recordErrorOn(span, thrown)
    close()
    throw thrown
  }
  if (!isThenable(result)) {
    close()
    return result
  }
  return result.then(
    (value) => {
      close()
      return value
    },
    (thrown: unknown) => {
      recordErrorOn(span, thrown)
      close()
      throw thrown
    },
  ) as R
}
