import { currentFrame, enterFrame, type Frame, type FrameSpan } from '../../base/context.js'
import { neverEnded } from '../data/span-metrics.js'

/** Limit of nested current spans. Beyond it, some are probably never ended, so the outer ones are released. */
const MAX_DEPTH = 1_000

/** An entry of a frame for the current span of one tracer. */
export interface OwnedFrameSpan extends FrameSpan {
  readonly owner: object
  /** See span-flags.ts. */
  readonly flags: number
  /** The entry to use if this one is skipped. */
  readonly enclosing: OwnedFrameSpan | undefined
  /** Maximum number of open entries around it. Absent: none. */
  readonly depth?: number
}

/** The frame in which an imperative span was made current, and the frame before. */
export class SpanScope {
  /** The entry to use once this span has ended. */
  readonly enclosing: OwnedFrameSpan | undefined
  readonly depth: number
  // Cleared at the end, so that consecutive spans do not keep a chain of frames in memory.
  #entered: Frame | undefined
  #before: Frame | undefined

  constructor(entered: Frame, before: Frame, enclosing: OwnedFrameSpan | undefined) {
    this.depth = (enclosing?.depth ?? 0) + 1
    if (this.depth > MAX_DEPTH) {
      neverEnded.value++
      this.depth = 1
      this.enclosing = undefined
      this.#entered = { ...entered, spans: undefined }
      this.#before = { ...before, span: undefined, spans: undefined }
    } else {
      this.enclosing = enclosing
      this.#entered = entered
      this.#before = before
    }
    enterFrame(this.#entered)
  }

  leave(): void {
    const entered = this.#entered
    const before = this.#before
    this.#entered = undefined
    this.#before = undefined
    // If another scope has been entered since, or this runs in another async context, that one stays.
    if (before !== undefined && currentFrame() === entered) enterFrame(before)
  }
}
