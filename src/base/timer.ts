import type { Clock } from './clock.js'
import { EMPTY_FRAME, runInFrame, contextState } from './context.js'

/** The longest delay of a timer. Node turns longer ones, and those that are no number, into 1 ms. */
export const MAX_TIMER_MS = 2_147_483_647

export interface TimerOptions {
  /** Whether the process stays alive for this timer. Default false; true where somebody waits for the outcome. */
  readonly keepAlive?: boolean
}

/**
 * Calls `fn` once after `delayMs` (0 … 2^31 - 1), by the clock's own timers where it has some.
 * The call runs outside of the context in which the timer was started, which is therefore not kept either.
 *
 * @returns a function that stops the timer; calling it late or twice is harmless.
 */
export function startTimer(clock: Clock, delayMs: number, fn: () => void, options: TimerOptions = {}): () => void {
  const start = (): (() => void) => {
    if (clock.setTimer !== undefined) return clock.setTimer(delayMs, fn)
    const timer = setTimeout(fn, delayMs)
    if (options.keepAlive !== true) timer.unref()
    return () => clearTimeout(timer)
  }
  return contextState.used ? runInFrame(EMPTY_FRAME, start) : start()
}
