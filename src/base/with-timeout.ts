import { type Clock, timerClock } from './clock.js'
import { startTimer } from './timer.js'

/** The result of {@link withTimeout} if the work took too long. */
export const TIMED_OUT: unique symbol = Symbol('timed out')

export interface TimeoutOptions {
  /** From 0 to 2^31 - 1. */
  readonly timeoutMs: number
  /** Default: the clock whose timers are those of Node. */
  readonly clock?: Clock | undefined
  /** Keeps the process alive until the time-out. Default false. */
  readonly keepAlive?: boolean
}

/**
 * Waits for `work`, at most `timeoutMs`. Work that takes longer goes on, and what becomes of it is ignored: it causes no
 * unhandled rejection.
 *
 * @returns the result of the work, or `TIMED_OUT`; rejects if the work rejects in time.
 */
export function withTimeout<T>(work: T | PromiseLike<T>, options: TimeoutOptions): Promise<T | typeof TIMED_OUT> {
  const { timeoutMs, clock = timerClock, keepAlive = false } = options
  return new Promise((resolve, reject) => {
    const stop = startTimer(clock, timeoutMs, () => resolve(TIMED_OUT), { keepAlive })
    Promise.resolve(work).then(
      (result) => {
        stop()
        resolve(result)
      },
      (error: unknown) => {
        stop()
        reject(error)
      },
    )
  })
}

/** Calls `fn` at once and waits for its result. Never rejects: what was thrown or rejected is the `reason`. */
export async function settle<T>(fn: () => T | PromiseLike<T>): Promise<PromiseSettledResult<T>> {
  try {
    return { status: 'fulfilled', value: await fn() }
  } catch (reason) {
    return { status: 'rejected', reason }
  }
}
