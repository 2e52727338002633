import type { Reference, Span, SpanContext } from 'opentracing'

/** Those of the npm package, and more; taken as they are and never changed. */
export interface StartSpanOptions {
  /**
   * The parent: a span, or a context as `extract` returns it, null included. Takes precedence over `references`. Default: the active
   * span.
   */
  readonly childOf?: Span | SpanContext | null | undefined
  /**
   * The first `child_of` reference is the parent, else the first reference. Others become links. Null and undefined are ignored.
   * Default: none.
   */
  readonly references?: readonly (Reference | null | undefined)[] | null | undefined
  /** Tags of the span from the start. Default: none. */
  readonly tags?: { readonly [key: string]: unknown } | null | undefined
  /** Milliseconds since 1970, with fractions. Default: now. */
  readonly startTime?: number | undefined
  /** Do not use the active span as the parent. One that is passed here is still used. Default false. */
  readonly ignoreActiveSpan?: boolean | undefined
}

export interface StartActiveSpanOptions extends StartSpanOptions {
  /** Whether the span is finished with its scope. Default true. */
  readonly finishOnClose?: boolean | undefined
}

/** Starts a child of `parent` by the tracer that made the parent. */
export function startChildSpan(parent: Span, name: string, options?: StartSpanOptions | null): Span {
  return parent.tracer().startSpan(name, { ...options, childOf: parent } as object)
}
