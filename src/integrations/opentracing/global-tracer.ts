import {
  globalTracer as npmGlobalTracer,
  initGlobalTracer as initNpmGlobalTracer,
  type Span,
  type SpanContext,
  type Tracer,
} from 'opentracing'
import { DefinitionError } from '../../base/errors.js'
import { processGlobal } from '../../base/process-global.js'
import { NoopOpenTracingTracer } from './noop-tracer.js'
import type { Scope, ScopeManager } from './scope-manager.js'
import { type ScopedTracer, ScopedTracerBase } from './scoped-tracer.js'
import type { StartActiveSpanOptions, StartSpanOptions } from './start-options.js'

interface Registration {
  tracer: (Tracer & ScopedTracer) | undefined
}

const registration = processGlobal('opentracing-global', (): Registration => ({ tracer: undefined }))
const noop = new NoopOpenTracingTracer()

/** Forwards to the tracer that is registered at the time of the call. Does nothing before. */
class GlobalTracer extends ScopedTracerBase implements ScopedTracer {
  get scopeManager(): ScopeManager {
    return this.#scoped().scopeManager
  }

  get activeSpan(): Span | null {
    return this.#scoped().activeSpan
  }

  override startSpan(name: string, options?: StartSpanOptions | null): Span {
    return (registration.tracer ?? npmGlobalTracer()).startSpan(name, { ...options } as object)
  }

  protected startActive<R>(name: string, options: StartActiveSpanOptions | null | undefined, fn?: (span: Span) => R): R | Scope {
    const tracer = this.#scoped()
    return fn === undefined ? tracer.startActiveSpan(name, options) : tracer.startActiveSpan(name, options, fn)
  }

  startChildSpan(parent: Span, name: string, options?: StartSpanOptions | null): Span {
    return this.#scoped().startChildSpan(parent, name, options)
  }

  override inject(from: SpanContext | Span, format: string, carrier: unknown): void {
    ;(registration.tracer ?? npmGlobalTracer()).inject(from, format, carrier)
  }

  override extract(format: string, carrier: unknown): SpanContext | null {
    return (registration.tracer ?? npmGlobalTracer()).extract(format, carrier)
  }

  #scoped(): ScopedTracer {
    return registration.tracer ?? noop
  }
}

const global = new GlobalTracer()

/** Returns the tracer of this process. It may be called before one is registered. Unlike that of the npm package, the tracer has scopes. */
export function globalTracer(): Tracer & ScopedTracer {
  return global
}

/**
 * Registers the tracer of this process, here and with the npm package.
 * @throws {@link DefinitionError} `ERR_OPENTRACING_GLOBAL` if it is not a tracer of this library.
 * @example
 * setGlobalTracer(new OpenTracingTracer({ tracer }))
 */
export function setGlobalTracer(tracer: Tracer & ScopedTracer): void {
  if (typeof tracer?.startActiveSpan !== 'function' || tracer === global) {
    throw new DefinitionError('ERR_OPENTRACING_GLOBAL', 'the global tracer must be an OpenTracingTracer or a NoopOpenTracingTracer')
  }
  registration.tracer = tracer
  initNpmGlobalTracer(tracer)
}

/** Alias of `setGlobalTracer`, the name in the npm package. */
export function initGlobalTracer(tracer: Tracer & ScopedTracer): void {
  setGlobalTracer(tracer)
}

/** Returns true after a call of `setGlobalTracer` or `initGlobalTracer`. */
export function isGlobalTracerRegistered(): boolean {
  return registration.tracer !== undefined
}
