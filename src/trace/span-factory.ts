import type { Clock } from '../base/clock.js'
import { contextState, currentFrame, type Frame, sampledSpanEnded, sampledSpanStarted } from '../base/context.js'
import type { Transport } from '../base/exporter.js'
import type { AttributesInit } from './data/attributes.js'
import { currentOf, type RemoteParentEntry } from './span/current-span.js'
import { AlwaysOffSampler, AlwaysOnSampler } from './sampling/constant-samplers.js'
import { toSpanContext } from './context/to-span-context.js'
import { cutName } from './data/cut-strings.js'
import { LinkType } from './data/link.js'
import type { RandomWords } from './context/random-source.js'
import { NewSampledSpan, type SampledSpan } from './span/sampled-span.js'
import type { Sampler } from './sampling/sampler.js'
import { SamplingRequest } from './sampling/sampling-request.js'
import { Span, type SpanOwner } from './span/span.js'
import { SAMPLED, type SpanContext } from './context/span-context.js'
import { SpanData } from './data/span-data.js'
import {
  ENDED,
  IS_SAMPLED,
  IS_SPAN,
  KIND_SHIFT,
  LOCAL_PARENT,
  OPTIONS_SHIFT,
  PERIOD_SHIFT,
  REMOTE_PARENT,
  TIMED,
} from './span/span-flags.js'
import { SpanKind, toSpanKind } from './data/span-kind.js'
import type { SpanLatency } from './views/span-latency.js'
import { MAX_NAME_LENGTH, type SpanLimits } from './data/span-limits.js'
import { transportThrew, userCodeThrew } from './data/span-metrics.js'
import type { SpanOptions } from './span/span-options.js'
import { durationMsOf, type SpanRecord } from './data/span-record.js'
import type { SpanStore } from './views/span-store.js'
import { TraceId } from './context/trace-id.js'
import { WallClock, type WallOffset } from './span/wall-clock.js'

interface SpanFactoryOptions {
  readonly sampler: Sampler
  readonly latency: SpanLatency
  readonly summary: SpanStore | undefined
  readonly transport: Transport<SpanData> | undefined
  /** The context that spans without a current parent continue. */
  readonly given: SpanContext | undefined
  readonly limits: SpanLimits
  readonly defaultAttributes: AttributesInit | undefined
  readonly untrusted: boolean
  /** Trace options of traces that begin here. */
  readonly rootOptions: number
  readonly clock: Clock
  readonly random: RandomWords
}

/**
 * Creates spans: finds the parent, calls the sampler, sets ids and times. Records the latency of spans that end.
 *
 * A span that is not sampled has no ids until they are read and, if no view of the latency is registered, no start time.
 */
export class SpanFactory implements SpanOwner {
  readonly clock: Clock
  readonly limits: SpanLimits
  readonly random: RandomWords
  private readonly sampler: Sampler
  private readonly latency: SpanLatency
  private readonly summary: SpanStore | undefined
  private readonly transport: Transport<SpanData> | undefined
  private readonly given: SpanContext | undefined
  private readonly defaultAttributes: AttributesInit | undefined
  private readonly untrusted: boolean
  private readonly rootOptions: number
  private readonly wall: WallClock
  /** The decision of a sampler that always decides in the same way. */
  private readonly constant: boolean | undefined

  constructor(options: SpanFactoryOptions) {
    this.clock = options.clock
    this.limits = options.limits
    this.random = options.random
    this.sampler = options.sampler
    this.latency = options.latency
    this.summary = options.summary
    this.transport = options.transport
    this.given = options.given
    this.defaultAttributes = options.defaultAttributes
    this.untrusted = options.untrusted
    this.rootOptions = options.rootOptions
    this.wall = new WallClock(options.clock)
    this.constant = constantOf(options.sampler)
  }

  wallOffsetMs(nowMs: number): number {
    return this.wall.offsetAt(nowMs).ms
  }

  startChild(parent: Span, name: string): Span {
    return this.begin(name, { parent }, currentFrame())
  }

  unsampledEnds(span: Span, startMs: number, endMs: number): void {
    if (this.latency.hasViews) this.latency.record(span.name, span.kind, span.status.code, Math.max(0, endMs - startMs))
  }

