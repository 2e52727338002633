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
import type { SpanKind } from '../data/span-kind.js'
import type { SpanLimits } from '../data/span-limits.js'
import { endedTwice, usedAfterEnd } from '../data/span-metrics.js'
import type { SpanRecord } from '../data/span-record.js'
import { type OwnedFrameSpan, SpanScope } from './span-scope.js'
import { Status } from '../data/status.js'
import type { StatusCode } from '../data/status-code.js'
import { TraceId } from '../context/trace-id.js'

/** What a span needs of the tracer that made it. */
export interface SpanOwner {
  readonly clock: Clock
  readonly limits: SpanLimits
  readonly random: RandomWords
  /** Wall time minus monotonic time, in milliseconds. */
  wallOffsetMs(monotonicMs: number): number
  startChild(parent: Span, name: string): Span
  /** Records the latency. Times are monotonic. */
  unsampledEnds(span: Span, startMs: number, endMs: number): void
  /** Records the latency and sends what the span kept. */
  sampledEnds(span: Span & SpanRecord): void
}

/**
 * A unit of work. Made by a tracer, which decides whether it is sampled. This class is the one that is not: its latency
 * is recorded, it passes its trace on, and what is set on it is not kept. Sampled ones are of the class SampledSpan.
 *
 * Nothing here throws. What comes after the end changes nothing and is counted.
 */
export class Span implements OwnedFrameSpan {
  // No field is private: sampled spans are made without this constructor, see sampled-span.ts.
  /** Who made it: one for each tracer. @internal */
  declare readonly owner: SpanOwner & object
  /** @internal */
  declare ownTrace: TraceId | undefined
  /** @internal */
  declare ownName: string
  /** See span-flags.ts. @internal */
  declare flags: number
  /** Monotonic milliseconds; 0 if the start is not timed. @internal */
  declare readonly startMs: number
  /** Made when one of them is needed. @internal */
  declare extras: SpanExtras | undefined

  /**
   * Made by a tracer. Few fields, and no private methods, each of whose objects would hold a mark for them: what an
   * unsampled span costs is this object.
   * @param trace Undefined for the first span of a trace, which makes it when it is requested.
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

  /** True if the span keeps what is set on it and will be exported. */
  get sampled(): boolean {
    return false
  }

  get ended(): boolean {
    return (this.flags & ENDED) !== 0
  }

  /** The identity to send along; an unsampled span makes its span id when it is first needed. */
  get context(): SpanContext {
    return (this.needExtras().context ??= this.newContext(this.traceOptions))
  }

  get traceId(): string {
    return this.trace.hex
  }

  get spanId(): string {
    return this.context.spanId
  }

  /** Of a sampled span: the id of its parent, undefined for the first of a trace. An unsampled span does not keep it. */
  get parentSpanId(): string | undefined {
    return undefined
  }

  /** OK unless set. */
  get status(): Status {
    return this.extras?.status ?? Status.OK
  }

  /** Milliseconds since 1970, with fractions; undefined if the start was not timed (unsampled, and no view of the latency). */
  get startTimeUnixMs(): number | undefined {
    return (this.flags & TIMED) === 0 ? undefined : this.startMs + this.owner.wallOffsetMs(this.startMs)
  }

  /** Trace options without the sampled bit, for its children. @internal */
  get traceOptions(): number {
    return (this.flags >> OPTIONS_SHIFT) & OPTIONS_MASK & ~SAMPLED
  }

  /**
   * Sets an attribute, in the place of an earlier one of this key. Text is cut at 4 096 characters; values that are
   * neither string, number nor boolean are dropped and counted.
   */
  addAttribute(_key: string, _value: unknown): this {
    return this
  }

  /** Attributes that are computed when they are first read. They come before those that are added by hand from now on. @internal */
  addLater(_source: AttributeSource): this {
    return this
  }

  /** Sets several attributes. See `addAttribute`. */
  addAttributes(_attributes: AttributesInit): this {
    return this
  }

  /**
   * Notes that something happened.
   * @param timeUnixMs When, in milliseconds since 1970. Default: now.
   */
  addAnnotation(_description: string, _attributes?: AttributesInit, _timeUnixMs?: number): this {
    return this
  }

  /** Notes that a message was sent or received, at the current time by default. */
  addMessageEvent(_event: MessageEventInit): this {
    return this
  }

  /** Points to another span: a LinkInit, or the other span's context. */
  addLink(_to: LinkInit | SpanContext): this {
    return this
  }

  /** The last one set counts. A code alone will do. */
  setStatus(status: Status | StatusCode, message?: string): this {
    if (this.isOver()) return this
    this.putStatus(status instanceof Status ? status : (readSafely(() => Status.from(status, message)) ?? this.status))
    return this
  }

  /** Sets status and stack trace by what was thrown. */
  recordError(thrown: unknown): this {
    if (!this.isOver()) this.putStatus(Status.fromError(thrown))
    return this
  }

  /** Sets the status from a value thrown through a scope; a status other than OK is kept. @internal */
  failed(thrown: unknown): void {
    if (this.ended) return
    const before = this.status
    this.recordError(thrown)
    if (!before.isOk) this.putStatus(before)
  }

  /** Renames the span, if its name is known only later: a route, an operation. */
  setName(name: string): this {
    if (!this.isOver()) this.ownName = readSafely(() => cutName(String(name))) ?? this.ownName
    return this
  }

  /** Sets which side of a call it is, if that is known only later. */
  setKind(kind: SpanKind): this {
    if (!this.isOver()) this.flags = (this.flags & ~(KIND_MASK << KIND_SHIFT)) | ((kind & KIND_MASK) << KIND_SHIFT)
    return this
  }

  /** Does nothing: a span starts when it is created. For compatibility with OpenCensus. */
  start(): this {
    return this
  }

  /** A child of this span, not current. */
  span(name: string): Span {
    return this.owner.startChild(this, name)
  }

  /**
   * Ends the span: records its latency, and sends it if it is sampled. If `startSpan` or `span` without a
   * callback made it current, it is so no longer.
   * @param endTimeUnixMs When it ended, in milliseconds since 1970. Default: now.
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
    this.flags = flags | ENDED
    this.extras?.scope?.leave()
  }

  /** The same as `end()`, under the name of OpenCensus and OpenTracing. */
  finish(endTimeUnixMs?: number): void {
    this.end(endTimeUnixMs)
  }

  /** For `using span = tracer.span('name')`: ends the span unless that has been done. */
  [Symbol.dispose](): void {
    if ((this.flags & ENDED) === 0) this.end()
  }

  /** What ties a recorded value to this span; undefined if it is not sampled or has ended. */
  exemplarLabels(): Readonly<Record<string, string>> | undefined {
    return this.ended ? this.enclosing?.exemplarLabels() : undefined
  }

  /** Remembers that the span was made current imperatively. @internal */
  enter(entered: Frame, before: Frame, enclosing: OwnedFrameSpan | undefined): void {
    this.needExtras().scope = new SpanScope(entered, before, enclosing)
    this.flags |= SCOPED
  }

  /** True if `startSpan` made it current and it has ended: the search for the current span goes on to `enclosing`. @internal */
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

  /** True, and counted, after the end. */
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
    return new SpanContext(this.trace, s0, random.next() || 1, options, false) // zeros mean none
  }
}
