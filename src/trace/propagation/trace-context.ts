import { hexDigit, lookAtHex } from '../context/hex.js'
import { RANDOM_TRACE_ID, SAMPLED, SpanContext } from '../context/span-context.js'
import { toSpanContext } from '../context/to-span-context.js'
import { TraceId } from '../context/trace-id.js'
import { TraceState } from '../context/trace-state.js'
import { inAnyCase, textOf } from './carrier.js'
import { headerValue, MAX_LENGTH } from './header-value.js'
import type { HeaderGetter, HeaderSetter, Propagator } from './propagator.js'

// version - trace id - parent id - flags: 00-<32 hex>-<16 hex>-<2 hex>; later versions may append fields after another dash.
const LENGTH = 55
const TRACE_ID_AT = 3
const SPAN_ID_AT = 36
const FLAGS_AT = 53
const DASH = 0x2d
const KNOWN_FLAGS = SAMPLED | RANDOM_TRACE_ID

/**
 * W3C Trace Context, level 2: `traceparent` and `tracestate`.
 *
 * Propagates the flags sampled and random-trace-id; other flags are written as 0. If only the tracestate is invalid, it is dropped and
 * the parent is kept.
 *
 * @see https://www.w3.org/TR/trace-context-2/
 * @example
 * new Tracer({ propagator: new CompositePropagator([new TraceContextPropagator(), new B3Propagator()]) })
 */
export class TraceContextPropagator implements Propagator {
  readonly fields: readonly string[] = ['traceparent', 'tracestate']

  inject(context: SpanContext, set: HeaderSetter): void {
    if (!context.isValid) return
    const own = toSpanContext(context) // a custom propagator may pass an object that is not a SpanContext
    if (own !== undefined) set('traceparent', own.traceparent)
    const state = context.traceState
    if (state !== undefined && state.size > 0) set('tracestate', state.toString())
  }

  extract(get: HeaderGetter): SpanContext | undefined {
    const text = traceparentOf(get('traceparent'))
    return text === undefined ? undefined : contextOf(text, get('tracestate'))
  }
}

/**
 * Like `extract` of TraceContextPropagator, for an object whose properties are the headers. Servers call it for each request. It takes two
 * thirds of the time of `extract`, because it reads properties directly (bench/trace/propagation.bench.js, traceparent read).
 * A getter of the headers may throw.
 */
export function extractTraceContext(headers: Readonly<Record<string, unknown>>): SpanContext | undefined {
  try {
    const exact = headers['traceparent']
    if (typeof exact === 'string') {
      const text = traceparentOf(exact)
      if (text === undefined) return undefined
      // Names are in lower case, as in Node's requests, so a missing tracestate need not be searched in other cases.
      return contextOf(text, tracestateIn(headers))
    }
    const text = traceparentOf(textOf(exact) ?? inAnyCase(headers, 'traceparent'))
    return text === undefined ? undefined : contextOf(text, tracestateIn(headers) ?? inAnyCase(headers, 'tracestate'))
  } catch {
    return undefined
  }
}

function tracestateIn(headers: Readonly<Record<string, unknown>>): string | undefined {
  try {
    const state = headers['tracestate']
    return typeof state === 'string' ? state : textOf(state)
  } catch {
    return undefined // the parent is kept
  }
}

function contextOf(text: string, stateText: string | undefined): SpanContext {
  const state = stateText === undefined ? undefined : TraceState.parse(stateText)
  return new SpanContext(new TraceId(text, state), 0, 0, hexDigit(text, FLAGS_AT + 1) & KNOWN_FLAGS, true, text)
}

/** The first 55 characters of a valid header. */
function traceparentOf(header: string | undefined): string | undefined {
  if (header === undefined) return undefined
  let text = header
  if (!isTraceparent(text)) {
    text = headerValue(header) // blanks around it are rare
    if (text === header || !isTraceparent(text)) return undefined
  }
  return text.length === LENGTH ? text : text.slice(0, LENGTH)
}

function isTraceparent(text: string): boolean {
  if (text.length < LENGTH || text.length > MAX_LENGTH) return false
  if (text.charCodeAt(2) !== DASH || text.charCodeAt(SPAN_ID_AT - 1) !== DASH || text.charCodeAt(FLAGS_AT - 1) !== DASH) return false
  if (hexDigit(text, FLAGS_AT) < 0 || hexDigit(text, FLAGS_AT + 1) < 0 || !hasVersion(text)) return false
  return lookAtHex(text, TRACE_ID_AT, 32) > 0 && lookAtHex(text, SPAN_ID_AT, 16) > 0
}

/** True if the version is valid and the header ends as it must: version 00 after the flags, others there or with a dash. A comma would join two headers. */
function hasVersion(text: string): boolean {
  const high = hexDigit(text, 0)
  const low = hexDigit(text, 1)
  if ((high | low) === 0) return text.length === LENGTH
  if (high < 0 || low < 0 || (high & low) === 0xf) return false
  return text.length === LENGTH || (text.charCodeAt(LENGTH) === DASH && !text.includes(',', LENGTH))
}
