import { type Clock, systemClock } from '../base/clock.js'
import { currentFrame, enterFrame, type Frame, runInFrame, runInFrameWith } from '../base/context.js'
import type { Transport } from '../base/exporter.js'
import { currentTags } from '../stats/tags/current-tags.js'
import type { Stats } from '../stats/stats.js'
import { TagMap } from '../stats/tags/tag-map.js'
import type { AttributesInit } from './data/attributes.js'
import { currentOf, RemoteParentEntry, frameWith, currentEntry, remoteFrame } from './span/current-span.js'
import { toSpanContext } from './context/to-span-context.js'
import type { TagBaggage } from './propagation/baggage.js'
import { getterOf, plainHeaders, type ReadableCarrier, setterOf, type WritableCarrier } from './propagation/carrier.js'
import type { Propagator } from './propagation/propagator.js'
import { extractTraceContext, TraceContextPropagator } from './propagation/trace-context.js'
import type { RandomWords } from './context/random-source.js'
import type { Sampler } from './sampling/sampler.js'
import { callAndEnd } from './span/run-in-span.js'
import { Span } from './span/span.js'
import { RANDOM_TRACE_ID, randomWords, type SpanContext } from './context/span-context.js'
import type { SpanData } from './data/span-data.js'
import { SpanKind } from './data/span-kind.js'
import { SpanLatency } from './views/span-latency.js'
import { DEFAULT_SPAN_LIMITS, type SpanLimits } from './data/span-limits.js'
import { SpanFactory } from './span-factory.js'
import { markTracingInUse, noCurrentSpan, userCodeThrew } from './data/span-metrics.js'
import type { SpanOptions } from './span/span-options.js'
import { type SpanNameSummary, SpanStore, type SpanSummaryOptions } from './views/span-store.js'
import { storedTracer, storing } from './stored-tracer.js'
import { TraceId } from './context/trace-id.js'
import { type AnyFunction, type TraceDecorator, traceDecorator, tracedFunction, type TraceOptions } from './traced-function.js'

export interface TracerCoreOptions {
  /** Decides which spans are kept and exported. */
  readonly sampler: Sampler
  /** Reads and writes contexts in headers. */
  readonly propagator: Propagator
  /** Exports sampled spans after their end. Default: none, and they are dropped. */
  readonly transport?: Transport<SpanData> | undefined
  /** Stats that record latencies. */
  readonly stats: Stats
  /** The context that spans without a current parent continue. Default: none, and they begin new traces. */
  readonly spanContext?: SpanContext | undefined
  /** Default 32 attributes, 32 annotations, 128 message events, 32 links. */
  readonly limits?: Partial<SpanLimits> | undefined
  /** Attributes of every sampled span. Default: none. */
  readonly defaultAttributes?: AttributesInit | undefined
  /**
   * True for public endpoints: spans link to parents from other processes instead of continuing them, and their tags are dropped. False
   * if all callers are trusted. Default: parents are continued, and server integrations follow a caller's decision to sample at most ten
   * times a second.
   */
  readonly untrusted?: boolean | undefined
  /** Reads and writes tags in W3C baggage. Default: none, and no tags are sent. */
  readonly baggage?: TagBaggage | undefined
  /** Limits of the summary of running and recent spans; false for no summary. Default: see {@link SpanSummaryOptions}. */
  readonly summary?: SpanSummaryOptions | false | undefined
  /** Sets the flag random-trace-id in `traceparent` for traces that begin here (level 2 of the format). Default false. */
  readonly randomTraceIdFlag?: boolean | undefined
  /** Source of time. Default: the system clock. */
  readonly clock?: Clock | undefined
  /** Source of ids. Default: the system's random numbers. */
  readonly random?: RandomWords | undefined
}

/** The tracer without defaults: sampler, propagator, transport and stats must be passed. */
export class TracerCore {
  readonly sampler: Sampler
  readonly propagator: Propagator
  readonly transport: Transport<SpanData> | undefined
  readonly stats: Stats
  readonly limits: SpanLimits
  readonly untrusted: boolean
  /** True for the option `untrusted: false`: callers decide what is sampled. */
  readonly trustsCallers: boolean
  readonly #given: SpanContext | undefined
  readonly #baggage: TagBaggage | undefined
  readonly #latency: SpanLatency
  readonly #summary: SpanStore | undefined
  readonly #factory: SpanFactory

