import { ProtobufReader } from './protobuf-reader.js'

type Kind =
  | 'string'
  | 'hex'
  | 'double'
  | 'fixed64'
  | 'sfixed64'
  | 'int64'
  | 'uint64s'
  | 'fixed64s'
  | 'doubles'
  | 'sint32'
  | 'uint32'
  | 'fixed32'
  | 'bool'

interface Field {
  readonly name: string
  readonly kind: Kind | Message
  readonly isList?: boolean
}
export type Message = Readonly<Record<number, Field>>

const one = (name: string, kind: Kind | Message): Field => ({ name, kind })
const list = (name: string, kind: Message): Field => ({ name, kind, isList: true })

const ANY_VALUE: Message = {
  1: one('stringValue', 'string'),
  2: one('boolValue', 'bool'),
  3: one('intValue', 'int64'),
  4: one('doubleValue', 'double'),
}
const ATTRIBUTE: Message = { 1: one('key', 'string'), 2: one('value', ANY_VALUE) }
const RESOURCE: Message = { 1: list('attributes', ATTRIBUTE) }
const SCOPE: Message = { 1: one('name', 'string'), 2: one('version', 'string') }
const EXEMPLAR: Message = {
  2: one('timeUnixNano', 'fixed64'),
  3: one('asDouble', 'double'),
  4: one('spanId', 'hex'),
  5: one('traceId', 'hex'),
  6: one('asInt', 'sfixed64'),
  7: list('filteredAttributes', ATTRIBUTE),
}
const TIMES = { 2: one('startTimeUnixNano', 'fixed64'), 3: one('timeUnixNano', 'fixed64') }
const NUMBER_POINT: Message = {
  ...TIMES,
  4: one('asDouble', 'double'),
  5: list('exemplars', EXEMPLAR),
  6: one('asInt', 'sfixed64'),
  7: list('attributes', ATTRIBUTE),
}
const COUNT_AND_SUM = { 4: one('count', 'fixed64'), 5: one('sum', 'double') }
const HISTOGRAM_POINT: Message = {
  ...TIMES,
  ...COUNT_AND_SUM,
  6: one('bucketCounts', 'fixed64s'),
  7: one('explicitBounds', 'doubles'),
  8: list('exemplars', EXEMPLAR),
  9: list('attributes', ATTRIBUTE),
}
const BUCKETS: Message = { 1: one('offset', 'sint32'), 2: one('bucketCounts', 'uint64s') }
const EXPONENTIAL_POINT: Message = {
  ...TIMES,
  ...COUNT_AND_SUM,
  1: list('attributes', ATTRIBUTE),
  6: one('scale', 'sint32'),
  7: one('zeroCount', 'fixed64'),
  8: one('positive', BUCKETS),
  9: one('negative', BUCKETS),
  11: list('exemplars', EXEMPLAR),
  14: one('zeroThreshold', 'double'),
}
const SUMMARY_POINT: Message = {
  ...TIMES,
  ...COUNT_AND_SUM,
  6: list('quantileValues', { 1: one('quantile', 'double'), 2: one('value', 'double') }),
  7: list('attributes', ATTRIBUTE),
}
const points = (point: Message): Message => ({
  1: list('dataPoints', point),
  2: one('aggregationTemporality', 'uint32'),
  3: one('isMonotonic', 'bool'),
})
const METRIC: Message = {
  1: one('name', 'string'),
  2: one('description', 'string'),
  3: one('unit', 'string'),
  5: one('gauge', points(NUMBER_POINT)),
  7: one('sum', points(NUMBER_POINT)),
  9: one('histogram', points(HISTOGRAM_POINT)),
  10: one('exponentialHistogram', points(EXPONENTIAL_POINT)),
  11: one('summary', points(SUMMARY_POINT)),
  12: list('metadata', ATTRIBUTE),
}
const SPAN: Message = {
  1: one('traceId', 'hex'),
  2: one('spanId', 'hex'),
  3: one('traceState', 'string'),
  4: one('parentSpanId', 'hex'),
  5: one('name', 'string'),
  6: one('kind', 'uint32'),
  7: one('startTimeUnixNano', 'fixed64'),
  8: one('endTimeUnixNano', 'fixed64'),
  9: list('attributes', ATTRIBUTE),
  10: one('droppedAttributesCount', 'uint32'),
  11: list('events', {
    1: one('timeUnixNano', 'fixed64'),
    2: one('name', 'string'),
    3: list('attributes', ATTRIBUTE),
    4: one('droppedAttributesCount', 'uint32'),
  }),
  12: one('droppedEventsCount', 'uint32'),
  13: list('links', {
    1: one('traceId', 'hex'),
    2: one('spanId', 'hex'),
    3: one('traceState', 'string'),
    4: list('attributes', ATTRIBUTE),
    5: one('droppedAttributesCount', 'uint32'),
    6: one('flags', 'fixed32'),
  }),
  14: one('droppedLinksCount', 'uint32'),
  15: one('status', { 2: one('message', 'string'), 3: one('code', 'uint32') }),
  16: one('flags', 'fixed32'),
}
const request = (resources: string, scopes: string, items: string, item: Message): Message => ({
  1: list(resources, { 1: one('resource', RESOURCE), 2: list(scopes, { 1: one('scope', SCOPE), 2: list(items, item) }) }),
})

