import type { Reference, Span, SpanContext } from 'opentracing'

/** Those of the npm package, and more; taken as they are and never changed. */
export interface StartSpanOptions {
  /** The parent: a span, or a context such as `extract` gives, null included. Goes before `references`. */
  readonly childOf?: Span | SpanContext | null | undefined
  /** The parent is the first child_of, else the first; the others become links. Those to nothing count as not given. */
  readonly references?: readonly (Reference | null | undefined)[] | null | undefined
  readonly tags?: { readonly [key: string]: unknown } | null | undefined
  /** Milliseconds since 1970, with fractions. Default: now. */
  readonly startTime?: number | undefined
  /** Do not take the active span for a parent; one that is given here still is. Default false. */
  readonly ignoreActiveSpan?: boolean | undefined
}

export interface StartActiveSpanOptions extends StartSpanOptions {
  /** Whether the span is finished with its scope. Default true. */
  readonly finishOnClose?: boolean | undefined
}
