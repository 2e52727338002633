import { SAMPLED, type SpanContext } from '../context/span-context.js'
import { headerValue } from './header-value.js'
import type { HeaderGetter, HeaderSetter, Propagator } from './propagator.js'
import { remoteContext } from './remote-context.js'

const TRACE_ID = 'opencensus-trace-traceid'
const SPAN_ID = 'opencensus-trace-spanid'
const OPTIONS = 'opencensus-trace-traceoptions'

/**
 * The text format of OpenCensus, with three entries. As in OpenCensus, a trace without options counts as sampled, and one without a span id
 * is continued without a parent.
 * @example
 * new Tracer({ propagator: new TextMapPropagator() })
 */
export class TextMapPropagator implements Propagator {
  readonly fields: readonly string[] = [TRACE_ID, SPAN_ID, OPTIONS]

  inject(context: SpanContext, set: HeaderSetter): void {
    if (!context.isValid) return
    set(TRACE_ID, context.traceId)
    set(SPAN_ID, context.spanId)
    set(OPTIONS, String(context.options))
  }

  extract(get: HeaderGetter): SpanContext | undefined {
    const traceId = headerValue(get(TRACE_ID))
    if (traceId === '') return undefined
    const given = get(SPAN_ID)
    const isUnset = given === undefined || given === ''
    return remoteContext(traceId, isUnset ? undefined : headerValue(given), optionsOf(headerValue(get(OPTIONS))))
  }
}

function optionsOf(digits: string): number {
  const options = /^\d{1,3}$/.test(digits) ? Number(digits) : SAMPLED
  return options > 0xff ? SAMPLED : options
}
