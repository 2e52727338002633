import type { AttributesInit } from '../data/attributes.js'
import { readSafely } from '../data/read-safely.js'
import type { LinkInit } from '../data/link.js'
import type { MessageEventInit } from '../data/message-event.js'
import { Span, type SpanOwner } from './span.js'
import { SAMPLED, type SpanContext } from '../context/span-context.js'
import { type AttributeSource, SpanDetails } from '../data/span-details.js'
import { LOCAL_PARENT, REMOTE_PARENT } from './span-flags.js'
import { refusedValues } from '../data/span-metrics.js'
import type { SpanRecord } from '../data/span-record.js'
import { StackTrace } from '../data/stack-trace.js'
import { Status } from '../data/status.js'
import type { TraceId } from '../context/trace-id.js'
import type { WallOffset } from './wall-clock.js'

/**
 * A span that keeps the details that are set on it. After the end nothing can be set. Its SpanData is a read-only view of this object, so
 * that nothing is copied.
 */
export class SampledSpan extends Span implements SpanRecord {
  declare readonly parent: SpanContext | undefined
  declare readonly wallOffset: WallOffset
  declare endMs: number | undefined
  declare slot: number
  // Not in the extras: nearly every exported span has both.
  declare ownContext: SpanContext | undefined
  declare details: SpanDetails | undefined

  override get sampled(): boolean {
    return true
  }

  override get context(): SpanContext {
    return (this.ownContext ??= this.newContext(this.traceOptions | SAMPLED))
  }

  override get parentSpanId(): string | undefined {
    return this.parent?.isValid ? this.parent.spanId : undefined
  }

  get sameProcess(): boolean | undefined {
    const from = this.flags & (LOCAL_PARENT | REMOTE_PARENT)
    return from === 0 ? undefined : from === LOCAL_PARENT
  }

  get hasStatus(): boolean {
    return true
  }

  get childSpanCount(): number {
    return this.extras?.childSpanCount ?? 0
  }

  /** @internal */
  countChild(): void {
    this.needExtras().childSpanCount++
  }

  override get startTimeUnixMs(): number {
    return this.startMs + this.wallOffset.ms
  }

  override addAttribute(key: string, value: unknown): this {
    this.writable()?.addAttribute(key, value, this.owner.limits)
    return this
  }

  override addLater(source: AttributeSource): this {
    this.writable()?.addLater(source, this.owner.limits)
    return this
  }

  override addAttributes(attributes: AttributesInit): this {
    if (typeof attributes !== 'object' || attributes === null) return this
    try {
      for (const key in attributes) {
        const value = readSafely(() => attributes[key])
        this.addAttribute(key, value)
      }
    } catch {
      refusedValues.value++ // a proxy threw, one that was revoked for example
    }
    return this
  }

  override addAnnotation(description: string, attributes?: AttributesInit, timeUnixMs?: number): this {
    const atUnixMs = Number.isFinite(timeUnixMs) ? timeUnixMs! : this.nowUnixMs()
    this.writable()?.addAnnotation(description, attributes, atUnixMs, this.owner.limits)
    return this
  }

  override addMessageEvent(event: MessageEventInit): this {
    this.writable()?.addMessageEvent(event, this.nowUnixMs(), this.owner.limits)
    return this
  }

  override addLink(to: LinkInit | SpanContext): this {
    this.writable()?.addLink(to, this.owner.limits)
    return this
  }

  override recordError(thrown: unknown): this {
    const details = this.writable()
    if (details === undefined) return this
    this.putStatus(Status.fromError(thrown))
    details.stackTrace = StackTrace.fromError(thrown)
    return this
  }

  override exemplarLabels(): Readonly<Record<string, string>> | undefined {
    return this.ended ? super.exemplarLabels() : Object.freeze({ trace_id: this.traceId, span_id: this.spanId })
  }

  protected override finishAt(endMs: number): void {
    this.endMs = endMs
    this.owner.sampledEnds(this)
  }

  protected override wallOffsetMs(): number {
    return this.wallOffset.ms
  }

  /** The details while the span is running. Returns undefined and counts the call if it has ended. */
  protected writable(): SpanDetails | undefined {
    return this.isOver() ? undefined : (this.details ??= new SpanDetails())
  }

  protected nowUnixMs(): number {
    return this.owner.clock.monotonicMs() + this.wallOffset.ms
  }
}

type Writable<T> = { -readonly [key in keyof T]: T[key] }

/**
 * Creates a sampled span without `super`, which V8 compiles to calls of two builtins and of a constructor: an eighth of the cost of a
 * sampled span (bench/trace/trace.bench.js, sampled span).
 */
function assign(
  this: Writable<SampledSpan>,
  owner: SpanOwner & object,
  trace: TraceId | undefined,
  name: string,
  flags: number,
  startMs: number,
  parent: SpanContext | undefined,
  wallOffset: WallOffset,
): void {
  this.owner = owner
  this.ownTrace = trace
  this.ownName = name
  this.flags = flags
  this.startMs = startMs
  this.extras = undefined
  this.parent = parent
  this.wallOffset = wallOffset
  this.endMs = undefined
  this.slot = 0
  this.ownContext = undefined
  this.details = undefined
}

type SampledSpanConstructor = new (...parts: Parameters<typeof assign>) => SampledSpan

/** @internal */
export const NewSampledSpan: SampledSpanConstructor = Object.assign(assign, {
  prototype: SampledSpan.prototype,
}) as unknown as SampledSpanConstructor
