import type { ExponentialBuckets, ExponentialValue } from '../../../metrics/data/metric.js'
import { type ProtobufWriter, tag } from '../../protobuf-writer.js'
import { writeNativeBuckets } from '../format/native-buckets.js'
import type { EncodedRequest } from './write-request.js'

// Fields of Histogram, which are the same in both versions.
const COUNT = tag(1, 0)
const SUM = tag(3, 1)
const SCHEMA = tag(4, 0)
const ZERO_THRESHOLD = tag(5, 1)
const ZERO_COUNT = tag(6, 0)
const NEGATIVE_SPANS = tag(8, 2)
const NEGATIVE_DELTAS = tag(9, 2)
const POSITIVE_SPANS = tag(11, 2)
const POSITIVE_DELTAS = tag(12, 2)
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
    const { schema, zeroThreshold, zeroCount, positive, negative } = value
    out.uint(COUNT, zeroCount + total(positive) + total(negative))
    out.double(SUM, sum)
    out.varint(SCHEMA)
    out.zigzag(schema)
    out.double(ZERO_THRESHOLD, zeroThreshold)
    out.uint(ZERO_COUNT, zeroCount)
    writeNativeBuckets(out, NEGATIVE_SPANS, NEGATIVE_DELTAS, negative)
    writeNativeBuckets(out, POSITIVE_SPANS, POSITIVE_DELTAS, positive)
  }
  out.int(TIMESTAMP, timeUnixMs)
}

function total({ counts }: ExponentialBuckets): number {
  return counts.reduce((sum, count) => sum + count, 0)
}

/** The offset of a series, and the number of samples before it. */
export interface SeriesStart {
  readonly at: number
  readonly samples: number
}

/** An encoded request: a head, followed by series. It can be split between two series. */
export class EncodedSeries implements EncodedRequest {
  readonly samples: number
  readonly #head: Uint8Array
  readonly #series: Uint8Array
  readonly #starts: readonly SeriesStart[]

  constructor(head: Uint8Array, series: Uint8Array, starts: readonly SeriesStart[], samples: number) {
    this.#head = head
    this.#series = series
    this.#starts = starts
    this.samples = samples
  }

  get body(): readonly Uint8Array[] {
    return this.#head.length === 0 ? [this.#series] : [this.#head, this.#series]
  }

  halves(): readonly [EncodedSeries, EncodedSeries] | undefined {
    if (this.#starts.length < 2) return undefined
    const middle = this.#starts.length >> 1
    const { at, samples } = this.#starts[middle]!
    const rest = this.#starts.slice(middle).map((start) => ({ at: start.at - at, samples: start.samples - samples }))
    return [
      new EncodedSeries(this.#head, this.#series.subarray(0, at), this.#starts.slice(0, middle), samples),
      new EncodedSeries(this.#head, this.#series.subarray(at), rest, this.samples - samples),
    ]
  }
}
