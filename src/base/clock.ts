import { performance } from 'node:perf_hooks' // the global one is behind a getter

/** Where time is read. Nothing else in the engine reads it, so that tests can hand in their own. */
export interface Clock {
  /** Wall time in milliseconds since 1970, may jump. */
  unixMs(): number
  /** Milliseconds since some fixed moment, never goes back, with fractions. */
  monotonicMs(): number
  /**
   * Calls `fn` once after `delayMs`; what it returns stops the timer. Absent: the timers of Node.
   * A clock for tests brings its own, so that time and timers move together.
   */
  setTimer?(delayMs: number, fn: () => void): () => void
}

export const systemClock: Clock = {
  unixMs: () => Date.now(),
  monotonicMs: () => performance.now(),
}

/**
 * The same time by way of the globals, which fake timers replace together with `setTimeout`: for parts whose time has
 * to agree with their timers, and that are not in a hurry.
 */
export const timerClock: Clock = {
  unixMs: () => Date.now(),
  monotonicMs: () => globalThis.performance.now(),
}
