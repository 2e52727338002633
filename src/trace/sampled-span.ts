import type { AttributesInit } from './attributes.js'
import { guarded } from './guarded.js'
import type { LinkInit } from './link.js'
import type { MessageEventInit } from './message-event.js'
import { Span, type SpanOwner } from './span.js'
import { SAMPLED, type SpanContext } from './span-context.js'
import { SpanDetails } from './span-details.js'
import type { SpanKind } from './span-kind.js'
import type { SpanRecord } from './span-record.js'
import { StackTrace } from './stack-trace.js'
import { Status } from './status.js'
import type { TraceIdentity } from './trace-identity.js'
import type { WallOffset } from './wall-offset.js'

/**
 * A span that keeps what it is told. Once it has ended it takes nothing more, and its SpanData is a read-only view on
 * this one object, so that nothing is copied.
 */
export class SampledSpan extends Span implements SpanRecord {
  readonly parent: SpanContext | undefined
  readonly sameProcess: boolean | undefined
  readonly wallOffset: WallOffset
  endMs: number | undefined = undefined
  childSpanCount = 0
  details: SpanDetails | undefined = undefined
  slot = 0
  #context: SpanContext | undefined = undefined
  #status: Status | undefined = undefined

  /** Made by a tracer. @internal */
  constructor(
    owner: SpanOwner & object,
    trace: TraceIdentity,
    name: string,
    kind: SpanKind,
    options: number,
    startMs: number,
    parent: SpanContext | undefined,
    sameProcess: boolean | undefined,
    wallOffset: WallOffset,
  ) {
    super(owner, trace, name, kind, options, true, startMs)
    this.parent = parent
    this.sameProcess = sameProcess
    this.wallOffset = wallOffset
  }

  override get sampled(): boolean {
    return true
  }

  /** Made when it is asked for: by children, headers, exporters. */
  override get context(): SpanContext {
    return (this.#context ??= this.newContext(this.traceOptions | SAMPLED))
  }

  override get parentSpanId(): string | undefined {
    return this.parent?.isValid ? this.parent.spanId : undefined
  }

  override get status(): Status {
    return this.#status ?? Status.OK
  }

  get hasStatus(): boolean {
    return true
  }

  override get startTimeUnixMs(): number {
    return this.startMs + this.wallOffset.ms
  }

  override addAttribute(key: string, value: unknown): this {
    this.#writable()?.addAttribute(key, value, this.owner.limits)
    return this
  }

  override addAttributes(attributes: AttributesInit): this {
    if (typeof attributes !== 'object' || attributes === null) return this
    for (const key in attributes) {
      const value = guarded(() => attributes[key])
      this.addAttribute(key, value)
    }
    return this
  }

  override addAnnotation(description: string, attributes?: AttributesInit, timeUnixMs?: number): this {
    const atUnixMs = Number.isFinite(timeUnixMs) ? timeUnixMs! : this.#nowUnixMs()
    this.#writable()?.addAnnotation(description, attributes, atUnixMs, this.owner.limits)
    return this
  }

  override addMessageEvent(event: MessageEventInit): this {
    this.#writable()?.addMessageEvent(event, this.#nowUnixMs(), this.owner.limits)
    return this
  }

  override addLink(to: LinkInit | SpanContext): this {
    this.#writable()?.addLink(to, this.owner.limits)
    return this
  }

  override recordError(thrown: unknown): this {
    const details = this.#writable()
    if (details === undefined) return this
    this.putStatus(Status.fromError(thrown))
    details.stackTrace = StackTrace.fromError(thrown)
    return this
  }

  override exemplarLabels(): Readonly<Record<string, string>> | undefined {
    return this.ended ? super.exemplarLabels() : { trace_id: this.traceId, span_id: this.spanId }
  }

  protected override putStatus(status: Status): void {
    this.#status = status
  }

  protected override finishAt(endMs: number): void {
    this.endMs = endMs
    this.owner.sampledEnds(this)
  }

  protected override wallOffsetMs(): number {
    return this.wallOffset.ms
  }

  #writable(): SpanDetails | undefined {
    return this.isOver() ? undefined : (this.details ??= new SpanDetails())
  }

  #nowUnixMs(): number {
    return this.owner.clock.monotonicMs() + this.wallOffset.ms
  }
}
