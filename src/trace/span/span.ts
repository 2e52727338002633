import type { Clock } from '../../base/clock.js'
import type { Frame } from '../../base/context.js'
import type { AttributesInit } from '../data/attributes.js'
import type { AttributeSource } from '../data/span-details.js'
import { cutName, cutStatus } from '../data/cut-strings.js'
import { readSafely } from '../data/read-safely.js'
import type { LinkInit } from '../data/link.js'
import type { MessageEventInit } from '../data/message-event.js'
import type { RandomWords } from '../context/random-source.js'
import { SAMPLED, SpanContext } from '../context/span-context.js'
import { SpanExtras } from './span-extras.js'
import { ENDED, KIND_MASK, KIND_SHIFT, SKIPPED, OPTIONS_MASK, OPTIONS_SHIFT, SCOPED, TIMED } from './span-flags.js'
import { type SpanKind, toSpanKind } from '../data/span-kind.js'
import type { SpanLimits } from '../data/span-limits.js'
import { endedTwice, usedAfterEnd } from '../data/span-metrics.js'
import type { SpanRecord } from '../data/span-record.js'
import { type OwnedFrameSpan, SpanScope } from './span-scope.js'
import { Status } from '../data/status.js'
import type { StatusCode } from '../data/status-code.js'
import { TraceId } from '../context/trace-id.js'

/** The part of a tracer that its spans use. */
export interface SpanOwner {
  readonly clock: Clock
  readonly limits: SpanLimits
  readonly random: RandomWords
  /** Wall-clock time minus monotonic time, in milliseconds. @param nowMs Monotonic. */
  wallOffsetMs(nowMs: number): number
  startChild(parent: Span, name: string): Span
  /** Records the latency. Times are monotonic. */
  unsampledEnds(span: Span, startMs: number, endMs: number): void
  /** Records the latency and sends the span to the transport. */
  sampledEnds(span: Span & SpanRecord): void
}

/**
 * A unit of work. Created by a tracer, which decides if it is sampled. This class is a span that is not sampled: its latency is recorded
 * and its trace is propagated, but details are not kept. A sampled span is a SampledSpan.
 *
 * No method throws. Calls after the end change nothing and are counted.
 */
export class Span implements OwnedFrameSpan {
  // No field is private, because sampled spans are made without this constructor; see sampled-span.ts.
  /** The owner, one for each tracer. @internal */
  declare readonly owner: SpanOwner & object
  /** @internal */
  declare ownTrace: TraceId | undefined
  /** @internal */
  declare ownName: string
  /** See span-flags.ts. @internal */
  declare flags: number
  /** Monotonic milliseconds; 0 if the start is not timed. @internal */
  declare readonly startMs: number
  /** Created when one of its fields is first set. @internal */
  declare extras: SpanExtras | undefined

  /**
   * Few fields, and no #private methods, for which V8 would add a field: this object is the cost of an unsampled span.
   * @param trace Undefined for the first span of a trace, which creates it when it is read.
   * @internal
   */
  constructor(owner: SpanOwner & object, trace: TraceId | undefined, name: string, flags: number, startMs: number) {
    this.owner = owner
    this.ownTrace = trace
    this.ownName = name
    this.flags = flags
    this.startMs = startMs
    this.extras = undefined
  }

  /** @internal */
  get trace(): TraceId {
    return (this.ownTrace ??= new TraceId(this.owner.random))
  }

  get name(): string {
    return this.ownName
  }

  get kind(): SpanKind {
    return ((this.flags >> KIND_SHIFT) & KIND_MASK) as SpanKind
  }

  /** True if the span keeps details and will be exported. */
  get sampled(): boolean {
    return false
  }

  get ended(): boolean {
    return (this.flags & ENDED) !== 0
  }

  /** The context to propagate. The span id of an unsampled span is generated when this is first read. */
  get context(): SpanContext {
    return (this.needExtras().context ??= this.newContext(this.traceOptions))
  }

  get traceId(): string {
    return this.trace.hex
  }

  get spanId(): string {
    return this.context.spanId
  }

  /** The span id of a sampled span's parent; undefined for the first span of a trace, and for unsampled spans. */
  get parentSpanId(): string | undefined {
    return undefined
  }

  /** OK unless set. */
  get status(): Status {
    return this.extras?.status ?? Status.OK
  }

  /** Milliseconds since 1970, with fractions; undefined if the start was not timed (unsampled, and no view of the latency). */
  get startTimeUnixMs(): number | undefined {
    return (this.flags & TIMED) === 0 ? undefined : this.startMs + this.owner.wallOffsetMs(this.owner.clock.monotonicMs())
  }

  /** Trace options without the sampled bit, for its children. @internal */
  get traceOptions(): number {
    return (this.flags >> OPTIONS_SHIFT) & OPTIONS_MASK & ~SAMPLED
  }

  /**
   * Sets an attribute, and replaces an earlier one with this key. Strings are cut at 4 096 characters. Values that are not strings, numbers
   * or booleans are dropped and counted.
   */
  addAttribute(_key: string, _value: unknown): this {
    return this
  }

  /** Adds attributes that are computed when they are first read. They come before attributes that are added later. @internal */
  addLater(_source: AttributeSource): this {
    return this
  }

  /** Sets several attributes. See `addAttribute`. */
  addAttributes(_attributes: AttributesInit): this {
    return this
  }

