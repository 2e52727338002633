import { readHexByte, readHexWords } from '../hex.js'
import { RANDOM_TRACE_ID, SAMPLED, SpanContext } from '../span-context.js'
import { TraceIdentity } from '../trace-identity.js'
import { TraceState } from '../trace-state.js'
import { headerValue } from './header-value.js'
import type { HeaderGetter, HeaderSetter, Propagator } from './propagator.js'

// version - trace id - parent id - flags: 00-<32 hex>-<16 hex>-00; later versions may append fields after another dash.
const LENGTH = 55
const TRACE_ID_AT = 3
const SPAN_ID_AT = 36
const FLAGS_AT = 53
const DASH = 0x2d
const KNOWN_FLAGS = SAMPLED | RANDOM_TRACE_ID
const FLAG_TEXTS = ['00', '01', '02', '03'] as const

const traceWords = new Int32Array(4)
const spanWords = new Int32Array(2)

/**
 * W3C Trace Context, level 2: `traceparent` and `tracestate`.
 *
 * Of the flags, sampled and random-trace-id are read and passed on; others are written as 0. A damaged tracestate is
 * dropped, the parent is kept.
 *
 * @see https://www.w3.org/TR/trace-context-2/
 */
export class TraceContextPropagator implements Propagator {
  readonly fields: readonly string[] = ['traceparent', 'tracestate']

  inject(context: SpanContext, set: HeaderSetter): void {
    if (!context.isValid) return
    set('traceparent', formatTraceparent(context))
    const state = context.traceState
    if (state !== undefined && state.size > 0) set('tracestate', state.toString())
  }

  extract(get: HeaderGetter): SpanContext | undefined {
    const text = headerValue(get('traceparent'))
    if (!readTraceparent(text)) return undefined
    const stateText = get('tracestate')
    const state = stateText === undefined ? undefined : TraceState.parse(stateText)
    // Slices would keep a stranger's whole header alive: only short ones are kept as they are.
    const short = text.length === LENGTH
    const trace = new TraceIdentity(
      traceWords[0]!,
      traceWords[1]!,
      traceWords[2]!,
      traceWords[3]!,
      short ? text.slice(TRACE_ID_AT, TRACE_ID_AT + 32) : undefined,
      state,
    )
    const options = readHexByte(text, FLAGS_AT) & KNOWN_FLAGS
    return new SpanContext(trace, spanWords[0]!, spanWords[1]!, options, true, short ? text.slice(SPAN_ID_AT, SPAN_ID_AT + 16) : undefined)
  }
}

/** The header's value for a context, always of version 00. */
export function formatTraceparent({ traceId, spanId, options }: SpanContext): string {
  return `00-${traceId}-${spanId}-${FLAG_TEXTS[(options & KNOWN_FLAGS) as 0 | 1 | 2 | 3]}`
}

/** Checks the header whole and leaves the ids in `traceWords` and `spanWords`. */
function readTraceparent(text: string): boolean {
  if (text.length < LENGTH) return false
  const version = readHexByte(text, 0)
  if (version < 0 || version === 0xff) return false
  if (text.length > LENGTH && (version === 0 || text.charCodeAt(LENGTH) !== DASH)) return false
  if (text.charCodeAt(2) !== DASH || text.charCodeAt(SPAN_ID_AT - 1) !== DASH || text.charCodeAt(FLAGS_AT - 1) !== DASH) return false
  if (readHexByte(text, FLAGS_AT) < 0) return false
  if (!readHexWords(text, TRACE_ID_AT, traceWords) || !readHexWords(text, SPAN_ID_AT, spanWords)) return false
  const noTrace = (traceWords[0]! | traceWords[1]! | traceWords[2]! | traceWords[3]!) === 0
  return !noTrace && (spanWords[0]! | spanWords[1]!) !== 0
}
