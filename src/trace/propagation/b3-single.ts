import { SAMPLED, type SpanContext } from '../context/span-context.js'
import { headerValue } from './header-value.js'
import type { HeaderGetter, HeaderSetter, Propagator } from './propagator.js'
import { remoteContext } from './remote-context.js'

// 32 + 16 + 1 + 16 digits and three dashes. A longer value is not valid.
const MAX_LENGTH = 68
const TRACE_ID_LENGTH = 32

/**
 * Zipkin's B3 in one header: `b3: <trace id>-<span id>-<sampled>-<parent span id>`, of which the last two are optional. A header with only
 * a sampling decision has no parent and is ignored.
 *
 * @see https://github.com/openzipkin/b3-propagation#single-header
 * @example
 * new Tracer({ propagator: new B3SinglePropagator() })
 */
export class B3SinglePropagator implements Propagator {
  readonly fields: readonly string[] = ['b3']

  inject(context: SpanContext, set: HeaderSetter): void {
    if (context.isValid) set('b3', `${context.traceId}-${context.spanId}-${context.sampled ? '1' : '0'}`)
  }

  extract(get: HeaderGetter): SpanContext | undefined {
    const text = headerValue(get('b3'))
    if (text.length > MAX_LENGTH) return undefined
    const [traceId = '', spanId = '', sampled = '0', parentId = '0'.repeat(16), ...more] = text.split('-')
    if (more.length > 0 || !/^[01d]$/.test(sampled) || !/^[\da-f]{16}$/i.test(parentId)) return undefined
    return b3Context(traceId, spanId, sampled !== '0')
  }
}

/** The context of B3 ids. A trace id of 16 digits is padded on the left. */
export function b3Context(traceId: string, spanId: string, sampled: boolean): SpanContext | undefined {
  const whole = traceId.length === 16 ? traceId.padStart(TRACE_ID_LENGTH, '0') : traceId
  return remoteContext(whole, spanId, sampled ? SAMPLED : 0)
}
