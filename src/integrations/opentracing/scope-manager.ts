import type { Span } from 'opentracing'

/** The activation of a span in the task that opened it. */
export interface Scope {
  readonly span: Span
  readonly manager: ScopeManager
  /** Ends the activation, and the span if the scope was opened with `finishOnClose`. */
  close(): void
  /** Closes the scope if it is open, for `using scope = tracer.startActiveSpan('name')`. */
  [Symbol.dispose](): void
}

/** Keeps the active span. A framework with its own context may implement it and pass it to a tracer. */
export interface ScopeManager {
  /** The innermost open scope of the current async context; null if there is none. */
  readonly active: Scope | null
  /** Makes a span active until the scope is closed. */
  activate(span: Span, finishOnClose: boolean): Scope
  /**
   * Makes a span active while `fn` runs, or until the promise that it returns has settled. Errors are recorded on the span and
   * rethrown.
   */
  with<S extends Span, R>(span: S, finishOnClose: boolean, fn: (span: S) => R): R
  /** Runs `fn` without an active span. */
  withoutActive<R>(fn: () => R): R
}
