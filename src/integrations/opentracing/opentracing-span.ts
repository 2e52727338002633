import { Span as OpenTracingSpanBase, Tags, type Tracer } from 'opentracing'
import { getOrInsert } from '../../base/get-or-insert.js'
import type { Span } from '../../trace/span/span.js'
import { usedAfterEnd } from '../../trace/data/span-metrics.js'
import { recordErrorOn } from './error-fields.js'
import { annotationOf, logFields, hasError } from './log-annotation.js'
import { OpenTracingSpanContext } from './opentracing-context.js'
import type { SpanBaggage } from './span-baggage.js'
import { SpanOutcome } from './span-outcome.js'
import { errorOf, kindOf, messageOf, numberOf, plainValue } from './span-tags.js'

/** Wrappers of native spans that the program has seen, by native span. */
const wrappers = new WeakMap<Span, OpenTracingSpan>()

/**
 * A native span with OpenTracing's interface. Tags are attributes, logs are annotations. No method throws. Calls after `finish()` are
 * ignored and counted.
 */
export class OpenTracingSpan extends OpenTracingSpanBase {
  /** @internal */
  readonly native: Span
  readonly #tracer: Tracer
  #items: SpanBaggage
  #context: OpenTracingSpanContext | undefined = undefined
  #outcome: SpanOutcome | undefined = undefined

  /** @internal */
  constructor(native: Span, tracer: Tracer, items: SpanBaggage) {
    super()
    this.native = native
    this.#tracer = tracer
    this.#items = items
  }

  /** The wrapper of a native span. The same at each call. @internal */
  static of(native: Span, make: () => OpenTracingSpan): OpenTracingSpan {
    return getOrInsert(wrappers, native, make)
  }

  /** @internal */
  static known(native: Span): OpenTracingSpan | undefined {
    return wrappers.get(native)
  }

  /** The wrapped span of `tallyscope`. */
  get nativeSpan(): Span {
    wrappers.set(this.native, this)
    return this.native
  }

  /** What identifies the span, for logs. */
  toJSON(): ReturnType<Span['toJSON']> {
    return this.native.toJSON()
  }

  /** @internal */
  get items(): SpanBaggage {
    return this.#items
  }

  /** The ids of the span and its current baggage. Also valid after `finish()`. */
  override context(): OpenTracingSpanContext {
    return (this.#context ??= new OpenTracingSpanContext(this.native, this.#items))
  }

  override tracer(): Tracer {
    return this.#tracer
  }

  override setOperationName(name: string): this {
    this.native.setName(name)
    return this
  }

  /** Sets a baggage item, which later child spans inherit, also in other processes. It is dropped and counted if it exceeds a limit. */
  override setBaggageItem(key: string, value: string): this {
    if (this.#isOver()) return this
    const items = this.#items.with(key, value)
    if (items === this.#items) return this
    this.#items = items
    this.#context = undefined
    return this
  }

  override getBaggageItem(key: string): string | undefined {
    return this.#items.items.get(key)
  }

  /**
   * Sets an attribute. Values other than strings, numbers and booleans become strings. `span.kind` sets the kind of the span; `error`
   * and `http.status_code` set its status.
   */
  // oxlint-disable-next-line typescript/no-explicit-any
  override setTag(key: string, value: any): this {
    if (!this.#isOver()) this.#setTag(key, value)
    return this
  }

  // oxlint-disable-next-line typescript/no-explicit-any
  override addTags(tags: { [key: string]: any }): this {
    if (typeof tags !== 'object' || tags === null) return this
    try {
      for (const key in tags) this.#addTag(tags, key)
    } catch {
      // a proxy threw, one that was revoked for example
    }
    return this
  }

  /**
   * Adds an annotation. Its description is the field `event`, else `message`; the other fields become attributes.
   * @param timestamp Milliseconds since 1970, with fractions. Default: now.
   */
  // oxlint-disable-next-line typescript/no-explicit-any
  override log(fields: { [key: string]: any }, timestamp?: number): this {
    if (this.#isOver()) return this
    const read = logFields(fields)
    if (read === undefined) return this
    const message: unknown = read['message']
    if (hasError(read) && message !== undefined) {
      this.#outcomeNow().message = String(plainValue(message) ?? '')
      this.#settle()
    }
    if (!this.native.sampled) return this
    const { description, attributes } = annotationOf(read)
    this.native.addAnnotation(description, attributes, timestamp)
    return this
  }

  /** Deprecated in OpenTracing. Calls `log` with the fields `event` and `payload`. */
  override logEvent(event: string, payload: unknown): void {
    this.log({ event, payload })
  }

  /** Records a thrown value: sets the tag `error` and logs kind, message and stack. Scopes with a callback call it themselves. */
  recordError(thrown: unknown): this {
    recordErrorOn(this, thrown)
    return this
  }

  /**
   * Ends the span. Later calls are ignored and counted.
   * @param finishTime Milliseconds since 1970, with fractions. Default: now.
   */
  override finish(finishTime?: number): void {
    this.native.end(finishTime)
  }

  #addTag(tags: Readonly<Record<string, unknown>>, key: string): void {
    let value: unknown
    try {
      value = tags[key]
    } catch {
      return // a getter threw
    }
    this.setTag(key, value)
  }

  #setTag(key: string, value: unknown): void {
    const { native } = this
    switch (key) {
      case Tags.ERROR:
        return this.#setError(value)
      case Tags.HTTP_STATUS_CODE:
        return this.#setHttpCode(value)
      case Tags.SPAN_KIND: {
        const kind = kindOf(value)
        if (kind !== undefined) native.setKind(kind)
        if (kind) return // CLIENT or SERVER: no attribute is needed
        break
      }
    }
    if (native.sampled) native.addAttribute(key, plainValue(value))
  }

  #setError(value: unknown): void {
    const error = errorOf(value)
    if (error === undefined) return
    this.native.addAttribute(Tags.ERROR, error)
    const outcome = this.#outcomeNow()
    outcome.error = error
    if (error) outcome.message ??= messageOf(value)
    this.#settle()
  }

  #setHttpCode(value: unknown): void {
    const code = numberOf(value)
    this.native.addAttribute(Tags.HTTP_STATUS_CODE, code ?? plainValue(value))
    if (code === undefined) return
    this.#outcomeNow().httpCode = code
    this.#settle()
  }

  #outcomeNow(): SpanOutcome {
    return (this.#outcome ??= new SpanOutcome())
  }

  #settle(): void {
    const status = this.#outcome?.status
    if (status !== undefined) this.native.setStatus(status)
  }

  /** Returns true and counts the call if the span has ended. */
  #isOver(): boolean {
    if (!this.native.ended) return false
    usedAfterEnd.value++
    return true
  }
}
