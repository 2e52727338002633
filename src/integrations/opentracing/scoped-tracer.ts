import type { Span } from 'opentracing'
import type { Scope, ScopeManager } from './scope-manager.js'
import type { StartActiveSpanOptions, StartSpanOptions } from './start-options.js'

/** The methods of OpenTracing for Python that the npm package lacks. */
export interface ScopedTracer {
  readonly scopeManager: ScopeManager
  /** The span of the active scope; null if there is none. */
  readonly activeSpan: Span | null
  /**
   * Runs `fn` with a new active span, which ends with `fn` or with the promise that it returns. Errors are recorded on the span and
   * rethrown.
   */
  startActiveSpan<R>(name: string, fn: (span: Span) => R): R
  startActiveSpan<R>(name: string, options: StartActiveSpanOptions | null | undefined, fn: (span: Span) => R): R
  /** Starts a span and makes it active until the scope is closed. */
  startActiveSpan(name: string, options?: StartActiveSpanOptions | null): Scope
  withSpan<R>(name: string, fn: (span: Span) => R): R
  withSpan<R>(name: string, options: StartActiveSpanOptions | null | undefined, fn: (span: Span) => R): R
  /** Starts a child of `parent` with the tracer that created the parent. */
  startChildSpan(parent: Span, name: string, options?: StartSpanOptions | null): Span
}
