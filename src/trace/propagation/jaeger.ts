import { SAMPLED, type SpanContext } from '../context/span-context.js'
import { headerValue } from './header-value.js'
import type { HeaderGetter, HeaderSetter, Propagator } from './propagator.js'
import { remoteContext } from './remote-context.js'

const HEADER = 'uber-trace-id'
// Leading zeros may be omitted, and some clients encode the colons. The parent id is deprecated and ignored.
const FORM = /^([\da-f]{1,32}):([\da-f]{1,16}):[\da-f]{0,16}:([\da-f]{1,2})$/i
// 32 + 16 + 16 + 2 digits and three encoded colons. A longer value is not valid.
const MAX_LENGTH = 75
const DEBUG = 0x02

/**
 * Jaeger's header `uber-trace-id: <trace id>:<span id>:<parent span id>:<flags>`. Bit 0 of the flags is the sampled flag. Bit 1 (debug)
 * counts as sampled. Jaeger's headers of baggage, `uberctx-…`, are neither read nor written.
 *
 * @see https://www.jaegertracing.io/docs/1.76/client-libraries/#trace-span-identity
 * @example
 * new Tracer({ propagator: new CompositePropagator([new TraceContextPropagator(), new JaegerPropagator()]) })
 */
export class JaegerPropagator implements Propagator {
  readonly fields: readonly string[] = [HEADER]

  inject(context: SpanContext, set: HeaderSetter): void {
    if (context.isValid) set(HEADER, `${context.traceId}:${context.spanId}:0:${context.sampled ? '1' : '0'}`)
  }

  extract(get: HeaderGetter): SpanContext | undefined {
    const text = headerValue(get(HEADER))
    const match = text.length > MAX_LENGTH ? null : FORM.exec(text.replaceAll(/%3a/gi, ':'))
    if (match === null) return undefined
    const [, traceId, spanId, flags] = match as unknown as [string, string, string, string]
    const sampled = (Number.parseInt(flags, 16) & (SAMPLED | DEBUG)) !== 0
    return remoteContext(traceId.padStart(32, '0'), spanId.padStart(16, '0'), sampled ? SAMPLED : 0)
  }
}
