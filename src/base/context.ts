import { AsyncLocalStorage } from 'node:async_hooks'
import { systemClock } from './clock.js'
import { processGlobal } from './process-global.js'

/** The part of a span that code without access to `src/trace` uses. */
export interface FrameSpan {
  /** Labels that link an exemplar to this span; undefined if the span is not sampled or has ended. */
  exemplarLabels(): Readonly<Record<string, string>> | undefined
}

/**
 * Holds the tags that `withTags` sets while one request is handled. When the request closes, the context is that of the connection or of
 * another request, so that the tags cannot be read from there. See http/exchange-tags.ts.
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
 * The value of the AsyncLocalStorage: one immutable object, so that entering a scope is one change of the storage.
 * `tags` is a TagMap; its type is in `src/stats`, which this folder must not import.
 */
export interface Frame {
  readonly tags: object | undefined
  /** The current span that was entered last, of any tracer. */
  readonly span: FrameSpan | undefined
  /** The current span by tracer, if spans of several tracers are open. */
  readonly spans: ReadonlyMap<object, FrameSpan> | undefined
  readonly baggage: FrameBaggage | undefined
  /** True inside an exporter, which is neither traced nor measured. */
  readonly suppressed: boolean
  /** The tags of the request that is being handled, while a view reads tags from the context. */
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
  /** False until the first frame is entered. Until then the storage is not read. */
  used: boolean
  /**
   * Open sampled spans that were started in this period or the one before. Distributions look for an exemplar only while there are any.
   */
  openSampledSpans: number
  /** Sampled spans that have been open since an earlier period. Most likely they are never ended. */
  agedSampledSpans: number
  /** How many of `openSampledSpans` were started in this period. */
  startedInPeriod: number
  /** The number of this period, and when it began in milliseconds of the monotonic clock. */
  period: number
  periodSinceMs: number
  /** How often no exemplar was found. */
  vainLooks: number
  /** The span that is ending. Exemplars of its latency are linked to it, even if another span is current when `end()` is called. */
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

// The clock is read once in 1,024 times that no exemplar is found.
const VAIN_LOOKS_MASK = 0x3ff
const PERIOD_MS = 300_000

/** The bits of a period's number, which fit into the flags of a span. */
const PERIOD_MASK = 0xfff

/**
 * Ignores spans that have been open for two periods. Otherwise one sampled span that is never ended would make every record of a
 * distribution look for an exemplar, which takes 28 ns instead of 20, as long as the process lives.
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
 * Like `runInFrame` for a function with two arguments, if `before` is the current frame. `AsyncLocalStorage.run` does the same, but reads
 * the storage once more and makes an array of the arguments, which is a quarter of the cost of a span that is made current
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
