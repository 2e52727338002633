import timers from 'node:timers'
import type { Clock } from './clock.js'
import { EMPTY_FRAME, runInFrame, contextState } from './context.js'

/**
 * Calls a function in the next turn of the event loop. Captured at import: if a test replaces the global and never calls back,
 * whatever waits for the next turn would wait for ever.
 */
export const inNextTurn: typeof setImmediate = timers.setImmediate

/** The longest delay of a timer. Node turns longer ones, and those that are no number, into 1 ms. */
export const MAX_TIMER_MS = 2_147_483_647

export interface TimerOptions {
  /** Whether the process stays alive for this timer. Default false; true if a caller waits for the outcome. */
  readonly keepAlive?: boolean
}

/**
 * Calls `fn` once after `delayMs` (0 … 2^31 - 1), by the clock's own timers if it has some; without delay in the next turn
 * of the event loop. The call runs outside of the context in which the timer was started, which is therefore not kept either.
 *
 * @returns a function that stops the timer; calling it late or twice is harmless.
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
