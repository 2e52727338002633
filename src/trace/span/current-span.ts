import type { Frame, FrameBaggage } from '../../base/context.js'
import type { Span } from './span.js'
import type { SpanContext } from '../context/span-context.js'
import { IS_PROXY, SKIPPED } from './span-flags.js'
import type { OwnedFrameSpan } from './span-scope.js'

/**
 * Replaces a tracer's current span in a frame. Spans in that frame continue a remote context, or begin a new trace if there is none.
 */
export class RemoteParentEntry implements OwnedFrameSpan {
  readonly owner: object
  readonly context: SpanContext | undefined
  readonly flags = 0

  constructor(owner: object, context: SpanContext | undefined) {
    this.owner = owner
    this.context = context
  }

  get enclosing(): undefined {
    return undefined
  }

  exemplarLabels(): undefined {}
}

/**
 * The entry of a frame for a span that a scope has made current. After the scope is closed, in any async context, code that still has the
 * frame uses the span that was current before.
 */
export class ScopeEntry implements OwnedFrameSpan {
  readonly owner: object
  /** Undefined if the current span does not belong to one of our tracers. */
  readonly native: Span | undefined
  readonly enclosing: OwnedFrameSpan | undefined
  closed = false

  constructor(owner: object, native: Span | undefined, enclosing: OwnedFrameSpan | undefined) {
    this.owner = owner
    this.native = native
    this.enclosing = enclosing
  }

  get flags(): number {
    return this.closed ? IS_PROXY | SKIPPED : IS_PROXY
  }

  // The same members as a span, for code and copies of this package that know it only by its shape.
  get isLeft(): boolean {
    return this.closed
  }

  get traceId(): string {
    return this.native?.traceId ?? ''
  }

  get spanId(): string {
    return this.native?.spanId ?? ''
  }

  get sampled(): boolean {
    return this.native?.sampled === true
  }

  exemplarLabels(): Readonly<Record<string, string>> | undefined {
    return this.closed ? this.enclosing?.exemplarLabels() : this.native?.exemplarLabels()
  }
}

/** The current entry of this tracer: a span, a remote parent, or nothing. */
export const currentOf = (frame: Frame, owner: object): OwnedFrameSpan | undefined => {
  const held = currentEntry(frame, owner)
  return held !== undefined && (held.flags & IS_PROXY) !== 0 ? (held as ScopeEntry).native : held
}

/**
 * The entry of the current span: the span itself, or the scope that made it current. Imperative spans that have ended, and closed scopes,
 * are skipped. The frame may still have them after `await` of a function that opened one, or in the next request of a kept-alive
 * connection.
 */
export const currentEntry = (frame: Frame, owner: object): OwnedFrameSpan | undefined => {
  const newest = frame.span as OwnedFrameSpan | undefined
  if (newest === undefined) return undefined
  let held = newest.owner === owner ? newest : (frame.spans?.get(owner) as OwnedFrameSpan | undefined)
  while (held !== undefined && (held.flags & SKIPPED) === SKIPPED) held = held.enclosing
  return held
}

/** Returns `frame` with another current span of one tracer. The current spans of other tracers and the baggage stay. */
export const frameWith = (frame: Frame, span: OwnedFrameSpan): Frame => frameWithBaggage(frame, span, frame.baggage)

/** Returns `frame` with a remote parent, or none, and without baggage. */
export const remoteFrame = (frame: Frame, owner: object, context: SpanContext | undefined): Frame =>
  frameWithBaggage(frame, new RemoteParentEntry(owner, context), undefined)

export function frameWithBaggage(frame: Frame, span: OwnedFrameSpan, baggage: FrameBaggage | undefined): Frame {
  const { tags, suppressed, scope } = frame
  const newest = frame.span as OwnedFrameSpan | undefined
  let { spans } = frame
  if (spans !== undefined || (newest !== undefined && newest.owner !== span.owner)) {
    const all = new Map(spans)
    if (newest !== undefined) all.set(newest.owner, newest)
    spans = all.set(span.owner, span)
  }
  return { tags, span, spans, baggage, suppressed, scope }
}
