import { checkBooleans, checkMethods, checkOptions, type OptionNames } from '../../base/check-options.js'
import { type Span as AnySpan, type SpanContext as AnySpanContext, Tags } from 'opentracing'
import { currentFrame } from '../../base/context.js'
import { Stats } from '../../stats/stats.js'
import { AlwaysOnSampler } from '../../trace/sampling/constant-samplers.js'
import { Span } from '../../trace/span/span.js'
import type { SpanContext } from '../../trace/context/span-context.js'
import type { SpanOptions } from '../../trace/span/span-options.js'
import type { TracerCore } from '../../trace/tracer-core.js'
import { defaultTracer, Tracer } from '../../setup/tracer.js'
import { checkCarrier, extractFrom, injectInto } from './carriers.js'
import { ContextScope } from './context-scope.js'
import { baggageOf, ContextScopeManager } from './context-scope-manager.js'
import { CountingWords, type FinishedSpan, MockRecorder } from './mock-recorder.js'
import { MockSpan } from './mock-span.js'
import { type OpenTracingSpanContext, readContext } from './opentracing-context.js'
import { markOpenTracingInUse } from './opentracing-counts.js'
import { OpenTracingSpan } from './opentracing-span.js'
import type { Scope, ScopeManager } from './scope-manager.js'
import { type ScopedTracer, ScopedTracerBase } from './scoped-tracer.js'
import { SpanBaggage } from './span-baggage.js'
import { ancestryOf } from './span-references.js'
import { kindOf, samplerOf } from './span-tags.js'
import { startChildSpan } from './start-options.js'
import type { StartActiveSpanOptions, StartSpanOptions } from './start-options.js'

export interface OpenTracingTracerOptions {
  /** The native tracer, which creates and exports the spans. Default: one shared by all integrations, which exports nothing. */
  readonly tracer?: TracerCore | undefined
  /** Keeps the active span. Default: one that uses the async context, shared with the native tracer. */
  readonly scopeManager?: ScopeManager | undefined
  /** Makes the active span the parent if no parent is passed. Default true. */
  readonly implicitParent?: boolean | undefined
  /** Makes `extract` throw SpanContextCorrupted for an invalid context, instead of returning null. Default false. */
  readonly strict?: boolean | undefined
  /** For tests: ids and times are consecutive numbers, and `finishedSpans()` returns the finished spans. Default false. */
  readonly mock?: boolean | undefined
}

const OPTIONS: OptionNames<OpenTracingTracerOptions> = { tracer: true, scopeManager: true, implicitParent: true, strict: true, mock: true }

const NO_OPTIONS: StartActiveSpanOptions = Object.freeze({})

/** The options of a native span, while they are collected. */
type MutableSpanOptions = { -readonly [key in keyof SpanOptions]: SpanOptions[key] }

/**
 * A native tracer with OpenTracing's interface: that of the npm package, plus the scopes of OpenTracing for Python.
 *
 * @example
 * initGlobalTracer(new OpenTracingTracer({ tracer: new Tracer({ sampler: new AlwaysOnSampler() }) }))
 */
export class OpenTracingTracer extends ScopedTracerBase<OpenTracingSpan> implements ScopedTracer {
  /** The tracer that creates the spans. */
  readonly nativeTracer: TracerCore
  readonly scopeManager: ScopeManager
  readonly #contexts: ContextScopeManager | undefined
  readonly #implicitParent: boolean
  readonly #strict: boolean
  readonly #mock: MockRecorder | undefined