  sampledEnds(span: Span & SpanRecord): void {
    const { code } = span.status
    const durationMs = durationMsOf(span)
    if (this.latency.hasViews) {
      contextState.endingSpan = span
      this.latency.record(span.name, span.kind, code, durationMs)
      contextState.endingSpan = undefined
    }
    span.flags |= ENDED // an exporter that ends the span once more changes nothing
    sampledSpanEnded(span.flags >>> PERIOD_SHIFT)
    const data = new SpanData(span)
    this.summary?.ended(span, data, code, durationMs)
    try {
      this.transport?.send(data)
    } catch {
      transportThrew.value++
    }
  }

  begin(name: string, options: SpanOptions | undefined, frame: Frame): Span {
    // The usual case, a child of the current span, is separate, since V8 inlines short functions into their callers.
    if (options === undefined && typeof name === 'string' && name.length <= MAX_NAME_LENGTH) {
      const current = currentOf(frame, this)
      if (current !== undefined && (current.flags & IS_SPAN) !== 0) return this.beginChild(name, undefined, frame, current as Span)
    }
    return this.beginWith(name, options, frame)
  }

  private beginWith(name: string, options: SpanOptions | undefined, frame: Frame): Span {
    name = cutName(typeof name === 'string' ? name : textOf(name))
    const given = options?.parent
    // A current context, and that of the tracer, count as remote. A context in the options has a flag for it.
    let context: SpanContext | undefined
    let remote = true
    if (given === undefined) {
      const current = currentOf(frame, this)
      if (current === undefined) context = this.given
      else if ((current.flags & IS_SPAN) !== 0) return this.beginChild(name, options, frame, current as Span)
      else context = (current as RemoteParentEntry).context
    } else {
      if (given instanceof Span) return this.beginChild(name, options, frame, given)
      context = toSpanContext(given)
      remote = context?.fromHeader === true
    }
    if (context === undefined) return this.beginTrace(name, options, frame, undefined)
    if (remote && (options?.untrusted ?? this.untrusted)) return this.beginTrace(name, options, frame, context)
    const kind = options?.kind ?? SpanKind.UNSPECIFIED
    const sampler = options?.sampler ?? (remote ? this.sampler : undefined)
    let sampled = context.sampled
    if (sampler !== undefined) {
      // Then the sampler gets a random trace id, since untrusted callers could choose ids that it accepts, and no flag beyond the limit.
      const ignoresCaller = remote && options?.remoteLimit !== undefined && !options.remoteLimit.allows(context)
      sampled = ignoresCaller
        ? this.callSampler(sampler, new TraceId(this.random), sampled ? undefined : context, name, kind)
        : this.callSampler(sampler, context.trace, context, name, kind)
    }
    const flags = inherited(context.options & ~SAMPLED, kind)
    if (!sampled || frame.suppressed) return this.unsampled(name, options, flags, context.trace, frame)
    if (!context.isValid) return this.sampled(name, options, flags, context.trace, undefined, undefined) // an id of a trace, and no parent
    return this.sampled(name, options, flags | (remote ? REMOTE_PARENT : LOCAL_PARENT), context.trace, context, undefined)
  }

  private beginChild(name: string, options: SpanOptions | undefined, frame: Frame, parent: Span): Span {
    const isSampled = (parent.flags & IS_SAMPLED) !== 0
    // The smallest case is separate for the same reason.
    if (options === undefined && !isSampled && !this.latency.hasViews) {
      return new Span(this, parent.trace, name, inherited(parent.traceOptions, SpanKind.UNSPECIFIED) | IS_SPAN, 0)
    }
    return this.beginChildWith(name, options, frame, parent, isSampled)
  }

