import type { Span } from 'opentracing'
import type { StartSpanOptions } from './start-options.js'

/** Starts a child of `parent` by the tracer that made the parent. */
export function startChildSpan(parent: Span, name: string, options?: StartSpanOptions | null): Span {
  return parent.tracer().startSpan(name, { ...options, childOf: parent } as object)
}
