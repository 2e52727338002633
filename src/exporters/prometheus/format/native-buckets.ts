import type { ExponentialBuckets } from '../../../metrics/data/metric.js'
import { type ProtobufWriter, tag } from '../../protobuf-writer.js'

// Fields of BucketSpan, which are the same in scrapes and in both versions of remote write.
const OFFSET = tag(1, 0)
const LENGTH = tag(2, 0)

/** Writes the buckets of one sign of a native histogram: spans of adjacent buckets, and the differences between their counts. */
export function writeNativeBuckets(out: ProtobufWriter, spans: number, deltas: number, { indexes, counts }: ExponentialBuckets): void {
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
