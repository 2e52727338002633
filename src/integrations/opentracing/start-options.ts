import type { Reference, Span, SpanContext } from 'opentracing'

/** The options of the npm package, plus `ignoreActiveSpan`. The object is not changed. */
export interface StartSpanOptions {
  /**
   * The parent: a span, or the result of `extract`, null included. Takes precedence over `references`. Default: the active span.
   */
  readonly childOf?: Span | SpanContext | null | undefined
  /**
   * The first `child_of` reference, else the first reference, is the parent. The others become links. Null and undefined are ignored.
   * Default: none.
   */
  readonly references?: readonly (Reference | null | undefined)[] | null | undefined
  /** Tags of the span from the start. Default: none. */
  readonly tags?: { readonly [key: string]: unknown } | null | undefined
  /** Milliseconds since 1970, with fractions. Default: now. */
  readonly startTime?: number | undefined
  /** Does not make the active span the parent. A parent in these options is still used. Default false. */
  readonly ignoreActiveSpan?: boolean | undefined
}

export interface StartActiveSpanOptions extends StartSpanOptions {
  /** Finishes the span when the scope is closed. Default true. */
  readonly finishOnClose?: boolean | undefined
}

/** Starts a child of `parent` with the tracer that created the parent. */
export function startChildSpan(parent: Span, name: string, options?: StartSpanOptions | null): Span {
  return parent.tracer().startSpan(name, { ...options, childOf: parent } as object)
}
