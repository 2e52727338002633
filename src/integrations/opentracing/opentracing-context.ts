import { SpanContext as OpenTracingContextBase } from 'opentracing'
import { toSpanContext } from '../../trace/context/to-span-context.js'
import { Span } from '../../trace/span/span.js'
import type { SpanContext } from '../../trace/context/span-context.js'
import { SpanBaggage } from './span-baggage.js'

/** Marks contexts of all copies of this package in the process. */
const BRAND = Symbol.for('tallyscope.opentracing.context')

/**
 * The ids of a span and its baggage. Immutable: after `setBaggageItem` a span has a new context. The ids are those of `traceparent`,
 * and empty if there is baggage but no trace.
 */
export class OpenTracingSpanContext extends OpenTracingContextBase {
  /** The span itself if it is local, so that its ids are only generated if they are read. @internal */
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

  /** The baggage at the time when the context was created. */
  get baggage(): ReadonlyMap<string, string> {
    return this.items.items
  }

  /** Ids and baggage, for logs. */
  toJSON(): { readonly traceId: string; readonly spanId: string; readonly baggage: Readonly<Record<string, string>> } {
    return { traceId: this.toTraceId(), spanId: this.toSpanId(), baggage: Object.fromEntries(this.baggage) }
  }

  /** The native span context; undefined if there is only baggage. */
  get native(): SpanContext | undefined {
    return this.source instanceof Span ? this.source.context : this.source
  }

  static {
    Object.defineProperty(this.prototype, BRAND, { value: true })
  }
}

/** The context of a context or span of this or another copy of the package. Undefined for values of other tracers. */
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
    return undefined // a getter of another tracer's object threw
  }
}

function fromOtherCopy({ native, baggage }: OpenTracingSpanContext): OpenTracingSpanContext {
  return new OpenTracingSpanContext(toSpanContext(native), new SpanBaggage(new Map(baggage)))
}

function isBranded(value: unknown): value is OpenTracingSpanContext {
  return typeof value === 'object' && value !== null && BRAND in value
}
