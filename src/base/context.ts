import { AsyncLocalStorage } from 'node:async_hooks'
import { sharedState } from './process-global.js'

/** What a span must offer to be found through the context by rooms that know nothing of tracing. */
export interface FrameSpan {
  /** Labels that tie a value to this span, or undefined where the span is not sampled or has ended. */
  exemplarLabels(): Readonly<Record<string, string>> | undefined
}

/**
 * What travels along `await`: one immutable object, so that entering a scope costs one change of the storage.
 * `tags` is a TagMap; its type lives in the stats room, which this one must not know.
 */
export interface Frame {
  readonly tags: object | undefined
  /** The newest current span, of whichever tracer. */
  readonly span: FrameSpan | undefined
  /** The current span by tracer; kept only where spans of several tracers are open. */
  readonly spans: ReadonlyMap<object, FrameSpan> | undefined
  readonly baggage: ReadonlyMap<string, string> | undefined
  /** True inside an exporter: what happens here is neither traced nor measured. */
  readonly suppressed: boolean
}

export const EMPTY_FRAME: Frame = Object.freeze({
  tags: undefined,
  span: undefined,
  spans: undefined,
  baggage: undefined,
  suppressed: false,
})

interface ContextState {
  readonly storage: AsyncLocalStorage<Frame>
  /** False until the first frame is entered: until then nobody needs to ask the storage. */
  used: boolean
  /** Sampled spans that are open now; distributions look for an exemplar only while there are some. */
  openSampledSpans: number
  /** The span that is ending: what it records then is its own, wherever `end()` is called. */
  endingSpan: FrameSpan | undefined
}

export const contextState: ContextState = sharedState('context', () => ({
  storage: new AsyncLocalStorage<Frame>(),
  used: false,
  openSampledSpans: 0,
  endingSpan: undefined,
}))

export const currentFrame = (): Frame => {
  return contextState.used ? (contextState.storage.getStore() ?? EMPTY_FRAME) : EMPTY_FRAME
}

/** What a value that is recorded now belongs to, where a sampled span is open. */
export function exemplarLabels(): Readonly<Record<string, string>> | undefined {
  return (contextState.endingSpan ?? currentFrame().span)?.exemplarLabels()
}

export function runInFrame<R>(frame: Frame, fn: () => R): R {
  contextState.used = true
  return contextState.storage.run(frame, fn)
}

/**
 * The same for a function of two arguments, from within `before`. Does what `run` does, but for asking the storage once more
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
