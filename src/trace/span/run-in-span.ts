import type { Span } from './span.js'

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
}

/**
 * Calls `fn` and ends the span with it: at once, or when the promise it gives settles. What is thrown sets the span's
 * status and stack trace and goes on to the caller.
 */
export function callAndEnd<R>(span: Span, fn: (span: Span) => R): R {
  let result: R
  try {
    result = fn(span)
  } catch (thrown) {
    span.failed(thrown)
    span[Symbol.dispose]()
    throw thrown
  }
  if (isThenable(result)) return endWith(span, result) as R
  span[Symbol.dispose]()
  return result
}

function endWith<T>(span: Span, promise: PromiseLike<T>): PromiseLike<T> {
  return promise.then(
    (value) => {
      span[Symbol.dispose]()
      return value
    },
    (thrown: unknown) => {
      span.failed(thrown)
      span[Symbol.dispose]()
      throw thrown
    },
  )
}
