import { FORMAT_BINARY, FORMAT_HTTP_HEADERS, FORMAT_TEXT_MAP } from 'opentracing'
import { currentFrame } from '../../base/context.js'
import { getterOf, setterOf } from '../../trace/propagation/carrier.js'
import type { HeaderGetter } from '../../trace/propagation/propagator.js'
import type { TracerCore } from '../../trace/tracer-core.js'
import { bytesIn, fromBytes, isBytes, toBytes } from './binary-carrier.js'
import { InvalidCarrier, SpanContextCorrupted, UnsupportedFormat } from './errors.js'
import { countCorrupted } from './opentracing-counts.js'
import { OpenTracingSpanContext } from './opentracing-context.js'
import { mergedHeader, SpanBaggage } from './span-baggage.js'

const BAGGAGE = 'baggage'

/** Headers of propagation formats that contain no trace id. */
const WITHOUT_TRACE_ID: ReadonlySet<string> = new Set(['tracestate', 'x-b3-sampled', 'x-b3-flags', 'x-b3-parentspanid'])
/** The header `b3` with a sampling decision and no trace. */
const B3_DECISION = /^[01d]$/

/**
 * Throws if the format is unknown or the carrier is not an object.
 * @throws {@link UnsupportedFormat} `ERR_OPENTRACING_FORMAT`
 * @throws {@link InvalidCarrier} `ERR_OPENTRACING_CARRIER`
 */
export function checkCarrier(format: unknown, carrier: unknown): asserts carrier is object {
  if (format !== FORMAT_TEXT_MAP && format !== FORMAT_HTTP_HEADERS && format !== FORMAT_BINARY) throw new UnsupportedFormat(format)
  if (typeof carrier !== 'object' || carrier === null) throw new InvalidCarrier(format, carrier, 'an object')
}

/** Writes a context into a checked carrier. Does nothing for requests of exporters. */
export function injectInto(tracer: TracerCore, context: OpenTracingSpanContext, format: string, carrier: object): void {
  if (currentFrame().suppressed) return
  if (format === FORMAT_BINARY) injectBytes(context, carrier)
  else injectHeaders(tracer, context, carrier)
}

function injectHeaders(tracer: TracerCore, { native, items }: OpenTracingSpanContext, carrier: object): void {
  if (items.size === 0) {
    if (native !== undefined) tracer.inject(carrier, native)
    return
  }
  const headers = new Map<string, string>()
  if (native !== undefined) tracer.inject(headers, native)
  const tagBaggage = headers.get(BAGGAGE)
  headers.set(BAGGAGE, tagBaggage === undefined ? items.header : mergedHeader(tagBaggage, items))
  const set = setterOf(carrier)
  for (const [name, value] of headers) set(name, value)
}

function injectBytes(context: OpenTracingSpanContext, carrier: object): void {
  if (isBytes(carrier)) throw new InvalidCarrier(FORMAT_BINARY, carrier, 'an array or an object whose `buffer` can be set')
  const bytes = toBytes(context)
  if (bytes.length === 0) return
  if (Array.isArray(carrier)) {
    carrier.push(...bytes)
    return
  }
  try {
    ;(carrier as { buffer: unknown }).buffer = bytes
  } catch {
    // Frozen carriers are ignored, like headers that are already sent.
  }
}

/**
 * Reads a context from a checked carrier. Returns null if there is neither a trace nor baggage, or if the context is invalid, which is
 * counted.
 * @throws {@link SpanContextCorrupted} `ERR_OPENTRACING_CORRUPTED` in strict mode, if the context is invalid.
 */
export function extractFrom(tracer: TracerCore, format: string, carrier: object, strict: boolean): OpenTracingSpanContext | null {
  const found = format === FORMAT_BINARY ? extractBytes(carrier) : extractHeaders(tracer, getterOf(carrier))
  if (found === 'invalid') {
    if (strict) throw new SpanContextCorrupted(format)
    countCorrupted(format)
    return null
  }
  if (found === undefined) return null
  // Baggage of untrusted callers is dropped. Their context is kept and becomes a link.
  const kept = tracer.untrusted ? new OpenTracingSpanContext(found.source, SpanBaggage.EMPTY) : found
  return kept.native === undefined && kept.items.size === 0 ? null : kept
}

type Found = OpenTracingSpanContext | 'invalid' | undefined

function extractBytes(carrier: object): Found {
  try {
    const bytes = bytesIn(carrier)
    if (bytes === undefined) return undefined
    return (bytes === null ? undefined : fromBytes(bytes)) ?? 'invalid'
  } catch {
    return 'invalid' // a getter of the carrier threw
  }
}

function extractHeaders(tracer: TracerCore, get: HeaderGetter): Found {
  const context = tracer.extract({ get })
  if (context === undefined && holdsTrace(tracer, get)) return 'invalid'
  const header = get(BAGGAGE)
  const items = SpanBaggage.parse(header)
  if (items.size === 0 && header !== undefined && header.trim() !== '' && context === undefined) return 'invalid'
  return new OpenTracingSpanContext(context, items)
}

/** True if there is a header that contains a trace id. */
function holdsTrace({ propagator }: TracerCore, get: HeaderGetter): boolean {
  const fields = propagator.fields ?? []
  return fields.some((field) => {
    const lower = field.toLowerCase()
    const value = get(lower)?.trim() ?? ''
    return !WITHOUT_TRACE_ID.has(lower) && value !== '' && !(lower === 'b3' && B3_DECISION.test(value))
  })
}
