import type { ManualClock } from '../../src/testing/manual-clock.js'

/** Waits for a promise on a clock that moves on in steps, while the disk, which is real, takes its time. */
export async function advancing<T>(promise: Promise<T>, clock: ManualClock, stepMs: number): Promise<T> {
  let isSettled = false
  const settle = (): void => void (isSettled = true)
  promise.then(settle, settle)
  while (!isSettled) {
    await new Promise((resolve) => void setTimeout(resolve, 2))
    await clock.advanceAsync(stepMs)
  }
  return promise
}
