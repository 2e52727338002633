import { Buffer } from 'node:buffer'
import { types } from 'node:util'
import { BinaryPropagator } from '../../trace/propagation/binary.js'
import { OpenTracingSpanContext } from './opentracing-context.js'
import { SpanBaggage } from './span-baggage.js'

// version 0 | fields 0, 1, 2 of OpenCensus: 28 bytes | field 3: length of the baggage, 4 bytes, and its W3C header.
// Decoders of OpenCensus' format ignore unknown fields at the end.
const VERSION = 0
const CONTEXT_LENGTH = 29
const BAGGAGE_FIELD = 3
const BAGGAGE_HEAD = 5
const MAX_LENGTH = 16_384

const propagator = new BinaryPropagator()

/** Encodes trace and baggage. Empty if there is neither. */
export function toBytes({ native, items }: OpenTracingSpanContext): Uint8Array {
  const context = native?.isValid ? propagator.toBytes(native) : undefined
  const parts = context === undefined ? [Uint8Array.of(VERSION)] : [context]
  if (items.size > 0) {
    const text = Buffer.from(items.header)
    const head = Buffer.alloc(BAGGAGE_HEAD)
    head[0] = BAGGAGE_FIELD
    head.writeUInt32BE(text.length, 1)
    parts.push(head, text)
  } else if (context === undefined) return new Uint8Array(0)
  return new Uint8Array(Buffer.concat(parts))
}

/** Decodes trace and baggage. Returns undefined if the bytes are invalid. */
export function fromBytes(bytes: Uint8Array): OpenTracingSpanContext | undefined {
  if (bytes[0] !== VERSION) return undefined
  const hasContext = bytes[1] === 0
  const context = hasContext ? propagator.fromBytes(bytes) : undefined
  if (hasContext && context === undefined) return undefined
  const at = hasContext ? CONTEXT_LENGTH : 1
  const items = bytes[at] === BAGGAGE_FIELD ? readBaggage(bytes, at) : SpanBaggage.EMPTY
  if (items === undefined || (context === undefined && items.size === 0)) return undefined
  return new OpenTracingSpanContext(context, items)
}

function readBaggage(bytes: Uint8Array, at: number): SpanBaggage | undefined {
  if (bytes.length < at + BAGGAGE_HEAD) return undefined
  const from = at + BAGGAGE_HEAD
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(at + 1)
  if (bytes.length < from + length) return undefined
  return SpanBaggage.parse(Buffer.from(bytes.buffer, bytes.byteOffset + from, length).toString())
}

/** The bytes of a carrier or of its `buffer`. Undefined if there are none, null if the value is not bytes. */
export function bytesIn(carrier: object): Uint8Array | undefined | null {
  const held: unknown = isBytes(carrier) || Array.isArray(carrier) ? carrier : (carrier as { buffer?: unknown }).buffer
  if (held == null) return undefined
  if (typeof held !== 'object') return null
  if (types.isArrayBuffer(held)) return held.byteLength === 0 ? undefined : new Uint8Array(held)
  const { length } = held as ArrayLike<unknown>
  if (length === 0) return undefined
  if (!Number.isInteger(length) || length < 0 || length > MAX_LENGTH) return null
  if (types.isUint8Array(held)) return held
  const numbers = Array.from(held as ArrayLike<unknown>)
  return numbers.every((each) => Number.isInteger(each) && (each as number) >= 0 && (each as number) <= 255)
    ? Uint8Array.from(numbers as number[])
    : null
}

/** True for a typed array or ArrayBuffer, whose length cannot change. */
export function isBytes(carrier: object): boolean {
  return ArrayBuffer.isView(carrier) || types.isArrayBuffer(carrier)
}
