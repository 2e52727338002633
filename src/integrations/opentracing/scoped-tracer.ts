import { type Span, Tracer } from 'opentracing'
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

/** Sorts out the optional arguments of the methods with callbacks. */
export abstract class ScopedTracerBase<S extends Span = Span> extends Tracer {
  /** Starts a span and makes it active while `fn` runs or, without `fn`, until the returned scope is closed. */
  startActiveSpan<R>(name: string, fn: (span: S) => R): R
  startActiveSpan<R>(name: string, options: StartActiveSpanOptions | null | undefined, fn: (span: S) => R): R
  startActiveSpan(name: string, options?: StartActiveSpanOptions | null): Scope
  startActiveSpan<R>(name: string, second?: StartActiveSpanOptions | null | ((span: S) => R), third?: (span: S) => R): R | Scope {
    return typeof second === 'function' ? this.startActive(name, undefined, second) : this.startActive(name, second, third)
  }

  /** Calls `startActiveSpan` with a callback. */
  withSpan<R>(name: string, fn: (span: S) => R): R
  withSpan<R>(name: string, options: StartActiveSpanOptions | null | undefined, fn: (span: S) => R): R
  withSpan<R>(name: string, second: StartActiveSpanOptions | null | undefined | ((span: S) => R), third?: (span: S) => R): R {
    return typeof second === 'function' ? this.startActiveSpan(name, second) : this.startActiveSpan(name, second, third!)
  }

  /** @internal */
  protected abstract startActive<R>(
    name: string,
    options: StartActiveSpanOptions | null | undefined,
    fn: ((span: S) => R) | undefined,
  ): R | Scope
}
