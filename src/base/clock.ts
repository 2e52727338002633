import { performance } from 'node:perf_hooks' // the global one is behind a getter
import { processGlobal } from './process-global.js'

/** The source of time. Nothing else in the engine reads time, so that tests can use their own clock. */
export interface Clock {
  /** Wall-clock time in milliseconds since 1970. It may jump. */
  unixMs(): number
  /** Milliseconds since a fixed moment, with fractions. It never goes back. */
  monotonicMs(): number
  /**
   * Calls `fn` once after `delayMs`, and returns a function that stops the timer. A clock for tests implements it, so that time and
   * timers advance together. Default: `setTimeout`.
   */
  setTimer?(delayMs: number, fn: () => void): () => void
}

/** The clock that a test uses instead of the system clock, for all copies of this package; undefined if there is none. */
const replacement: { clock: Clock | undefined } = processGlobal('clock-replacement', () => ({ clock: undefined }))

/** The system clock. It is the default of all `clock` options. */
export const systemClock: Clock = {
  unixMs: () => (replacement.clock === undefined ? Date.now() : replacement.clock.unixMs()),
  monotonicMs: () => (replacement.clock === undefined ? performance.now() : replacement.clock.monotonicMs()),
}

/**
 * The same time, read from the globals, which fake timers replace together with `setTimeout`. For code that compares time with timers.
 * It is slower than {@link systemClock}.
 */
export const timerClock: Clock = {
  unixMs: () => (replacement.clock === undefined ? Date.now() : replacement.clock.unixMs()),
  monotonicMs: () => (replacement.clock === undefined ? globalThis.performance.now() : replacement.clock.monotonicMs()),
}

/**
 * Replaces the system clock, for all objects without a `clock` option. For tests: see `useClock` in `tallyscope/testing`.
 * @returns The replacement that was used before.
 */
export function replaceSystemClock(clock: Clock | undefined): Clock | undefined {
  const before = replacement.clock
  replacement.clock = clock
  return before
}
