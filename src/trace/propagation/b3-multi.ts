import type { SpanContext } from '../span-context.js'
import { b3Context } from './b3-single.js'
import type { HeaderGetter, HeaderSetter, Propagator } from './propagator.js'
import { withoutBlanks } from './trace-context.js'

const SAMPLED_TEXTS = new Set(['1', 'd', 'true'])

/**
 * Zipkin's B3 in several headers: `X-B3-TraceId`, `X-B3-SpanId`, `X-B3-Sampled`; `X-B3-Flags: 1` (debug) counts as
 * sampled. Without a decision the parent counts as not sampled, so that the sampler decides.
 *
 * @see https://github.com/openzipkin/b3-propagation#multiple-headers
 */
export class B3MultiPropagator implements Propagator {
  readonly fields: readonly string[] = ['x-b3-traceid', 'x-b3-spanid', 'x-b3-sampled']

  inject(context: SpanContext, set: HeaderSetter): void {
    if (!context.isValid) return
    set('x-b3-traceid', context.traceId)
    set('x-b3-spanid', context.spanId)
    set('x-b3-sampled', context.sampled ? '1' : '0')
  }

  extract(get: HeaderGetter): SpanContext | undefined {
    const traceId = get('x-b3-traceid')
    const spanId = get('x-b3-spanid')
    if (traceId === undefined || spanId === undefined) return undefined
    return b3Context(withoutBlanks(traceId), withoutBlanks(spanId), isSampled(get))
  }
}

function isSampled(get: HeaderGetter): boolean {
  if (get('x-b3-flags') === '1') return true
  const text = get('x-b3-sampled')
  return text !== undefined && text.length <= 8 && SAMPLED_TEXTS.has(withoutBlanks(text).toLowerCase())
}
