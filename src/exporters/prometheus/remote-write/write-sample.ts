import type { ExponentialBuckets, ExponentialValue } from '../../../metrics/data/metric.js'
import { type ProtobufWriter, tag } from '../../protobuf-writer.js'
import { nativeFields, writeNativeHistogram } from '../format/native-buckets.js'

// Fields of Histogram, which are the same in both versions.
const COUNT = tag(1, 0)
const SUM = tag(3, 1)
const NATIVE = nativeFields(4)
const TIMESTAMP = tag(15, 0)

/**
 * The NaN of stale markers as two 32-bit words, since a number may not preserve the bits of a NaN.
 * @see https://prometheus.io/docs/specs/prw/remote_write_spec/#stale-markers
 */
const STALE_LOW = 2
const STALE_HIGH = 0x7ff00000

/** Writes a value. Undefined is written as a stale marker. */
export function writeValue(out: ProtobufWriter, field: number, value: number | undefined): void {
  if (value === undefined) out.words(field, STALE_LOW, STALE_HIGH)
  else out.double(field, value)
}

/** Writes the fields of a native histogram. The count is the sum of its buckets, so that they match even while values are recorded. */
export function writeHistogram(out: ProtobufWriter, value: ExponentialValue | undefined, sum: number, timeUnixMs: number): void {
  if (value === undefined) {
    out.uint(COUNT, 0)
    out.words(SUM, STALE_LOW, STALE_HIGH)
  } else {
    out.uint(COUNT, value.zeroCount + total(value.positive) + total(value.negative))
    out.double(SUM, sum)
    writeNativeHistogram(out, NATIVE, value)
  }
  out.int(TIMESTAMP, timeUnixMs)
}

function total({ counts }: ExponentialBuckets): number {
  return counts.reduce((sum, count) => sum + count, 0)
}
