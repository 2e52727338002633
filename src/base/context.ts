import { AsyncLocalStorage } from 'node:async_hooks'
import { systemClock } from './clock.js'
import { processGlobal } from './process-global.js'

/** What a span must offer to be found through the context by rooms that know nothing of tracing. */
export interface FrameSpan {
  /** Labels that tie a value to this span, or undefined if the span is not sampled or has ended. */
  exemplarLabels(): Readonly<Record<string, string>> | undefined
}

/**
 * Where `withTags` leaves the tags that it sets while one request is handled: what is recorded when the request closes is recorded in
 * another context, that of the connection or of another request. See http/exchange-tags.ts.
 */
export interface TagScope {
  /** A TagMap. */
  tags: object | undefined
}

/** Baggage that a scope of OpenTracing passes on; if that is closed, the baggage of the scope around it. */
export interface FrameBaggage {
  readonly items: ReadonlyMap<string, string> | undefined
}

/**
 * What travels along `await`: one immutable object, so that entering a scope costs one change of the storage.
 * `tags` is a TagMap; its type is in the stats room, which this one must not import.
 */
export interface Frame {
  readonly tags: object | undefined
  /** The newest current span, of whichever tracer. */
  readonly span: FrameSpan | undefined
  /** The current span by tracer; kept only if spans of several tracers are open. */
  readonly spans: ReadonlyMap<object, FrameSpan> | undefined
  readonly baggage: FrameBaggage | undefined
  /** True inside an exporter: what happens here is neither traced nor measured. */
  readonly suppressed: boolean
  /** Of the request that is being handled; only while a view reads tags from the context. */
  readonly scope: TagScope | undefined
}

export const EMPTY_FRAME: Frame = Object.freeze({
  tags: undefined,
  span: undefined,
  spans: undefined,
  baggage: undefined,
  suppressed: false,
  scope: undefined,
})

interface ContextState {
  readonly storage: AsyncLocalStorage<Frame>
  /** False until the first frame is entered: until then the storage need not be read. */
  used: boolean
  /**
   * Sampled spans that are open now and were started in this period or the one before; distributions look for an exemplar
   * only while there are some.
   */
  openSampledSpans: number
  /** Sampled spans that are open since an earlier period: most likely they are never ended. */
  agedSampledSpans: number
  /** Of `openSampledSpans`, those that were started in this period. */
  startedInPeriod: number
  /** Number of this period, and when it began, in milliseconds of the monotonic clock. */
  period: number
  periodSinceMs: number
  /** How often an exemplar was looked for in vain. */
  vainLooks: number
  /** The span that is ending: what it records then is its own, wherever `end()` is called. */
  endingSpan: FrameSpan | undefined
}

export const contextState: ContextState = processGlobal('context', () => ({
  storage: new AsyncLocalStorage<Frame>(),
  used: false,
  openSampledSpans: 0,
  agedSampledSpans: 0,
  startedInPeriod: 0,
  period: 0,
  periodSinceMs: 0,
  vainLooks: 0,
  endingSpan: undefined,
}))

export const currentFrame = (): Frame => {
  return contextState.used ? (contextState.storage.getStore() ?? EMPTY_FRAME) : EMPTY_FRAME
}

/** Exemplar labels of the sampled span that is current now, if any. */
export function exemplarLabels(): Readonly<Record<string, string>> | undefined {
  const labels = (contextState.endingSpan ?? currentFrame().span)?.exemplarLabels()
  if (labels === undefined && (++contextState.vainLooks & VAIN_LOOKS_MASK) === 0) beginPeriod(systemClock.monotonicMs())
  return labels
}

// The clock is read once in 1,024 looks in vain.
const VAIN_LOOKS_MASK = 0x3ff
const PERIOD_MS = 300_000

/** Periods are distinguished by so many bits, which fit into the flags of a span. */
export const PERIOD_MASK = 0xfff

/**
 * Stops looking for spans that have been open for two periods: one sampled span that is never ended would otherwise make every
 * record of a distribution look for an exemplar, 20 -> 28 ns, for as long as the process lives.
 */
function beginPeriod(nowMs: number): void {
  const state = contextState
  if (nowMs - state.periodSinceMs < PERIOD_MS) return
  const stillOpen = Math.min(state.startedInPeriod, state.openSampledSpans)
  state.agedSampledSpans += state.openSampledSpans - stillOpen
  state.openSampledSpans = stillOpen
  state.startedInPeriod = 0
  state.period = (state.period + 1) & PERIOD_MASK
  state.periodSinceMs = nowMs
}

/** Counts a sampled span that starts. Returns the period, for {@link sampledSpanEnded}. */
export function sampledSpanStarted(): number {
  contextState.openSampledSpans++
  contextState.startedInPeriod++
  return contextState.period
}

/** Counts a sampled span that has ended. */
export function sampledSpanEnded(period: number): void {
  const state = contextState
  const age = (state.period - period) & PERIOD_MASK
  if (age > 1 && state.agedSampledSpans > 0) {
    state.agedSampledSpans--
    return
  }
  state.openSampledSpans--
  if (age === 0) state.startedInPeriod--
}

export function runInFrame<R>(frame: Frame, fn: () => R): R {
  contextState.used = true
  return contextState.storage.run(frame, fn)
}

/**
 * The same for a function of two arguments, from within `before`. Does what `run` does, but reads the storage once more
 * for what is known here, and for an array of the arguments: a quarter of what a span costs that is made current
 * (bench/trace/trace.bench.js, made active).
 */
export function runInFrameWith<A, B, R>(frame: Frame, before: Frame, fn: (a: A, b: B) => R, a: A, b: B): R {
  const { storage } = contextState
  contextState.used = true
  storage.enterWith(frame)
  try {
    return fn(a, b)
  } finally {
    storage.enterWith(before)
  }
}

/** Makes `frame` current for the rest of this synchronous run and what it starts; for `using` and `startSpan`. */
export function enterFrame(frame: Frame): void {
  contextState.used = true
  contextState.storage.enterWith(frame)
}
