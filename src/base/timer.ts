import timers from 'node:timers'
import type { Clock } from './clock.js'
import { EMPTY_FRAME, runInFrame, contextState } from './context.js'

/**
 * Calls a function in the next turn of the event loop. Captured at import, so that it still works if a test replaces the global.
 */
export const inNextTurn: typeof setImmediate = timers.setImmediate

const { setTimeout: realTimeout, clearTimeout: clearRealTimeout } = timers

/**
 * Waits for the operating system, such as for a full buffer, and keeps the process alive. Its timer is the clock's own, or else captured at
 * import: if a test fakes the global one and never advances it, what is queued after the wait would wait forever.
 */
export function shortPause(delayMs: number, clock?: Clock): Promise<void> {
  return new Promise((resolve) => void (clock?.setTimer === undefined ? realTimeout(resolve, delayMs) : clock.setTimer(delayMs, resolve)))
}

/** The longest delay of a timer. Node replaces longer ones, and those that are not numbers, by 1 ms. */
export const MAX_TIMER_MS = 2_147_483_647

interface TimerOptions {
  /** Keeps the process alive until the timer fires. Default false; true if a caller waits for the outcome. */
  readonly keepAlive?: boolean
}

/**
 * Calls `fn` once after `delayMs` (0 … 2^31 - 1), with the clock's own timers if it has them. A delay of 0 is the next turn of the event
 * loop. The call runs outside of the current context, so that the context is not kept in memory.
 *
 * @returns A function that stops the timer. It may be called late or twice.
 */
export function startTimer(clock: Clock, delayMs: number, fn: () => void, options: TimerOptions = {}): () => void {
  const start = (): (() => void) => {
    if (clock.setTimer !== undefined) return clock.setTimer(delayMs, fn)
    if (delayMs <= 0 && options.keepAlive !== true) {
      const immediate = inNextTurn(fn).unref()
      return () => clearImmediate(immediate)
    }
    const timer = setTimeout(fn, delayMs)
    if (options.keepAlive !== true) timer.unref()
    return () => clearTimeout(timer)
  }
  return contextState.used ? runInFrame(EMPTY_FRAME, start) : start()
}

/**
 * Waits, and resolves to true. If the signal is aborted, it resolves to false at once. The timer does not keep the process alive.
 *
 * Fake timers end the wait too. If a test never advances them, it ends after the real time, so that what waits for it does not wait forever.
 */
export function pause(delayMs: number, clock: Clock, signal?: AbortSignal): Promise<boolean> {
  if (signal?.aborted === true) return Promise.resolve(false)
  return new Promise((resolve) => {
    const end = (isOver: boolean): void => {
      stop()
      clearRealTimeout(real)
      signal?.removeEventListener('abort', abort)
      resolve(isOver)
    }
    const abort = (): void => end(false)
    const stop = startTimer(clock, delayMs, () => end(true))
    const isFaked = clock.setTimer === undefined && setTimeout !== realTimeout
    const real = isFaked ? realTimeout(() => end(true), delayMs).unref() : undefined
    signal?.addEventListener('abort', abort)
  })
}
