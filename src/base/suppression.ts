import { currentFrame, EMPTY_FRAME, type Frame, runInFrame, runInFrameWith } from './context.js'

/** Runs `fn` without tracing and measuring anything in it, including what it awaits. For the work of exporters. */
export function runSuppressed<R>(fn: () => R): R {
  const frame = currentFrame()
  return frame.suppressed ? fn() : runInFrame(suppressedFrame(frame), fn)
}

/** The same for a function with two arguments. It runs for each span, and a closure would be as expensive as the change of frame. */
export function runSuppressedWith<A, B, R>(fn: (a: A, b: B) => R, a: A, b: B): R {
  const frame = currentFrame()
  return frame.suppressed ? fn(a, b) : runInFrameWith(suppressedFrame(frame), frame, fn, a, b)
}

function suppressedFrame(frame: Frame): Frame {
  if (frame === EMPTY_FRAME) return SUPPRESSED_FRAME
  const { tags, span, spans, baggage, scope } = frame // one by one: a spread takes five times as long
  return { tags, span, spans, baggage, suppressed: true, scope }
}

export const SUPPRESSED_FRAME: Frame = Object.freeze({ ...EMPTY_FRAME, suppressed: true })

/** Like {@link runSuppressed}, also without the caller's tags and span. For work that serves many callers. */
export function runDetached<R>(fn: () => R): R {
  return runInFrame(SUPPRESSED_FRAME, fn)
}