  /** @throws {@link DefinitionError} `ERR_OPTION` for an unknown option, `ERR_TRACER_OPTION` for an invalid one. */
  constructor(options: OpenTracingTracerOptions = {}) {
    super()
    checkOptions('OpenTracingTracer', options, OPTIONS)
    checkTracer(options)
    markOpenTracingInUse()
    this.#mock = options.mock === true ? new MockRecorder() : undefined
    this.nativeTracer = options.tracer ?? (this.#mock === undefined ? defaultTracer() : mockTracer(this.#mock))
    this.#contexts =
      options.scopeManager === undefined
        ? new ContextScopeManager(this.nativeTracer.frameOwner, (native, items) => new OpenTracingSpan(native, this, items))
        : undefined
    this.scopeManager = options.scopeManager ?? this.#contexts!
    this.#implicitParent = options.implicitParent !== false
    this.#strict = options.strict === true
  }

  get activeSpan(): AnySpan | null {
    return this.#contexts === undefined ? (this.scopeManager.active?.span ?? null) : this.#contexts.activeSpan
  }

  /** Starts a span without making it active. Its parent is the active span, unless an option sets another. */
  override startSpan(name: string, options?: StartSpanOptions | null): OpenTracingSpan {
    const { childOf, references, tags, startTime, ignoreActiveSpan } = options ?? NO_OPTIONS
    const begin: MutableSpanOptions = {}
    const ancestry = childOf != null || references != null ? ancestryOf(childOf, references) : undefined
    let items = SpanBaggage.EMPTY
    if (ancestry !== undefined) {
      begin.parent = ancestry.parent.source ?? null
      if (ancestry.links !== undefined) begin.links = ancestry.links
      items = ancestry.baggage
    } else if (ignoreActiveSpan === true || !this.#implicitParent) begin.parent = null
    else items = this.#inherit(begin)
    if (startTime !== undefined) begin.startTimeUnixMs = startTime
    if (tags != null) readStartTags(tags, begin)
    const span = this.#mock === undefined ? this.#begin(name, begin, items) : this.#beginMock(name, begin, items, this.#mock)
    if (tags != null) span.addTags(tags)
    return span
  }

  protected startActive<R>(
    name: string,
    options: StartActiveSpanOptions | null | undefined,
    fn: ((span: OpenTracingSpan) => R) | undefined,
  ): R | Scope {
    const span = this.startSpan(name, options)
    const finishOnClose = options?.finishOnClose !== false
    return fn === undefined ? this.scopeManager.activate(span, finishOnClose) : this.scopeManager.with(span, finishOnClose, fn)
  }

  /** Starts a span whose parent is `parent`. It does not become active. */
  startChildSpan(parent: AnySpan, name: string, options?: StartSpanOptions | null): AnySpan {
    return startChildSpan(parent, name, options)
  }

  /**
   * Writes the context of a span and its baggage into a carrier: the headers of the native tracer's propagator, and W3C baggage.
   * Contexts of other tracers are ignored.
   * @throws {@link UnsupportedFormat} `ERR_OPENTRACING_FORMAT`
   * @throws {@link InvalidCarrier} `ERR_OPENTRACING_CARRIER`
   */
  override inject(from: AnySpanContext | AnySpan | null | undefined, format: string, carrier: unknown): void {
    checkCarrier(format, carrier)
    const context = readContext(from)
    if (context !== undefined) injectInto(this.nativeTracer, context, format, carrier)
  }

  /**
   * Reads the context of a caller. Returns null if there is none or it is invalid.
   * @throws {@link UnsupportedFormat} `ERR_OPENTRACING_FORMAT`
   * @throws {@link InvalidCarrier} `ERR_OPENTRACING_CARRIER`
   * @throws {@link SpanContextCorrupted} `ERR_OPENTRACING_CORRUPTED` in strict mode, if the context is invalid.
   */
  override extract(format: string, carrier: unknown): OpenTracingSpanContext | null {
    checkCarrier(format, carrier)
    return extractFrom(this.nativeTracer, format, carrier, this.#strict)
  }

  /** In mock mode, the newest 10 000 finished spans in the order of their ends; otherwise empty. */
  finishedSpans(): FinishedSpan[] {
    return [...(this.#mock?.finished ?? [])]
  }

  /** In mock mode, removes the finished spans. */
  reset(): void {
    if (this.#mock !== undefined) this.#mock.finished.length = 0
  }

  /** Sets the active span as the parent. Returns its baggage. */
  #inherit(begin: MutableSpanOptions): SpanBaggage {
    if (this.#contexts === undefined) {
      const active = readContext(this.scopeManager.active?.span)
      begin.parent = active?.source ?? null
      return active?.items ?? SpanBaggage.EMPTY
    }
    const frame = currentFrame()
    const held = this.#contexts.currentEntry(frame)
    if (held instanceof ContextScope) {
      begin.parent = held.native ?? null
      return held.span instanceof OpenTracingSpan ? held.span.items : SpanBaggage.EMPTY
    }
    // The native tracer finds the parent itself.
    return (held instanceof Span ? OpenTracingSpan.known(held)?.items : undefined) ?? baggageOf(frame)
  }

  #begin(name: string, begin: MutableSpanOptions, items: SpanBaggage): OpenTracingSpan {
    return new OpenTracingSpan(this.nativeTracer.startDetachedSpan(name, begin), this, items)
  }

  #beginMock(name: string, begin: MutableSpanOptions, items: SpanBaggage, mock: MockRecorder): OpenTracingSpan {
    const start = Number.isFinite(begin.startTimeUnixMs) ? begin.startTimeUnixMs! : mock.clock.tickUnixMs()
    const parent = begin.parent === undefined ? this.nativeTracer.spanContext : (begin.parent as Span | SpanContext | null)
    const native = this.nativeTracer.startDetachedSpan(name, { ...begin, startTimeUnixMs: start })
    return new MockSpan(native, this, items, { recorder: mock, parentId: parent?.spanId ?? null, start })
  }
}

function checkTracer({ tracer, scopeManager, implicitParent, strict, mock }: OpenTracingTracerOptions): void {
  if (tracer !== undefined) checkMethods(OPTION_CODE, 'tracer of OpenTracingTracer', tracer, ['inject', 'extract', 'startDetachedSpan'])
  if (scopeManager !== undefined) {
    checkMethods(OPTION_CODE, 'scopeManager of OpenTracingTracer', scopeManager, ['activate', 'with', 'withoutActive'])
  }
  checkBooleans(OPTION_CODE, { implicitParent, strict, mock })
}

const OPTION_CODE = 'ERR_TRACER_OPTION'

/** Reads the tags that a span needs at its start: kind and sampling priority. */
function readStartTags(tags: { readonly [key: string]: unknown }, begin: MutableSpanOptions): void {
  try {
    const kind = kindOf(tags[Tags.SPAN_KIND])
    if (kind !== undefined) begin.kind = kind
    const sampler = samplerOf(tags[Tags.SAMPLING_PRIORITY])
    if (sampler !== undefined) begin.sampler = sampler
  } catch {
    // a getter threw
  }
}

function mockTracer({ clock }: MockRecorder): Tracer {
  const exporter = { export(): void {} }
  return new Tracer({ sampler: new AlwaysOnSampler(), exporter, stats: new Stats(), clock, random: new CountingWords() })
}
