import { processGlobal } from '../../base/process-global.js'
import { hexOf2, lookAtHex, readHexWords, traceparentOf } from './hex.js'
import { PooledRandomSource, type RandomWords } from './random-source.js'
import { TraceId } from './trace-id.js'
import { TraceState } from './trace-state.js'

/** The bit of `options` that is set if the trace is sampled. */
export const SAMPLED = 0x01
/** The bit of `options` that is set if the last seven bytes of the trace id are random. */
export const RANDOM_TRACE_ID = 0x02

/** The source of ids if none is passed. */
export const randomWords: RandomWords = processGlobal('random-words', () => new PooledRandomSource())

export interface SpanContextInit {
  /** 32 lower-case hex digits, not all zero. Default: a new random one. */
  readonly traceId?: string | undefined
  /** 16 lower-case hex digits, not all zero. Default: none, sixteen zeros. */
  readonly spanId?: string | undefined
  /** The trace options, one byte. Default 0; a value that is not a byte counts as 1. */
  readonly options?: number | undefined
  /** Sets or clears the sampled bit of `options`. */
  readonly sampled?: boolean | undefined
  /** A string is parsed as a tracestate, and dropped if it is invalid. */
  readonly traceState?: TraceState | string | undefined
  /** True if the context came from another process. Default false. */
  readonly fromHeader?: boolean | undefined
}

const SPAN_ID_AT = 36 // in a traceparent

/** Exactly 32 lower-case hex digits, not all zero. */
export function isValidTraceId(text: string): boolean {
  return text.length === 32 && lookAtHex(text, 0, 32) > 0
}

/** Exactly 16 lower-case hex digits, not all zero. */
export function isValidSpanId(text: string): boolean {
  return text.length === 16 && lookAtHex(text, 0, 16) > 0
}

/**
 * The context of a span that is propagated to other processes: trace id, span id, options, tracestate. Immutable.
 *
 * Invalid values do not throw. With an invalid trace id the context has a new trace id and no span id, with an invalid span id it has no
 * span id. In both cases it does not count as coming from a header.
 *
 * @see https://www.w3.org/TR/trace-context/#traceparent-header-field-values
 * @example
 * new SpanContext({ traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7', sampled: true })
 */
export class SpanContext {
  /** @internal */
  readonly trace: TraceId
  /** Trace options, one byte: bit 0 sampled, bit 1 random trace id. */
  readonly options: number
  /** True if the context came from another process. */
  readonly fromHeader: boolean
  /** True if it has both ids, so that it can be a parent. */
  readonly isValid: boolean
  readonly #s0: number
  readonly #s1: number
  /** The span id as a string, or a `traceparent` that contains it. */
  #spanText: string | undefined

  constructor(init?: SpanContextInit)
  /**
   * @param spanText Instead of the words `s0` and `s1`: a valid span id, or a valid `traceparent` that contains it.
   * @internal
   */
  constructor(trace: TraceId, s0: number, s1: number, options: number, fromHeader: boolean, spanText?: string)
  constructor(from: SpanContextInit | TraceId = {}, s0 = 0, s1 = 0, options = 0, fromHeader = false, spanText?: string) {
    if (!(from instanceof TraceId)) {
      const given = readInit(from)
      from = given.trace
      spanText = given.spanId
      options = given.options
      fromHeader = given.fromHeader
    }
    this.trace = from
    this.#s0 = s0
    this.#s1 = s1
    this.options = options
    this.fromHeader = fromHeader
    this.isValid = spanText !== undefined || (s0 | s1) !== 0
    this.#spanText = spanText
  }

  /** 32 lower-case hex digits. */
  get traceId(): string {
    return this.trace.hex
  }

  /** 16 lower-case hex digits; zeros if there is no span id. */
  get spanId(): string {
    const text = this.#spanText
    if (text === undefined) return (this.#spanText = hexOf2(this.#s0, this.#s1))
    return text.length === 16 ? text : (this.#spanText = text.slice(SPAN_ID_AT, SPAN_ID_AT + 16))
  }

  /**
   * The header `traceparent` of version 00, with the flags sampled and random-trace-id. Cached, since a context is often sent several times.
   * @internal
   */
  get traceparent(): string {
    const text = this.#spanText
    const flags = this.options & (SAMPLED | RANDOM_TRACE_ID)
    if (text !== undefined && isTraceparentWith(text, flags)) return text
    let s0 = this.#s0
    let s1 = this.#s1
    if (text !== undefined) {
      readHexWords(text, text.length === 16 ? 0 : SPAN_ID_AT, spanWords)
      s0 = spanWords[0]!
      s1 = spanWords[1]!
    }
    return (this.#spanText = traceparentOf(this.trace, s0, s1, flags))
  }

  get sampled(): boolean {
    return (this.options & SAMPLED) !== 0
  }

  get traceState(): TraceState | undefined {
    return this.trace.state
  }

  /** True if both are the same span with the same flags and tracestate. */
  equals(other: SpanContext): boolean {
    return (
      this.traceId === other.traceId &&
      this.spanId === other.spanId &&
      this.options === other.options &&
      (this.traceState?.toString() ?? '') === (other.traceState?.toString() ?? '')
    )
  }

  toJSON(): object {
    const { traceId, spanId, options, traceState } = this
    return traceState === undefined ? { traceId, spanId, options } : { traceId, spanId, options, traceState: traceState.toString() }
  }
}

const spanWords = new Int32Array(2)
const ZERO = 0x30

/** True if a string, a span id or a traceparent, is a traceparent of version 00 with exactly these flags. */
function isTraceparentWith(text: string, flags: number): boolean {
  return (
    text.length === 55 &&
    text.charCodeAt(54) === ZERO + flags &&
    text.charCodeAt(53) === ZERO &&
    text.charCodeAt(1) === ZERO &&
    text.charCodeAt(0) === ZERO
  )
}

interface ContextParts {
  readonly trace: TraceId
  readonly spanId: string | undefined
  readonly options: number
  readonly fromHeader: boolean
}

function readInit(init: SpanContextInit): ContextParts {
  const { traceId, spanId } = init
  if (traceId !== undefined && !(typeof traceId === 'string' && isValidTraceId(traceId))) {
    return { trace: new TraceId(randomWords), spanId: undefined, options: 0, fromHeader: false }
  }
  const state = typeof init.traceState === 'string' ? TraceState.parse(init.traceState) : init.traceState
  const hasSpan = typeof spanId === 'string' && isValidSpanId(spanId)
  return {
    trace: traceId === undefined ? new TraceId(randomWords, state) : new TraceId(traceId, state),
    spanId: hasSpan ? spanId : undefined,
    options: readOptions(init),
    fromHeader: init.fromHeader === true && (spanId === undefined || hasSpan),
  }
}

function readOptions({ options = 0, sampled }: SpanContextInit): number {
  const byte = Number.isInteger(options) && options >= 0 && options <= 0xff ? options : SAMPLED
  return sampled === undefined ? byte : sampled ? byte | SAMPLED : byte & ~SAMPLED
}
