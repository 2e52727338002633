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
 * Waits for `work`, at most `timeoutMs`. Work that takes longer continues, and its result is ignored: it causes no
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

/** A call that has not settled this long after its time-out is not waited for any more: the next one begins. */
export const RENEW_AFTER_MS = 60_000
/** Maximum of calls that have not settled. Beyond it, no other begins before one of them settles. */
export const MAX_UNSETTLED = 16

/** The calls of one function that have exceeded their time-out, for callers that make one call at a time. */
export class HungCalls {
  readonly #calls = new Set<Promise<unknown>>()
  #stopTimer: () => void = () => {}

  /** Resolves when the next call may begin. @param call Must not reject. */
  untilNext(call: Promise<unknown>, clock: Clock): Promise<unknown> {
    const ended = call.then(() => void this.#calls.delete(ended))
    this.#calls.add(ended)
    if (this.#calls.size >= MAX_UNSETTLED) return Promise.race(this.#calls)
    const renewal = new Promise<void>((resolve) => {
      const stop = startTimer(clock, RENEW_AFTER_MS, resolve)
      this.#stopTimer = stop
      void ended.then(stop)
    })
    return Promise.race([ended, renewal])
  }

  /** Call it if no other call will begin. */
  stop(): void {
    this.#stopTimer()
  }
}
