import { SpanContext as OpenTracingContextBase } from 'opentracing'
import { toSpanContext } from '../../trace/context/to-span-context.js'
import { Span } from '../../trace/span/span.js'
import type { SpanContext } from '../../trace/context/span-context.js'
import { SpanBaggage } from './span-baggage.js'

/** Recognizes contexts of every copy of this package in the process. */
const BRAND = Symbol.for('tallyscope.opentracing.context')

/**
 * The identity of a span and its baggage, immutable: baggage that is set later makes a new context. Ids are those of
 * `traceparent`; if there is baggage but no trace they are empty.
 */
export class OpenTracingSpanContext extends OpenTracingContextBase {
  /** A local span itself, so that its ids are made only when they are read. @internal */
  readonly source: Span | SpanContext | undefined
  /** @internal */
  readonly items: SpanBaggage

  /** @internal */
  constructor(source: Span | SpanContext | undefined, items: SpanBaggage) {
    super()
    this.source = source
    this.items = items
  }

  /** 32 hex digits, or empty. */
  override toTraceId(): string {
    return this.source?.traceId ?? ''
  }

  /** 16 hex digits, or empty. */
  override toSpanId(): string {
    return this.source?.spanId ?? ''
  }

  /** The items as they were when this context was made. */
  get baggage(): ReadonlyMap<string, string> {
    return this.items.items
  }

  /** The span context of this library; undefined if there is baggage alone. */
  get native(): SpanContext | undefined {
    return this.source instanceof Span ? this.source.context : this.source
  }

  static {
    Object.defineProperty(this.prototype, BRAND, { value: true })
  }
}

/** The context of a value passed as one: a context or a span, of this copy or another. Undefined for those of other tracers. */
export function readContext(given: unknown): OpenTracingSpanContext | undefined {
  if (given instanceof OpenTracingSpanContext) return given
  if (typeof given !== 'object' || given === null) return undefined
  try {
    if (isBranded(given)) return fromOtherCopy(given)
    const { context } = given as { context?: unknown }
    if (typeof context !== 'function') return undefined
    const inner: unknown = context.call(given)
    if (inner instanceof OpenTracingSpanContext) return inner
    return isBranded(inner) ? fromOtherCopy(inner) : undefined
  } catch {
    return undefined // a stranger whose members throw
  }
}

function fromOtherCopy({ native, baggage }: OpenTracingSpanContext): OpenTracingSpanContext {
  return new OpenTracingSpanContext(toSpanContext(native), new SpanBaggage(new Map(baggage)))
}

function isBranded(value: unknown): value is OpenTracingSpanContext {
  return typeof value === 'object' && value !== null && BRAND in value
}
