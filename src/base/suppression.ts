import { currentFrame, runInFrame } from './context.js'

/** Runs `fn` so that nothing in it, awaited parts included, is traced or measured; for exporters' own work. */
export function runSuppressed<R>(fn: () => R): R {
  const frame = currentFrame()
  return frame.suppressed ? fn() : runInFrame({ ...frame, suppressed: true }, fn)
}

export function isSuppressed(): boolean {
  return currentFrame().suppressed
}
