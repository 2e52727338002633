import { performance } from 'node:perf_hooks' // the global one is behind a getter
import { processGlobal } from './process-global.js'

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

/** The clock that a test has put in place of the system's, for all copies of this package; undefined for none. */
const replacement: { clock: Clock | undefined } = processGlobal('clock-replacement', () => ({ clock: undefined }))

/** The clock of the system. It is the default of all `clock` options. */
export const systemClock: Clock = {
  unixMs: () => (replacement.clock === undefined ? Date.now() : replacement.clock.unixMs()),
  monotonicMs: () => (replacement.clock === undefined ? performance.now() : replacement.clock.monotonicMs()),
}

/**
 * The same time by way of the globals, which fake timers replace together with `setTimeout`: for parts whose time has
 * to agree with their timers, and that are not in a hurry.
 */
export const timerClock: Clock = {
  unixMs: () => (replacement.clock === undefined ? Date.now() : replacement.clock.unixMs()),
  monotonicMs: () => (replacement.clock === undefined ? globalThis.performance.now() : replacement.clock.monotonicMs()),
}

/**
 * Puts a clock in place of the system's, for everything that was given none. For tests: see `useClock` in `tallyscope/testing`.
 * @returns what was in place before.
 */
export function replaceSystemClock(clock: Clock | undefined): Clock | undefined {
  const before = replacement.clock
  replacement.clock = clock
  return before
}
