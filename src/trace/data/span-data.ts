import type { Annotation } from './annotation.js'
import { type Attributes, type AttributesInit, collectAttributes, NO_ATTRIBUTES, plainAttributes } from './attributes.js'
import { BoundedList } from './bounded-list.js'
import { link, type Link, type LinkInit } from './link.js'
import { messageEvent, type MessageEvent, type MessageEventInit } from './message-event.js'
import type { SpanContext } from '../context/span-context.js'
import { SpanDetails } from './span-details.js'
import { spanJson, type TraceDocument } from './span-json.js'
import { SpanKind } from './span-kind.js'
import { durationMsOf, type SpanRecord } from './span-record.js'
import type { StackTrace } from './stack-trace.js'
import { Status } from './status.js'

/** The fields of a finished span, to create one by hand in tests and converters. */
export interface SpanDataInit {
  readonly name: string
  readonly context: SpanContext
  readonly startTimeUnixMs: number
  readonly endTimeUnixMs: number
  readonly kind?: SpanKind
  readonly parentSpanId?: string
  readonly sameProcessAsParentSpan?: boolean
  readonly status?: Status
  readonly childSpanCount?: number
  readonly attributes?: AttributesInit
  readonly annotations?: readonly { readonly timeUnixMs: number; readonly description: string; readonly attributes?: AttributesInit }[]
  readonly messageEvents?: readonly MessageEventInit[]
  readonly links?: readonly LinkInit[]
  readonly stackTrace?: StackTrace
}

/** Numbers of items that were dropped because of the limits of a span. */
export interface SpanDropCounts {
  readonly attributes: number
  readonly annotations: number
  readonly messageEvents: number
  readonly links: number
}

/**
 * A finished span, for exporters. Immutable. Its JSON form is the trace document of OpenCensus.
 *
 * @example
 * class Names implements Exporter<SpanData> {
 *   export(spans: readonly SpanData[]) { for (const { name, durationMs } of spans) console.log(name, durationMs) }
 * }
 */
export class SpanData {
  readonly #record: SpanRecord

  /** @param record The record of a span that has ended. @internal */
  constructor(record: SpanRecord) {
    this.#record = record
  }

  /** Creates a SpanData from plain fields. */
  static from(init: SpanDataInit): SpanData {
    const details = new SpanDetails()
    details.attributes = collectAttributes(init.attributes, Infinity)
    details.annotations = listOf(init.annotations, ({ timeUnixMs, description, attributes }) =>
      Object.freeze({ timeUnixMs, description, attributes: plainAttributes(collectAttributes(attributes, Infinity)) }),
    )
    details.messageEvents = listOf(init.messageEvents, (event) => messageEvent(event, init.endTimeUnixMs))
    details.links = listOf(init.links, (each) => link(each, Infinity))
    details.stackTrace = init.stackTrace
    return new SpanData({
      name: init.name,
      kind: init.kind ?? SpanKind.UNSPECIFIED,
      context: init.context,
      parentSpanId: init.parentSpanId,
      sameProcess: init.sameProcessAsParentSpan,
      startMs: init.startTimeUnixMs,
      startTimeUnixMs: init.startTimeUnixMs,
      endMs: init.endTimeUnixMs,
      status: init.status ?? Status.OK,
      hasStatus: init.status !== undefined,
      childSpanCount: init.childSpanCount ?? 0,
      details,
      slot: 0,
    })
  }

  get name(): string {
    return this.#record.name
  }

  get kind(): SpanKind {
    return this.#record.kind
  }

  get context(): SpanContext {
    const { context } = this.#record
    Object.freeze(context.trace) // all spans of the trace share it, so that exporters must not change it
    Object.freeze(context)
    return context
  }

  get traceId(): string {
    return this.#record.context.traceId
  }

  get spanId(): string {
    return this.#record.context.spanId
  }

  /** Undefined for the first span of a trace. */
  get parentSpanId(): string | undefined {
    return this.#record.parentSpanId
  }

  /** False if the parent's context came from another process, undefined if there is no parent. */
  get sameProcessAsParentSpan(): boolean | undefined {
    return this.#record.sameProcess
  }

  /** Milliseconds since 1970, with fractions. */
  get startTimeUnixMs(): number {
    return this.#record.startTimeUnixMs
  }

  /** Milliseconds since 1970, with fractions. */
  get endTimeUnixMs(): number {
    return this.startTimeUnixMs + this.durationMs
  }

  /** Measured by the monotonic clock: never negative, exact to microseconds, and not affected by changes of the wall clock. */
  get durationMs(): number {
    return durationMsOf(this.#record)
  }

  get startTime(): Date {
    return new Date(this.startTimeUnixMs)
  }

  get endTime(): Date {
    return new Date(this.endTimeUnixMs)
  }

  get attributes(): Attributes {
    return this.#record.details?.plainAttributes() ?? NO_ATTRIBUTES
  }

  /**
   * Approximate memory of name and attributes, without computing them. Undefined if the span has other details too. @internal
   */
  get textBytes(): number | undefined {
    const { name, details } = this.#record
    if (details === undefined) return name.length
    return details.hasOnlyAttributes ? name.length + details.attributeBytes : undefined
  }

  get annotations(): readonly Annotation[] {
    return this.#record.details?.annotations?.toArray() ?? []
  }

  get messageEvents(): readonly MessageEvent[] {
    return this.#record.details?.messageEvents?.toArray() ?? []
  }

  get links(): readonly Link[] {
    return this.#record.details?.links?.toArray() ?? []
  }

  /** OK if none was set. */
  get status(): Status {
    return this.#record.status
  }

  /** False if no status was set: the JSON form then omits it. */
  get hasStatus(): boolean {
    return this.#record.hasStatus
  }

  /** The stack trace of the error that ended the span. */
  get stackTrace(): StackTrace | undefined {
    return this.#record.details?.stackTrace
  }

  /** The number of spans in this process whose parent is this one. */
  get childSpanCount(): number {
    return this.#record.childSpanCount
  }

  /** Numbers of dropped items. */
  get dropped(): SpanDropCounts {
    const { details } = this.#record
    return {
      attributes: details?.attributes?.dropped ?? 0,
      annotations: details?.annotations?.dropped ?? 0,
      messageEvents: details?.messageEvents?.dropped ?? 0,
      links: details?.links?.dropped ?? 0,
    }
  }

  /** A trace document with this one span. */
  toJSON(): TraceDocument {
    return { traceId: this.traceId, spans: [spanJson(this)] }
  }

  static {
    // For `console.log`, which does not print private fields.
    Object.defineProperty(this.prototype, Symbol.for('nodejs.util.inspect.custom'), {
      value(this: SpanData): object {
        return this.toJSON()
      },
    })
  }
}

function listOf<T, R>(items: readonly T[] | undefined, make: (item: T) => R): BoundedList<R> | undefined {
  if (items === undefined || items.length === 0) return undefined
  const list = new BoundedList<R>(items.length)
  for (const item of items) list.append(make(item))
  return list
}
