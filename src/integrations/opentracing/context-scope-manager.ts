import type { Span as OpenTracingSpanBase } from 'opentracing'
import { currentFrame, type Frame, runInFrame } from '../../base/context.js'
import { finallyAsync } from '../../base/finally-async.js'
import { currentEntry, frameWithBaggage, remoteFrame } from '../../trace/span/current-span.js'
import { Span } from '../../trace/span/span.js'
import type { OwnedFrameSpan } from '../../trace/span/span-scope.js'
import { ContextScope } from './context-scope.js'
import { recordErrorOn } from './error-fields.js'
import { OpenTracingSpan } from './opentracing-span.js'
import type { Scope, ScopeManager } from './scope-manager.js'
import { SpanBaggage } from './span-baggage.js'

/**
 * Keeps scopes in the async context of the native tracer, so that the active span and that tracer's current span are the same.
 */
export class ContextScopeManager implements ScopeManager {
  readonly #owner: object
  readonly #wrap: (native: Span, items: SpanBaggage) => OpenTracingSpan

  /** @param owner Owner of the spans in the context. @param wrap Creates the OpenTracing span of a native span. */
  constructor(owner: object, wrap: (native: Span, items: SpanBaggage) => OpenTracingSpan) {
    this.#owner = owner
    this.#wrap = wrap
  }

  get active(): Scope | null {
    const frame = currentFrame()
    const held = currentEntry(frame, this.#owner)
    if (held instanceof ContextScope) return held
    if (!(held instanceof Span)) return null
    return new ContextScope(this, this.#owner, this.#spanOf(held, frame), held)
  }

  /** The span of the active scope, or null. */
  get activeSpan(): OpenTracingSpanBase | null {
    const frame = currentFrame()
    const held = currentEntry(frame, this.#owner)
    if (held instanceof ContextScope) return held.span ?? null
    return held instanceof Span ? this.#spanOf(held, frame) : null
  }

  activate(span: OpenTracingSpanBase, finishOnClose: boolean): Scope {
    const frame = currentFrame()
    const enclosing = currentEntry(frame, this.#owner)
    const activation = { finishOnClose: finishOnClose === true, before: frame, enclosing }
    const scope = new ContextScope(this, this.#owner, span, nativeOf(span), activation)
    scope.enter(frameOf(frame, scope))
    return scope
  }

  with<S extends OpenTracingSpanBase, R>(span: S, finishOnClose: boolean, fn: (span: S) => R): R {
    const frame = currentFrame()
    const scope = new ContextScope(this, this.#owner, span, nativeOf(span))
    return runInFrame(frameOf(frame, scope), () =>
      finallyAsync(fn, span, (_span, failure) => {
        if (failure !== undefined) recordErrorOn(span, failure.error)
        if (finishOnClose) span?.finish()
      }),
    )
  }

  withoutActive<R>(fn: () => R): R {
    return runInFrame(remoteFrame(currentFrame(), this.#owner, undefined), fn)
  }

  /** The current scope or span, the parent of new spans. @internal */
  currentEntry(frame: Frame): OwnedFrameSpan | undefined {
    return currentEntry(frame, this.#owner)
  }

  #spanOf(native: Span, frame: Frame): OpenTracingSpan {
    return OpenTracingSpan.of(native, () => this.#wrap(native, baggageOf(frame)))
  }
}

/** The baggage in a frame of the async context. */
export function baggageOf({ baggage }: Frame): SpanBaggage {
  const items = baggage?.items
  return items === undefined ? SpanBaggage.EMPTY : new SpanBaggage(items)
}

function nativeOf(span: OpenTracingSpanBase): Span | undefined {
  return span instanceof OpenTracingSpan ? span.native : undefined
}

function frameOf(frame: Frame, scope: ContextScope): Frame {
  return frameWithBaggage(frame, scope, scope.baggageOver(frame.baggage))
}
