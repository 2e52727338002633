import type { Reference, Span, SpanContext } from 'opentracing'

/** Those of the npm package, and more; taken as they are and never changed. */
export interface StartSpanOptions {
  /** The parent: a span, or a context such as `extract` returns, null included. Takes precedence over `references`. */
  readonly childOf?: Span | SpanContext | null | undefined
  /** The parent is the first child_of, else the first; the others become links. Those to nothing are ignored. */
  readonly references?: readonly (Reference | null | undefined)[] | null | undefined
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
