import { Buffer } from 'node:buffer'
import { SpanContext } from '../span-context.js'
import { TraceIdentity } from '../trace-identity.js'
import { headerValue } from './header-value.js'
import type { HeaderGetter, HeaderSetter, Propagator } from './propagator.js'

const HEADER = 'grpc-trace-bin'
const LENGTH = 29
// version 0 | field 0: trace id, 16 bytes | field 1: span id, 8 bytes | field 2: options, 1 byte
const TRACE_ID_AT = 2
const SPAN_ID_FIELD_AT = 18
const OPTIONS_FIELD_AT = 27
const BASE64 = /^[\w+/-]*={0,2}$/

/**
 * The binary trace context of OpenCensus, as gRPC carries it; in headers, as base64 in `grpc-trace-bin`.
 *
 * @see https://github.com/census-instrumentation/opencensus-specs/blob/master/encodings/BinaryEncoding.md
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

  /** 29 bytes; a missing span id is eight zeros. */
  toBytes(context: SpanContext): Uint8Array {
    const bytes = new Uint8Array(LENGTH)
    const view = new DataView(bytes.buffer)
    const { w0, w1, w2, w3 } = context.trace
    for (const [at, word] of [w0, w1, w2, w3].entries()) view.setInt32(TRACE_ID_AT + at * 4, word)
    bytes[SPAN_ID_FIELD_AT] = 1
    view.setInt32(SPAN_ID_FIELD_AT + 1, context.s0)
    view.setInt32(SPAN_ID_FIELD_AT + 5, context.s1)
    bytes[OPTIONS_FIELD_AT] = 2
    bytes[OPTIONS_FIELD_AT + 1] = context.options
    return bytes
  }

  /** Undefined unless there are both ids; what follows the known fields is not looked at. */
  fromBytes(bytes: Uint8Array): SpanContext | undefined {
    if (!(bytes instanceof Uint8Array) || bytes.length < LENGTH) return undefined
    if (bytes[0] !== 0 || bytes[1] !== 0 || bytes[SPAN_ID_FIELD_AT] !== 1 || bytes[OPTIONS_FIELD_AT] !== 2) return undefined
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    const [w0, w1, w2, w3] = [0, 4, 8, 12].map((at) => view.getInt32(TRACE_ID_AT + at)) as [number, number, number, number]
    const s0 = view.getInt32(SPAN_ID_FIELD_AT + 1)
    const s1 = view.getInt32(SPAN_ID_FIELD_AT + 5)
    if ((w0 | w1 | w2 | w3) === 0 || (s0 | s1) === 0) return undefined
    return new SpanContext(new TraceIdentity(w0, w1, w2, w3), s0, s1, bytes[OPTIONS_FIELD_AT + 1]!, true)
  }
}
