import { types } from 'node:util'

/** True if a value has a method `then`, as all kinds of promises have. For results that this library awaits. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
    typeof (value as { then?: unknown }).then === 'function'
  )
}

/** How a call failed: what it threw, or what its promise was rejected with. */
export interface Failure {
  readonly error: unknown
}

/** Called once when the call has ended, with its failure if it failed. */
type OnEnd<A> = (argument: A, failure: Failure | undefined) => void

/**
 * Calls `fn(argument)`, and `onEnd` when the call has ended: at once, or when the promise that it returned has settled.
 * The caller gets what `fn` returned or threw. A promise is returned with its class and properties.
 *
 * Lazy thenables, such as query builders, begin their work when `then` is called. They are returned as they are, their
 * `then` is never called, and the call has ended with its return.
 */
export function finallyAsync<A, R>(fn: (argument: A) => R, argument: A, onEnd: OnEnd<A>): R {
  let result: R
  try {
    result = fn(argument)
  } catch (error) {
    onEnd(argument, { error })
    throw error
  }
  if (isPlainPromise(result)) return follow(result, argument, onEnd) as R
  onEnd(argument, undefined)
  return result
}

function follow<A>(promise: Promise<unknown>, argument: A, onEnd: OnEnd<A>): Promise<unknown> {
  const followed = promise.then(
    (value) => {
      onEnd(argument, undefined)
      return value
    },
    (error: unknown) => {
      onEnd(argument, { error })
      throw error
    },
  )
  // The clients of some packages add methods to a promise, such as `cancel` or `json`.
  for (const key of Reflect.ownKeys(promise)) {
    if (!Object.hasOwn(followed, key)) void Object.defineProperty(followed, key, Object.getOwnPropertyDescriptor(promise, key)!)
  }
  return followed
}

/** A promise of any realm with the built-in `then`. Lazy queries that extend Promise have their own `then`. A proxy is not a promise. */
function isPlainPromise(value: unknown): value is Promise<unknown> {
  if (typeof value !== 'object' || value === null) return false
  try {
    if (!types.isPromise(value)) return false
    let owner: object | null = value
    while (owner !== null && !Object.hasOwn(owner, 'then')) owner = Object.getPrototypeOf(owner) as object | null
    return owner !== null && owner !== value && !('then' in (Object.getPrototypeOf(owner) ?? {}))
  } catch {
    return false // a proxy that throws
  }
}