export const METRICS_REQUEST: Message = request('resourceMetrics', 'scopeMetrics', 'metrics', METRIC)
export const TRACE_REQUEST: Message = request('resourceSpans', 'scopeSpans', 'spans', SPAN)

/**
 * Converts an encoded request to JSON: keys in lower camel case, ids in hexadecimal, enums as numbers, 64-bit integers as decimal strings,
 * non-finite numbers as strings. It knows only the fields that this package writes.
 * @see https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 */
export function jsonFromProtobuf(bytes: Uint8Array, message: Message): string {
  return messageText(bytes, 0, bytes.length, message)
}

function messageText(bytes: Uint8Array, from: number, end: number, message: Message): string {
  const reader = new ProtobufReader(bytes, from, end)
  let text = '{'
  let list: Field | undefined
  while (reader.next()) {
    const field = message[reader.field]
    if (field === undefined) throw new Error(`BUG: field ${reader.field} has no name in JSON`)
    if (field === list) {
      text += `,${valueText(reader, bytes, field.kind)}` // the entries of a list are adjacent
      continue
    }
    if (list !== undefined) text += ']'
    list = field.isList === true ? field : undefined
    text += `${text.length > 1 ? ',' : ''}"${field.name}":${list === undefined ? '' : '['}${valueText(reader, bytes, field.kind)}`
  }
  return list === undefined ? `${text}}` : `${text}]}`
}

function valueText(reader: ProtobufReader, bytes: Uint8Array, kind: Kind | Message): string {
  if (typeof kind === 'object') {
    const start = reader.block()
    return messageText(bytes, start, reader.at, kind)
  }
  switch (kind) {
    case 'string':
      return JSON.stringify(reader.string())
    case 'hex':
      return `"${reader.hex()}"`
    case 'double':
      return doubleText(reader.double())
    case 'fixed64':
      return `"${reader.fixed64()}"`
    case 'sfixed64':
      return `"${BigInt.asIntN(64, reader.fixed64())}"`
    case 'int64':
      return `"${int64(reader)}"`
    case 'sint32': {
      const zigzag = reader.varint()
      return String(zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2)
    }
    case 'bool':
      return String(reader.varint() !== 0)
    case 'uint32':
      return String(reader.varint())
    case 'fixed32':
      return String(reader.fixed32())
    default: {
      const start = reader.block()
      return packedText(new ProtobufReader(bytes, start, reader.at), kind)
    }
  }
}

function packedText(values: ProtobufReader, kind: 'uint64s' | 'fixed64s' | 'doubles'): string {
  const texts: string[] = []
  while (!values.isAtEnd) {
    texts.push(kind === 'doubles' ? doubleText(values.double()) : `"${kind === 'fixed64s' ? values.fixed64() : values.varint()}"`)
  }
  return `[${texts.join(',')}]`
}

/** Reads a signed varint. Negative ones have 10 bytes, more than a number can represent. */
function int64(reader: ProtobufReader): bigint {
  let value = 0n
  for (let shift = 0n; ; shift += 7n) {
    const byte = reader.byte()
    value |= BigInt(byte & 127) << shift
    if (byte < 128) return BigInt.asIntN(64, value)
  }
}

function doubleText(value: number): string {
  return Number.isFinite(value) ? String(value) : `"${value}"`
}
