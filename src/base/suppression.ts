import { currentFrame, EMPTY_FRAME, type Frame, runInFrame } from './context.js'

/** Runs `fn` so that nothing in it, awaited parts included, is traced or measured; for exporters' own work. */
export function runSuppressed<R>(fn: () => R): R {
  const frame = currentFrame()
  if (frame.suppressed) return fn()
  if (frame === EMPTY_FRAME) return runInFrame(EXPORT_FRAME, fn)
  const { tags, span, spans, baggage } = frame // one by one: spreading costs five times as much, and this runs once a span
  return runInFrame({ tags, span, spans, baggage, suppressed: true }, fn)
}

const EXPORT_FRAME: Frame = Object.freeze({ ...EMPTY_FRAME, suppressed: true })

/** As {@link runSuppressed}, and without the caller's tags and span: for work that serves many callers. */
export function runDetached<R>(fn: () => R): R {
  return runInFrame(EXPORT_FRAME, fn)
}

export function isSuppressed(): boolean {
  return currentFrame().suppressed
}
