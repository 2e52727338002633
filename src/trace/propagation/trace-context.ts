import { RANDOM_TRACE_ID, SAMPLED, SpanContext } from '../span-context.js'
import { TraceIdentity } from '../trace-identity.js'
import { TraceState } from '../trace-state.js'
import { headerValue } from './header-value.js'
import type { HeaderGetter, HeaderSetter, Propagator } from './propagator.js'

// version - trace id - parent id - flags: 00-<32 hex>-<16 hex>-<2 hex>; later versions may append fields after another dash.
// The digits are spelled out rather than counted: the expression then compiles to code without a loop, three times as fast.
const digits = (count: number) => '[\\da-f]'.repeat(count)
const REST = `-(?!0{32})${digits(32)}-(?!0{16})${digits(16)}-${digits(2)}`
const VERSION_00 = new RegExp(`^00${REST}$`)
const LATER_VERSION = new RegExp(`^(?!00|ff)${digits(2)}${REST}(?:-|$)`)

const LENGTH = 55
const FLAGS_AT = 53
const KNOWN_FLAGS = SAMPLED | RANDOM_TRACE_ID
const FLAG_TEXTS = ['00', '01', '02', '03'] as const

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
    let text = headerValue(get('traceparent'))
    if (!VERSION_00.test(text)) {
      if (!LATER_VERSION.test(text)) return undefined
      text = text.slice(0, LENGTH)
    }
    const stateText = get('tracestate')
    const state = stateText === undefined ? undefined : TraceState.parse(stateText)
    return new SpanContext(new TraceIdentity(text, state), 0, 0, flagsOf(text), true, text)
  }
}

/** The header's value for a context, always of version 00. */
export function formatTraceparent({ traceId, spanId, options }: SpanContext): string {
  return `00-${traceId}-${spanId}-${FLAG_TEXTS[(options & KNOWN_FLAGS) as 0 | 1 | 2 | 3]}`
}

/** Both flags are in the last digit, and those bits are the same in the codes of digits and, one further, of letters. */
function flagsOf(text: string): number {
  const code = text.charCodeAt(FLAGS_AT + 1)
  return (code < 0x3a ? code : code + 1) & KNOWN_FLAGS
}
