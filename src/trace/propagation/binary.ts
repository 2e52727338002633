import { Buffer } from 'node:buffer'
import { types } from 'node:util'
import type { SpanContext } from '../context/span-context.js'
import { headerValue } from './header-value.js'
import type { HeaderGetter, HeaderSetter, Propagator } from './propagator.js'
import { remoteContext } from './remote-context.js'

const HEADER = 'grpc-trace-bin'
const LENGTH = 29
// version 0 | field 0: trace id, 16 bytes | field 1: span id, 8 bytes | field 2: options, 1 byte
const TRACE_ID_AT = 2
const SPAN_ID_FIELD_AT = 18
const OPTIONS_FIELD_AT = 27
const SPAN_ID_FIELD = 1
const OPTIONS_FIELD = 2
const BASE64 = /^[\w+/-]*={0,2}$/

/**
 * OpenCensus' binary format of gRPC, as base64 in the header `grpc-trace-bin`.
 *
 * @see https://github.com/census-instrumentation/opencensus-specs/blob/master/encodings/BinaryEncoding.md
 * @example
 * new Tracer({ propagator: new BinaryPropagator() })
 */
export class BinaryPropagator implements Propagator {
  readonly fields: readonly string[] = [HEADER]

  inject(context: SpanContext, set: HeaderSetter): void {
    if (context.isValid) set(HEADER, Buffer.from(this.toBytes(context)).toString('base64'))
  }

  extract(get: HeaderGetter): SpanContext | undefined {
    const text = headerValue(get(HEADER))
    return BASE64.test(text) ? this.fromBytes(Buffer.from(text, 'base64')) : undefined
  }

  /** Encodes a context in 29 bytes. A missing span id is encoded as eight zeros. */
  toBytes(context: SpanContext): Uint8Array {
    const bytes = Buffer.alloc(LENGTH)
    bytes.write(context.traceId, TRACE_ID_AT, 'hex')
    bytes[SPAN_ID_FIELD_AT] = SPAN_ID_FIELD
    bytes.write(context.spanId, SPAN_ID_FIELD_AT + 1, 'hex')
    bytes[OPTIONS_FIELD_AT] = OPTIONS_FIELD
    bytes[OPTIONS_FIELD_AT + 1] = context.options
    return bytes
  }

  /** Decodes a context. Returns undefined unless both ids are present. Options that are missing, or not the next field, are 0. */
  fromBytes(bytes: Uint8Array): SpanContext | undefined {
    if (!types.isUint8Array(bytes) || bytes.length < OPTIONS_FIELD_AT) return undefined
    if (bytes[0] !== 0 || bytes[1] !== 0 || bytes[SPAN_ID_FIELD_AT] !== SPAN_ID_FIELD) return undefined
    const hex = Buffer.from(bytes.buffer, bytes.byteOffset, OPTIONS_FIELD_AT).toString('hex')
    const digitsFrom = (from: number, to: number): string => hex.slice(from * 2, to * 2)
    const traceId = digitsFrom(TRACE_ID_AT, SPAN_ID_FIELD_AT)
    const spanId = digitsFrom(SPAN_ID_FIELD_AT + 1, OPTIONS_FIELD_AT)
    const hasOptions = bytes[OPTIONS_FIELD_AT] === OPTIONS_FIELD
    if (hasOptions && bytes.length < LENGTH) return undefined // cut off in the middle of the field
    return remoteContext(traceId, spanId, hasOptions ? bytes[OPTIONS_FIELD_AT + 1]! : 0)
  }
}