  private beginChildWith(name: string, options: SpanOptions | undefined, frame: Frame, parent: Span, isSampled: boolean): Span {
    const kind = options?.kind ?? SpanKind.UNSPECIFIED
    if (isSampled) (parent as SampledSpan).countChild()
    const sampler = options?.sampler
    const sampled = sampler === undefined ? isSampled : this.callSampler(sampler, parent.trace, parent.context, name, kind)
    const flags = inherited(parent.traceOptions, kind)
    if (!sampled || frame.suppressed) return this.unsampled(name, options, flags, parent.trace, frame)
    const offset = isSampled ? (parent as SampledSpan).wallOffset : undefined
    return this.sampled(name, options, flags | LOCAL_PARENT, parent.trace, parent.context, offset)
  }

  private beginTrace(name: string, options: SpanOptions | undefined, frame: Frame, distrusted: SpanContext | undefined): Span {
    const kind = options?.kind ?? SpanKind.UNSPECIFIED
    let sampled = options?.sampler === undefined ? this.constant : undefined
    let trace: TraceId | undefined
    if (sampled === undefined) {
      trace = new TraceId(this.random)
      sampled = this.callSampler(options?.sampler ?? this.sampler, trace, undefined, name, kind)
    }
    const flags = inherited(this.rootOptions, kind)
    if (!sampled || frame.suppressed) return this.unsampled(name, options, flags, trace, frame)
    const span = this.sampled(name, options, flags, trace, undefined, undefined)
    if (distrusted?.isValid) {
      span.addLink({ traceId: distrusted.traceId, spanId: distrusted.spanId, type: LinkType.PARENT_LINKED_SPAN })
    }
    return span
  }

  private unsampled(name: string, options: SpanOptions | undefined, flags: number, trace: TraceId | undefined, frame: Frame): Span {
    if (!this.latency.hasViews || frame.suppressed) return new Span(this, trace, name, flags | IS_SPAN, 0)
    const nowMs = this.clock.monotonicMs()
    const startMs = options?.startTimeUnixMs === undefined ? nowMs : startMsOf(options, nowMs, this.wall.offsetAt(nowMs))
    return new Span(this, trace, name, flags | IS_SPAN | TIMED, startMs)
  }

  private sampled(
    name: string,
    options: SpanOptions | undefined,
    flags: number,
    trace: TraceId | undefined,
    parent: SpanContext | undefined,
    wallOffset: WallOffset | undefined,
  ): Span {
    const nowMs = this.clock.monotonicMs()
    const offset = wallOffset ?? this.wall.offsetAt(nowMs)
    const startMs = startMsOf(options, nowMs, offset)
    const started = flags | IS_SPAN | IS_SAMPLED | TIMED | (sampledSpanStarted() << PERIOD_SHIFT)
    const span = new NewSampledSpan(this, trace, name, started, startMs, parent, offset)
    this.summary?.started(span)
    if (this.defaultAttributes !== undefined) span.addAttributes(this.defaultAttributes)
    if (options?.attributes !== undefined) span.addAttributes(options.attributes)
    if (Array.isArray(options?.links)) for (const link of options.links) span.addLink(link)
    return span
  }

  /** The decision of the sampler. If it throws, the span is not sampled, and that is counted. */
  callSampler(sampler: Sampler, trace: TraceId, parent: SpanContext | undefined, name: string, kind: SpanKind): boolean {
    if (sampler === this.sampler && this.constant !== undefined) return this.constant
    try {
      return sampler.shouldSample(new SamplingRequest(trace, parent, name, kind)) === true
    } catch {
      userCodeThrew.sampler.value++
      return false
    }
  }
}

/** The initial flags of a span, by trace options and kind. */
const inherited = (options: number, kind: SpanKind): number => (options << OPTIONS_SHIFT) | (toSpanKind(kind) << KIND_SHIFT)

/** The start in monotonic time: the given one, or now. */
function startMsOf(options: SpanOptions | undefined, nowMs: number, wall: WallOffset): number {
  const given = options?.startTimeUnixMs
  return given !== undefined && Number.isFinite(given) ? given - wall.ms : nowMs
}

function constantOf(sampler: Sampler): boolean | undefined {
  if (sampler instanceof AlwaysOnSampler) return true
  return sampler instanceof AlwaysOffSampler ? false : undefined
}

/** A name that is not a string, converted to one. */
function textOf(name: unknown): string {
  try {
    return String(name)
  } catch {
    return 'span'
  }
}
