import { Span, type SpanContext, type Tracer } from 'opentracing'
import { checkCarrier } from './carriers.js'
import type { Scope, ScopeManager } from './scope-manager.js'
import { type ScopedTracer, ScopedTracerBase } from './scoped-tracer.js'

/** The only span of a no-op tracer. Its ids are empty. */
class NoopSpan extends Span {
  readonly #tracer: Tracer

  constructor(tracer: Tracer) {
    super()
    this.#tracer = tracer
  }

  override tracer(): Tracer {
    return this.#tracer
  }
}

class NoopScopeManager implements ScopeManager {
  readonly active: Scope

  constructor(span: Span) {
    this.active = { span, manager: this, close() {}, [Symbol.dispose]() {} }
  }

  activate(): Scope {
    return this.active
  }

  with<S extends Span, R>(span: S, _finishOnClose: boolean, fn: (span: S) => R): R {
    return fn(span)
  }

  withoutActive<R>(fn: () => R): R {
    return fn()
  }
}

/**
 * A tracer that does nothing, for programs that disable tracing by a flag. Callbacks run, spans have empty ids and no baggage, and
 * `extract` returns null. Formats and carriers are still checked.
 */
export class NoopOpenTracingTracer extends ScopedTracerBase implements ScopedTracer {
  readonly scopeManager: ScopeManager
  readonly activeSpan: Span

  constructor() {
    super()
    this.activeSpan = new NoopSpan(this)
    this.scopeManager = new NoopScopeManager(this.activeSpan)
  }

  override startSpan(): Span {
    return this.activeSpan
  }

  protected startActive<R>(_name: string, _options: unknown, fn: ((span: Span) => R) | undefined): R | Scope {
    return fn === undefined ? this.scopeManager.activate(this.activeSpan, true) : fn(this.activeSpan)
  }

  startChildSpan(): Span {
    return this.activeSpan
  }

  override inject(_from: unknown, format: string, carrier: unknown): void {
    checkCarrier(format, carrier)
  }

  override extract(format: string, carrier: unknown): SpanContext | null {
    checkCarrier(format, carrier)
    return null
  }
}