  /**
   * Adds an annotation: a description of an event.
   * @param timeUnixMs Time of the event, in milliseconds since 1970. Default: now.
   */
  addAnnotation(_description: string, _attributes?: AttributesInit, _timeUnixMs?: number): this {
    return this
  }

  /** Adds a message event: a message was sent or received. Default time: now. */
  addMessageEvent(_event: MessageEventInit): this {
    return this
  }

  /** Adds a link to another span: a LinkInit, or the context of the other span. */
  addLink(_to: LinkInit | SpanContext): this {
    return this
  }

  /** Sets the status. A later call replaces it. */
  setStatus(status: Status | StatusCode, message?: string): this {
    if (this.isOver()) return this
    this.putStatus(status instanceof Status ? status : (readSafely(() => Status.from(status, message)) ?? this.status))
    return this
  }

  /** Sets status and stack trace from a thrown value. */
  recordError(thrown: unknown): this {
    if (!this.isOver()) this.putStatus(Status.fromError(thrown))
    return this
  }

  /** Sets the status from a value that the function of the span threw. A status other than OK is kept. @internal */
  failed(thrown: unknown): void {
    if (this.ended) return
    const before = this.status
    this.recordError(thrown)
    if (!before.isOk) this.putStatus(before)
  }

  /** Sets the name, if it is only known after the start, such as a route. */
  setName(name: string): this {
    if (!this.isOver()) this.ownName = readSafely(() => cutName(String(name))) ?? this.ownName
    return this
  }

  /** Sets the kind, if it is only known after the start. */
  setKind(kind: SpanKind): this {
    if (!this.isOver()) this.flags = (this.flags & ~(KIND_MASK << KIND_SHIFT)) | (toSpanKind(kind) << KIND_SHIFT)
    return this
  }

  /** Does nothing: a span starts when it is created. For compatibility with OpenCensus. */
  start(): this {
    return this
  }

  /** Starts a child of this span, without making it current. */
  span(name: string): Span {
    return this.owner.startChild(this, name)
  }

  /**
   * Ends the span: records its latency, and exports it if it is sampled. If `startSpan`, or `span` without a callback, made it current, it
   * is no longer current.
   * @param endTimeUnixMs End time in milliseconds since 1970. Default: now.
   */
  end(endTimeUnixMs?: number): void {
    const flags = this.flags
    if ((flags & ENDED) !== 0) {
      endedTwice.value++
      return
    }
    if ((flags & TIMED) !== 0) {
      const nowMs = this.owner.clock.monotonicMs()
      this.finishAt(endTimeUnixMs !== undefined && Number.isFinite(endTimeUnixMs) ? endTimeUnixMs - this.wallOffsetMs(nowMs) : nowMs)
    }
    this.flags |= ENDED
    this.extras?.scope?.leave()
  }

  /** Alias of `end()`, the name in OpenCensus and OpenTracing. */
  finish(endTimeUnixMs?: number): void {
    this.end(endTimeUnixMs)
  }

  /** Ends the span unless it has ended, for `using span = tracer.span('name')`. */
  [Symbol.dispose](): void {
    if ((this.flags & ENDED) === 0) this.end()
  }

  /** Labels that link an exemplar to this span; undefined if it is not sampled or has ended. */
  exemplarLabels(): Readonly<Record<string, string>> | undefined {
    return this.ended ? this.enclosing?.exemplarLabels() : undefined
  }

  /** What identifies the span, for logs. Its other fields refer to the tracer, in a cycle. */
  toJSON(): { readonly name: string; readonly traceId: string; readonly spanId: string; readonly sampled: boolean } {
    return { name: this.name, traceId: this.traceId, spanId: this.spanId, sampled: this.sampled }
  }

  /** Makes the span current without a callback. @internal */
  enter(entered: Frame, before: Frame, enclosing: OwnedFrameSpan | undefined): void {
    this.needExtras().scope = new SpanScope(entered, before, enclosing)
    this.flags |= SCOPED
  }

  /** True if `startSpan` made it current and it has ended, so that `enclosing` is current instead. @internal */
  get isLeft(): boolean {
    return (this.flags & SKIPPED) === SKIPPED
  }

  /** True if `startSpan` made it current. @internal */
  get isImperative(): boolean {
    return (this.flags & SCOPED) !== 0
  }

  /** @internal */
  get enclosing(): OwnedFrameSpan | undefined {
    return this.extras?.scope?.enclosing
  }

  /** @internal */
  get depth(): number {
    return this.extras?.scope?.depth ?? 0
  }

  protected needExtras(): SpanExtras {
    return (this.extras ??= new SpanExtras())
  }

  protected putStatus(status: Status): void {
    if (status !== Status.OK || this.extras !== undefined) this.needExtras().status = cutStatus(status)
  }

  /** Returns true and counts the call if the span has ended. */
  protected isOver(): boolean {
    if ((this.flags & ENDED) === 0) return false
    usedAfterEnd.value++
    return true
  }

  protected finishAt(endMs: number): void {
    this.owner.unsampledEnds(this, this.startMs, endMs)
  }

  protected wallOffsetMs(nowMs: number): number {
    return this.owner.wallOffsetMs(nowMs)
  }

  protected newContext(options: number): SpanContext {
    const { random } = this.owner
    const s0 = random.next()
    return new SpanContext(this.trace, s0, random.next() || 1, options, false) // an id of zeros is not valid
  }
}
