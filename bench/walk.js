// @ts-check
// The loops of the bench, which read arrays that were made in advance.

/** Calls in one run of a loop. */
export const CALLS = 1_024

/** The length of the arrays, a power of two. */
export const LENGTH = 16 * CALLS

/**
 * Makes a call for each position from `from` to before `to`, and returns a number. Begins with `from | 0` and ends before `to | 0`, from
 * which the compiler knows that positions are small whole numbers; else it would check each turn. A loop that needs no position
 * counts to 1,024, which is CALLS, written out: that is a quarter of what a counter takes.
 * @typedef {(from: number, to: number) => number} Loop
 */

let next = 0

/**
 * Runs a loop over the positions after those of the run before, whosever it was.
 * @param {Loop} loop
 */
export function walkOn(loop) {
  const from = next
  next = (from + CALLS) % LENGTH
  return loop(from, from + CALLS)
}
