import type { SpanContext } from '../context/span-context.js'
import { b3Context } from './b3-single.js'
import { headerValue } from './header-value.js'
import type { HeaderGetter, HeaderSetter, Propagator } from './propagator.js'

const SAMPLED_TEXTS = new Set(['1', 'd', 'true'])

/**
 * Zipkin's B3 in several headers: `X-B3-TraceId`, `X-B3-SpanId`, `X-B3-Sampled`; `X-B3-Flags: 1` (debug) counts as
 * sampled. Without a decision the parent counts as not sampled, so that the sampler decides.
 *
 * @see https://github.com/openzipkin/b3-propagation#multiple-headers
 * @example
 * new Tracer({ propagator: new B3MultiPropagator() })
 */
export class B3MultiPropagator implements Propagator {
  readonly fields: readonly string[] = ['x-b3-traceid', 'x-b3-spanid', 'x-b3-sampled', 'x-b3-parentspanid', 'x-b3-flags']

  inject(context: SpanContext, set: HeaderSetter): void {
    if (!context.isValid) return
    set('x-b3-traceid', context.traceId)
    set('x-b3-spanid', context.spanId)
    set('x-b3-sampled', context.sampled ? '1' : '0')
  }

  extract(get: HeaderGetter): SpanContext | undefined {
    const traceId = headerValue(get('x-b3-traceid'))
    if (traceId === '') return undefined
    return b3Context(traceId, headerValue(get('x-b3-spanid')), isSampled(get))
  }
}

function isSampled(get: HeaderGetter): boolean {
  return headerValue(get('x-b3-flags')) === '1' || SAMPLED_TEXTS.has(headerValue(get('x-b3-sampled')).toLowerCase())
}
