import type { Resource } from '../../base/resource.js'
import { ProtobufWriter, tag } from '../protobuf-writer.js'

// Fields of opentelemetry.proto.common.v1: KeyValue and AnyValue.
const KEY = tag(1, 2)
const VALUE = tag(2, 2)
const STRING = tag(1, 2)
const BOOL = tag(2, 0)
const INT = tag(3, 0)
const DOUBLE = tag(4, 1)
const RESOURCE_ATTRIBUTE = tag(1, 2)

/** Writes one attribute into the open message. Integers are written as `int_value`, other numbers as `double_value`. */
export function writeAttribute(out: ProtobufWriter, field: number, key: string, value: string | number | boolean): void {
  const attribute = out.open(field, 1)
  if (key !== '') out.string(KEY, key)
  const any = out.open(VALUE, 1)
  if (typeof value === 'string') out.string(STRING, value)
  else if (typeof value === 'boolean') out.uint(BOOL, value ? 1 : 0)
  else if (Number.isSafeInteger(value)) out.int(INT, value)
  else out.double(DOUBLE, value)
  out.close(any, 1)
  out.close(attribute, 1)
}

/** Encodes attribute keys for {@link ProtobufWriter.attribute}. */
export function attributeKeys(keys: readonly string[]): Uint8Array[] {
  const out = new ProtobufWriter()
  return keys.map((key) => {
    if (key !== '') out.string(KEY, key)
    return out.takeCopy()
  })
}

/** Writes the labels of a resource, sorted by key, and its type as `opencensus.resourcetype`. */
export function writeResource(out: ProtobufWriter, field: number, { type, labels }: Resource): void {
  const resource = out.open(field, 1)
  const keys = Object.keys(labels).filter((key) => labels[key] !== '')
  for (const key of keys.sort()) writeAttribute(out, RESOURCE_ATTRIBUTE, key, labels[key]!)
  if (type !== undefined && type !== '' && labels['opencensus.resourcetype'] === undefined) {
    writeAttribute(out, RESOURCE_ATTRIBUTE, 'opencensus.resourcetype', type)
  }
  out.close(resource, 1)
}
