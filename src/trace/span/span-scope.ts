import { currentFrame, enterFrame, type Frame, type FrameSpan } from '../../base/context.js'
import { neverEnded } from '../data/span-metrics.js'

/** Spans that may be current inside each other. If there are more, some are never ended: the outer ones are released. */
const MAX_DEPTH = 1_000

/** An entry of a frame for the current span of one tracer. */
export interface OwnedFrameSpan extends FrameSpan {
  readonly owner: object
  /** What it is, and whether it is to be passed over: see span-flags.ts. */
  readonly flags: number
  /** What to look at instead if it is skipped. */
  readonly enclosing: OwnedFrameSpan | undefined
  /** How many that are not ended yet enclose it, at most. Absent: none. */
  readonly depth?: number
}

/** Where an imperative span was made current, and what was current before. */
export class SpanScope {
  /** The span to look at instead once this one has ended. */
  readonly enclosing: OwnedFrameSpan | undefined
  readonly depth: number
  // Let go of at the end, so that spans that follow each other hold no chain of frames.
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
