import { SAMPLED, type SpanContext } from '../context/span-context.js'
import { headerValue } from './header-value.js'
import type { HeaderGetter, HeaderSetter, Propagator } from './propagator.js'
import { remoteContext } from './remote-context.js'

const HEADER = 'x-cloud-trace-context'
// 32 hex digits, slash, up to 20 digits, ";o=" and digits. A much longer value is not valid.
const MAX_LENGTH = 80
const FORM = /^([\da-f]{32})\/(\d{1,20})(?:;o=(\d{1,10}))?$/i
const MAX_SPAN_ID = 2n ** 64n - 1n

/**
 * Google Cloud's `X-Cloud-Trace-Context: TRACE_ID/SPAN_ID;o=OPTIONS`. The span id is a decimal number of 64 bits. Bit 0 of the options is
 * the sampled flag. Without options the parent counts as not sampled, so that the sampler decides.
 *
 * @see https://cloud.google.com/trace/docs/trace-context#legacy-http-header
 * @example
 * new Tracer({ propagator: new GoogleCloudPropagator() })
 */
export class GoogleCloudPropagator implements Propagator {
  readonly fields: readonly string[] = [HEADER]

  inject(context: SpanContext, set: HeaderSetter): void {
    if (context.isValid) set(HEADER, `${context.traceId}/${BigInt(`0x${context.spanId}`)};o=${context.sampled ? '1' : '0'}`)
  }

  extract(get: HeaderGetter): SpanContext | undefined {
    const text = headerValue(get(HEADER))
    const match = text.length > MAX_LENGTH ? null : FORM.exec(text)
    if (match === null) return undefined
    const [, traceId, spanDecimal, options = '0'] = match as unknown as [string, string, string, string?]
    const span = BigInt(spanDecimal)
    if (span > MAX_SPAN_ID) return undefined
    return remoteContext(traceId, span.toString(16).padStart(16, '0'), optionsOf(options))
  }
}

/** A number that is not a byte counts as sampled, as everywhere in OpenCensus. */
function optionsOf(decimal: string): number {
  const options = Number(decimal)
  return options > 0xff ? SAMPLED : options
}
