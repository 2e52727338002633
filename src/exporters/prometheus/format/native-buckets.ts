import type { ExponentialBuckets, ExponentialValue } from '../../../metrics/data/metric.js'
import { type ProtobufWriter, tag } from '../../protobuf-writer.js'

// Fields of BucketSpan, which are the same in scrapes and in both versions of remote write.
const OFFSET = tag(1, 0)
const LENGTH = tag(2, 0)

/** The fields of a native histogram in its message. */
type NativeFields = Readonly<
  Record<'schema' | 'zeroThreshold' | 'zeroCount' | 'negativeSpans' | 'negativeDeltas' | 'positiveSpans' | 'positiveDeltas', number>
>

/** @param schema The number of the field `schema`. The numbers of the others follow it in the same way in all messages. */
export function nativeFields(schema: number): NativeFields {
  return {
    schema: tag(schema, 0),
    zeroThreshold: tag(schema + 1, 1),
    zeroCount: tag(schema + 2, 0),
    negativeSpans: tag(schema + 4, 2),
    negativeDeltas: tag(schema + 5, 2),
    positiveSpans: tag(schema + 7, 2),
    positiveDeltas: tag(schema + 8, 2),
  }
}

/** Writes resolution and buckets of a native histogram, without its count and sum. */
export function writeNativeHistogram(out: ProtobufWriter, fields: NativeFields, value: ExponentialValue): void {
  out.varint(fields.schema)
  out.zigzag(value.schema)
  out.double(fields.zeroThreshold, value.zeroThreshold)
  out.uint(fields.zeroCount, value.zeroCount)
  writeNativeBuckets(out, fields.negativeSpans, fields.negativeDeltas, value.negative)
  writeNativeBuckets(out, fields.positiveSpans, fields.positiveDeltas, value.positive)
}

/** Writes the buckets of one sign of a native histogram: spans of adjacent buckets, and the differences between their counts. */
function writeNativeBuckets(out: ProtobufWriter, spans: number, deltas: number, { indexes, counts }: ExponentialBuckets): void {
  if (indexes.length === 0) return
  let end = 0
  for (let i = 0; i < indexes.length; ) {
    let next = i + 1
    while (next < indexes.length && indexes[next] === indexes[next - 1]! + 1) next++
    writeBucketSpan(out, spans, indexes[i]! - end, next - i)
    end = indexes[next - 1]! + 1
    i = next
  }
  const packed = out.open(deltas, 2)
  counts.forEach((count, i) => out.zigzag(count - (counts[i - 1] ?? 0)))
  out.close(packed, 2)
}

/** Writes one span. `offset` is the number of empty buckets since the last span, or the index of the first bucket. */
export function writeBucketSpan(out: ProtobufWriter, field: number, offset: number, length: number): void {
  const span = out.open(field, 1)
  out.varint(OFFSET)
  out.zigzag(offset)
  out.uint(LENGTH, length)
  out.close(span, 1)
}
