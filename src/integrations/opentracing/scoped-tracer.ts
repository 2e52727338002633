import type { Span } from 'opentracing'
import type { Scope, ScopeManager } from './scope-manager.js'
import type { StartActiveSpanOptions, StartSpanOptions } from './start-options.js'

/** What our tracers have beyond the interface of the npm package: the model of OpenTracing for Python. */
export interface ScopedTracer {
  readonly scopeManager: ScopeManager
  /** The span of the active scope; null if there is none. */
  readonly activeSpan: Span | null
  /**
   * Runs `fn` in a new span that is active inside, over `await` too. It ends with `fn`, or with the promise that `fn`
   * returns; what is thrown is recorded on the span and rethrown.
   */
  startActiveSpan<R>(name: string, fn: (span: Span) => R): R
  startActiveSpan<R>(name: string, options: StartActiveSpanOptions | null | undefined, fn: (span: Span) => R): R
  /** Starts a span and makes it active until the scope is closed. */
  startActiveSpan(name: string, options?: StartActiveSpanOptions | null): Scope
  withSpan<R>(name: string, fn: (span: Span) => R): R
  withSpan<R>(name: string, options: StartActiveSpanOptions | null | undefined, fn: (span: Span) => R): R
  /** A child of `parent`, by the tracer that made it. */
  startChildSpan(parent: Span, name: string, options?: StartSpanOptions | null): Span
}
