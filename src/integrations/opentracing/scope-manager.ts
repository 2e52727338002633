import type { Span } from 'opentracing'

/** The time during which a span is the active one. Belongs to the task that opened it. */
export interface Scope {
  readonly span: Span
  readonly manager: ScopeManager
  /** Ends the activation; finishes the span if the scope was opened with that option. */
  close(): void
  /** For `using scope = tracer.startActiveSpan('name')`: closes the scope unless that has been done. */
  [Symbol.dispose](): void
}

/** Knows which span is active. A tracer takes any: for frameworks that carry their own context. */
export interface ScopeManager {
  /** The innermost open scope of this execution context; null if there is none. */
  readonly active: Scope | null
  /** Makes a span active, at once, until the scope is closed. */
  activate(span: Span, finishOnClose: boolean): Scope
  /**
   * Runs `fn` with a span active, over `await` too. Ends with `fn`, or with the promise that it returns; what is thrown is
   * recorded on the span and rethrown.
   */
  with<S extends Span, R>(span: S, finishOnClose: boolean, fn: (span: S) => R): R
  /** Runs `fn` with no span active. */
  withoutActive<R>(fn: () => R): R
}