  constructor(options: TracerCoreOptions) {
    const { sampler, propagator, transport, stats, limits, clock = systemClock, random = randomWords } = options
    markTracingInUse()
    this.sampler = sampler
    this.propagator = propagator
    this.transport = transport
    this.stats = stats
    this.limits = Object.freeze({ ...DEFAULT_SPAN_LIMITS, ...limits })
    this.untrusted = options.untrusted === true
    this.trustsCallers = options.untrusted === false
    this.#given = toSpanContext(options.spanContext)
    this.#baggage = options.baggage
    this.#latency = new SpanLatency(stats)
    this.#summary = options.summary === false ? undefined : new SpanStore(options.summary)
    this.#factory = new SpanFactory({
      sampler,
      latency: this.#latency,
      summary: this.#summary,
      transport,
      given: this.#given,
      limits: this.limits,
      defaultAttributes: options.defaultAttributes,
      untrusted: this.untrusted,
      rootOptions: options.randomTraceIdFlag === true ? RANDOM_TRACE_ID : 0,
      clock,
      random,
    })
  }

  /**
   * Runs `fn` with a new current span, which ends when `fn` returns or its promise settles. An error sets the status of the span and is
   * rethrown. Default name: `span`.
   */
  span<R>(fn: (span: Span) => R): R
  span<R>(name: string, fn: (span: Span) => R): R
  span<R>(name: string, options: SpanOptions | undefined, fn: (span: Span) => R): R
  /** Starts a span and makes it current until its `end()`, like `startSpan`. With `using` it ends with the block. */
  span(name?: string, options?: SpanOptions): Span
  span<R>(name: string | ((span: Span) => R) = 'span', second?: SpanOptions | ((span: Span) => R), third?: (span: Span) => R): R | Span {
    const fn = typeof second === 'function' ? second : third
    if (fn === undefined)
      return typeof name === 'function' ? this.span('span', name) : this.startSpan(name, second as SpanOptions | undefined)
    const frame = currentFrame()
    const span = this.#factory.begin(name as string, second === fn ? undefined : (second as SpanOptions | undefined), frame)
    return runInFrameWith(frameWith(frame, span), frame, callAndEnd<R>, span, fn)
  }

  /**
   * Starts a span and makes it current until it ends. For code that cannot be in a callback. If one function starts several spans, each
   * is the child of the previous one. For siblings, use the callback form or detached spans.
   */
  startSpan(name = 'span', options?: SpanOptions): Span {
    const frame = currentFrame()
    const span = this.#factory.begin(name, options, frame)
    span.enter(frameWith(frame, span), frame, currentEntry(frame, this.#factory))
    return span
  }

  /** Ends the current span. If there is none, it does nothing, and that is counted. */
  endSpan(): void {
    const span = this.currentSpan()
    if (span === undefined) noCurrentSpan.value++
    else span.end()
  }

  /** Starts a span without making it current. Its parent is the current span, unless `options.parent` is set. */
  startDetachedSpan(name = 'span', options?: SpanOptions): Span {
    return this.#factory.begin(name, options, currentFrame())
  }

  /** Like `startDetachedSpan`, in a frame that is known, because reading the current one is slow on Node 20. @internal */
  startSpanIn(frame: Frame, name: string, options: SpanOptions): Span {
    return this.#factory.begin(name, options, frame)
  }

  /** Runs `fn` with `span` as the current span. Does not end the span. */
  withSpan<R>(span: Span, fn: () => R): R {
    const frame = currentFrame()
    return frame.span === span ? fn() : runInFrame(frameWith(frame, span), fn)
  }

  /** The current span of this tracer in the current async context. */
  currentSpan(): Span | undefined {
    const current = currentOf(currentFrame(), this.#factory)
    return current instanceof Span ? current : undefined
  }

  addAttributeToCurrentSpan(key: string, value: unknown): void {
    const span = this.currentSpan()
    if (span === undefined) noCurrentSpan.value++
    else span.addAttribute(key, value)
  }

  /**
   * Wraps a function so that each call is a span. `this`, properties, `new`, generators and async functions work as before. The span has
   * the name of the function unless `name` is set.
   * @throws {@link DefinitionError} `ERR_TRACE` if `fn` is not a function, `ERR_OPTION` for an unknown option.
   */
  trace<F extends AnyFunction>(fn: F, options: TraceOptions = {}): F {
    return tracedFunction(this, fn, options)
  }

  /** Returns `trace` as a decorator of methods, standard or experimental: `@tracer.traceDecorator() async load() {}`. It also wraps functions. */
  traceDecorator(options: TraceOptions = {}): TraceDecorator {
    return traceDecorator(this, options)
  }

  /** Ends the current span and all spans around it that `startSpan` opened, then waits until the transport is empty. */
  async finish(): Promise<void> {
    let current = currentOf(currentFrame(), this.#factory)
    // A scope of OpenTracing that is open still has its span after that has ended.
    while (current instanceof Span && current.isImperative && !current.ended) {
      current.end()
      current = currentOf(currentFrame(), this.#factory)
    }
    await this.flush()
  }

  /** The context to propagate: that of the current span, or the remote context that is continued. */
  get spanContext(): SpanContext | undefined {
    const current = currentOf(currentFrame(), this.#factory)
    if (current instanceof Span) return current.context
    return current instanceof RemoteParentEntry ? current.context : this.#given
  }

  /** True if the current span is sampled. Without one: the decision of the sampler for the continued context or for a new trace. */
  shouldSample(): boolean {
    const span = this.currentSpan()
    if (span !== undefined) return span.sampled
    const parent = this.spanContext
    return this.#factory.callSampler(this.sampler, parent?.trace ?? new TraceId(this.#factory.random), parent, 'span', SpanKind.UNSPECIFIED)
  }

  /** The tracer that `storeTracer` stored in the current async context, or this one. */
  getTracer(): TracerCore {
    return (storedTracer(currentFrame()) as TracerCore | undefined) ?? this
  }

  /** Stores this tracer in the async context, for `getTracer()`. */
  storeTracer(): void {
    enterFrame(storing(currentFrame(), this))
  }

  /**
   * Writes the context of the current span, and the tags that may be propagated, into headers. Does nothing for requests of exporters.
   * @param from Another span or context. Default: the current one.
   * @returns The carrier.
   */
  inject<C extends WritableCarrier>(carrier: C, from?: Span | SpanContext): C {
    if (currentFrame().suppressed) return carrier
    const context = from === undefined ? this.spanContext : from instanceof Span ? from.context : toSpanContext(from)
    const set = setterOf(carrier)
    try {
      if (context !== undefined) this.propagator.inject(context, set)
      this.#baggage?.inject(currentTags(), set)
    } catch {
      userCodeThrew.propagator.value++
    }
    return carrier
  }

  /** Reads a caller's context from headers. Returns undefined if there is no valid one. Never throws. */
  extract(carrier: ReadableCarrier | null | undefined): SpanContext | undefined {
    try {
      const { propagator } = this
      const headers = propagator.extract === TraceContextPropagator.prototype.extract ? plainHeaders(carrier) : undefined
      return headers === undefined ? propagator.extract(getterOf(carrier)) : extractTraceContext(headers)
    } catch {
      userCodeThrew.propagator.value++
      return undefined
    }
  }

  /** Reads the tags that may be received from headers; none if callers are not trusted. */
  extractTags(carrier: ReadableCarrier | null | undefined): TagMap {
    return this.#baggage === undefined || this.untrusted ? TagMap.EMPTY : this.#baggage.extract(getterOf(carrier))
  }

  /** Runs `fn` so that its spans continue a caller's context, or begin a new trace if there is none. */
  withRemoteParent<R>(context: SpanContext | undefined, fn: () => R): R {
    return runInFrame(remoteFrame(currentFrame(), this.#factory, toSpanContext(context)), fn)
  }

  /** The key of this tracer's entries in frames. @internal */
  get frameOwner(): object {
    return this.#factory
  }

  /** Registers the views of rate, errors and duration of spans on the tracer's stats. */
  registerViews(): void {
    this.#latency.registerViews()
  }

  /** Returns running spans, and samples by latency and error, for each name of sampled spans. */
  summary(): SpanNameSummary[] {
    return this.#summary?.read(this.#factory.clock.monotonicMs()) ?? []
  }

  /** Resolves when all ended spans have been exported or counted as lost, or after `timeoutMs` milliseconds. */
  async flush(timeoutMs?: number): Promise<void> {
    await this.transport?.flush(timeoutMs)
  }

  /** Flushes within the grace period of the transport, and shuts down the exporter. */
  async shutdown(): Promise<void> {
    await this.transport?.shutdown()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown()
  }

  /** Exports the spans that can be exported synchronously. For the end of the process. */
  flushSync(): void {
    this.transport?.flushSync?.()
  }
}
