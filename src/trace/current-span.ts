import type { Frame } from '../base/context.js'
import { Span } from './span.js'
import type { SpanContext } from './span-context.js'
import type { OwnedFrameSpan } from './span-scope.js'

/**
 * Stands in a frame where a tracer's current span would: below it, spans continue a context from elsewhere, or
 * begin a new trace where there is none.
 */
export class FrameParent implements OwnedFrameSpan {
  readonly owner: object
  readonly context: SpanContext | undefined

  constructor(owner: object, context: SpanContext | undefined) {
    this.owner = owner
    this.context = context
  }

  exemplarLabels(): undefined {}
}

/**
 * What is current for this tracer. Imperative spans that have ended are passed over: after `await` of a function that
 * opened one, or in the next request of a kept-alive connection, the frame may still hold it.
 */
export function currentOf(frame: Frame, owner: object): OwnedFrameSpan | undefined {
  const newest = frame.span as OwnedFrameSpan | undefined
  if (newest === undefined) return undefined
  let held = newest.owner === owner ? newest : (frame.spans?.get(owner) as OwnedFrameSpan | undefined)
  while (held instanceof Span && held.isLeft) held = held.enclosing
  return held
}

/** `frame` with another current span for its tracer; those of other tracers stay. */
export function frameWith(frame: Frame, span: OwnedFrameSpan): Frame {
  const { tags, baggage, suppressed } = frame
  const newest = frame.span as OwnedFrameSpan | undefined
  let { spans } = frame
  if (spans !== undefined || (newest !== undefined && newest.owner !== span.owner)) {
    const all = new Map(spans)
    if (newest !== undefined) all.set(newest.owner, newest)
    spans = all.set(span.owner, span)
  }
  return { tags, span, spans, baggage, suppressed }
}
