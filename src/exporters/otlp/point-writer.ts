import type { Exemplar, ExponentialBuckets, ExponentialValue, MetricDescriptor } from '../../metrics/data/metric.js'
import type { RowChunk, RowSource } from '../../metrics/data/row-source.js'
import { ProtobufWriter, tag, unixNanoWords } from '../protobuf-writer.js'
import { attributeKeys, writeAttribute } from './attributes.js'
import { sendable } from './exponential-buckets.js'

// Fields of opentelemetry.proto.metrics.v1 that points of all kinds share.
const POINT = tag(1, 2)
export const START: number = tag(2, 1)
const TIME = tag(3, 1)
const COUNT = tag(4, 1)
const SUM = tag(5, 1)
export const AS_DOUBLE: number = tag(4, 1)
export const AS_INT: number = tag(6, 1)
const BUCKET_COUNTS = tag(6, 2)
const EXPLICIT_BOUNDS = tag(7, 2)
const SCALE = tag(6, 0)
const ZERO_COUNT = tag(7, 1)
const POSITIVE = tag(8, 2)
const NEGATIVE = tag(9, 2)
const ZERO_THRESHOLD = tag(14, 1)
const OFFSET = tag(1, 0)
const DENSE_COUNTS = tag(2, 2)
const QUANTILE_VALUE = tag(6, 2)
const QUANTILE = tag(1, 1)
const VALUE_AT_QUANTILE = tag(2, 1)
const EXEMPLAR_TIME = tag(2, 1)
const EXEMPLAR_DOUBLE = tag(3, 1)
const SPAN_ID = tag(4, 2)
const TRACE_ID = tag(5, 2)
const EXEMPLAR_INT = tag(6, 1)
const FILTERED_ATTRIBUTE = tag(7, 2)
/** The field numbers of attributes and exemplars depend on the kind of the point. */
const ATTRIBUTES = { number: tag(7, 2), histogram: tag(9, 2), exponential: tag(1, 2), summary: tag(7, 2) } as const
const EXEMPLARS = { number: tag(5, 2), histogram: tag(8, 2), exponential: tag(11, 2) } as const

const TRACE_ID_DIGITS = /^(?!0{32})[\da-f]{32}$/i
const SPAN_ID_DIGITS = /^(?!0{16})[\da-f]{16}$/i

/** Later times do not fit into 64 bits as nanoseconds. */
const MAX_UNIX_MS = 1.8e13

/** The distribution to send: that of a row, or the difference from its baseline. */
export interface SentBuckets {
  readonly count: number
  readonly sum: number
  readonly counts: readonly number[]
  /** Sent instead of `counts` if it is defined. */
  readonly exponential: ExponentialValue | undefined
}

/** The times of an export. */
export interface PointTimes {
  readonly timeUnixMs: number
  /** Exemplars up to this time are not sent. Infinity for none at all. */
  readonly exemplarsAfterUnixMs: number
}

/** Writes rows as points of the open metric. Fields with their default value are omitted. */
export class PointWriter {
  readonly #out: ProtobufWriter
  readonly #times: PointTimes
  #length = 1
  // These belong to the metric whose points are being written.
  #descriptor: MetricDescriptor | undefined
  #isInt = false
  #keys: readonly Uint8Array[] = []
  // All rows of a metric have the same bounds, which are encoded once.
  #bounds: readonly number[] = []
  #boundsBytes = new Uint8Array(0)
  // Points of an export have the same time, and most have the same start time, which are encoded once. See bench/push/push.bench.js.
  readonly #start = new NanoTime()
  readonly #time = new NanoTime()

  constructor(out: ProtobufWriter, times: PointTimes) {
    this.#out = out
    this.#times = times
  }

  /** @param startUnixMs NaN if there is none, as for gauges. */
  number(source: RowSource, chunk: RowChunk, cell: number, value: number, startUnixMs: number): void {
    const point = this.#begin('number', source, chunk, cell, startUnixMs)
    const isInt = this.#isInt && Number.isSafeInteger(value)
    if (isInt) this.#out.fixed64(AS_INT, value)
    else this.#out.double(AS_DOUBLE, value)
    this.#exemplar(EXEMPLARS.number, chunk.exemplar(cell, 0), isInt)
    this.#end(point)
  }

  histogram(source: RowSource, chunk: RowChunk, cell: number, buckets: SentBuckets, startUnixMs: number): void {
    const out = this.#out
    const { bounds } = source
    const point = this.#begin('histogram', source, chunk, cell, startUnixMs)
    if (buckets.count > 0) out.fixed64(COUNT, buckets.count)
    if (hasSum(buckets.sum, bounds)) out.double(SUM, buckets.sum)
    const finite = finiteBounds(bounds)
    out.varint(BUCKET_COUNTS)
    out.varint(8 * (finite + 1))
    for (let i = 0; i < finite; i++) out.bareFixed64(buckets.counts[i]!)
    out.bareFixed64(buckets.counts[finite]! + (finite < bounds.length ? buckets.counts[finite + 1]! : 0))
    out.raw(this.#boundsField(bounds))
    for (let i = 0; i <= bounds.length; i++) this.#exemplar(EXEMPLARS.histogram, chunk.exemplar(cell, i), false)
    this.#end(point)
  }

  exponential(source: RowSource, chunk: RowChunk, cell: number, { count, sum, exponential }: SentBuckets, startUnixMs: number): void {
    const out = this.#out
    const { schema, zeroThreshold, zeroCount, positive, negative } = sendable(exponential!)
    const point = this.#begin('exponential', source, chunk, cell, startUnixMs)
    if (count > 0) out.fixed64(COUNT, count)
    if (negative.indexes.length === 0 && sum >= 0) out.double(SUM, sum)
    if (schema !== 0) writeZigzag(out, SCALE, schema)
    if (zeroCount > 0) out.fixed64(ZERO_COUNT, zeroCount)
    this.#dense(POSITIVE, positive)
    this.#dense(NEGATIVE, negative)
    for (let i = 0; i <= source.bounds.length; i++) this.#exemplar(EXEMPLARS.exponential, chunk.exemplar(cell, i), false)
    if (zeroThreshold > 0) out.double(ZERO_THRESHOLD, zeroThreshold)
    this.#end(point)
  }

  summary(source: RowSource, chunk: RowChunk, cell: number, startUnixMs: number): void {
    const out = this.#out
    const { count, sum, quantiles } = chunk.summary!(cell)
    const point = this.#begin('summary', source, chunk, cell, startUnixMs)
    if (count > 0) out.fixed64(COUNT, count)
    if (sum !== 0) out.double(SUM, sum)
    for (const { quantile, value } of quantiles) {
      if (!(value >= 0)) continue // OTLP allows neither NaN nor negative values
      const pair = out.open(QUANTILE_VALUE, 1)
      if (quantile !== 0) out.double(QUANTILE, quantile)
      if (value !== 0) out.double(VALUE_AT_QUANTILE, value)
      out.close(pair, 1)
    }
    this.#end(point)
  }

  #begin(kind: keyof typeof ATTRIBUTES, source: RowSource, chunk: RowChunk, cell: number, startUnixMs: number): number {
    const out = this.#out
    const { timeUnixMs } = this.#times
    if (source.descriptor !== this.#descriptor) this.#take(source.descriptor)
    const point = out.open(POINT, this.#length)
    if (kind === 'exponential') this.#attributes(ATTRIBUTES.exponential, chunk, cell)
    const hasStart = startUnixMs > 0 && startUnixMs < MAX_UNIX_MS
    if (hasStart) this.#start.write(out, START, startUnixMs)
    // A row that was created after the export began has a later start time.
    this.#time.write(out, TIME, hasStart && startUnixMs > timeUnixMs ? startUnixMs : timeUnixMs)
    if (kind !== 'exponential') this.#attributes(ATTRIBUTES[kind], chunk, cell)
    return point
  }

  #end(point: number): void {
    this.#length = this.#out.close(point, this.#length)
  }

  #take(descriptor: MetricDescriptor): void {
    this.#descriptor = descriptor
    this.#isInt = descriptor.type.endsWith('_INT64')
    this.#keys = attributeKeys(descriptor.labelKeys)
  }

  #boundsField(bounds: readonly number[]): Uint8Array {
    if (bounds !== this.#bounds) {
      this.#bounds = bounds
      this.#boundsBytes = boundsBytes(bounds)
    }
    return this.#boundsBytes
  }

  #attributes(field: number, chunk: RowChunk, cell: number): void {
    const keys = this.#keys
    for (let key = 0; key < keys.length; key++) {
      const value = chunk.labelValue(cell, key)
      if (value !== undefined && value !== '') this.#out.attribute(field, keys[key]!, value)
    }
    if (chunk.isOverflow(cell)) writeAttribute(this.#out, field, 'otel.metric.overflow', true)
  }

  /** Writes the counts from the first to the last bucket that is not empty. Bucket i ends at base^i here and begins there in OTLP. */
  #dense(field: number, { indexes, counts }: ExponentialBuckets): void {
    if (indexes.length === 0) return
    const out = this.#out
    const side = out.open(field, 2)
    if (indexes[0] !== 1) writeZigzag(out, OFFSET, indexes[0]! - 1)
    const dense = out.open(DENSE_COUNTS, 2)
    let next = indexes[0]!
    for (const [at, index] of indexes.entries()) {
      for (; next < index; next++) out.varint(0)
      out.varint(counts[at]!)
      next = index + 1
    }
    out.close(dense, 2)
    out.close(side, 2)
  }

  #exemplar(field: number, exemplar: Exemplar | undefined, isInt: boolean): void {
    if (exemplar === undefined || !this.#isSent(exemplar)) return
    const out = this.#out
    const { value, timeUnixMs, attachments } = exemplar
    const message = out.open(field, 1)
    if (timeUnixMs > 0) out.unixNanos(EXEMPLAR_TIME, timeUnixMs)
    if (isInt && Number.isSafeInteger(value)) out.fixed64(EXEMPLAR_INT, value)
    else out.double(EXEMPLAR_DOUBLE, value)
    for (const [key, text] of Object.entries(attachments)) writeAttachment(out, key, text)
    out.close(message, 1)
  }

  #isSent({ timeUnixMs }: Exemplar): boolean {
    return timeUnixMs > this.#times.exemplarsAfterUnixMs && timeUnixMs < MAX_UNIX_MS
  }
}

function writeAttachment(out: ProtobufWriter, key: string, text: string): void {
  if (key === 'span_id' && SPAN_ID_DIGITS.test(text)) out.hex(SPAN_ID, text)
  else if (key === 'trace_id' && TRACE_ID_DIGITS.test(text)) out.hex(TRACE_ID, text)
  else writeAttribute(out, FILTERED_ATTRIBUTE, key, text)
}

/** Writes times in nanoseconds. Caches the last one, since consecutive ones are usually the same. */
class NanoTime {
  #unixMs = Number.NaN
  #low = 0
  #high = 0

  write(out: ProtobufWriter, field: number, unixMs: number): void {
    if (unixMs !== this.#unixMs) {
      const { low, high } = unixNanoWords(unixMs)
      this.#unixMs = unixMs
      this.#low = low
      this.#high = high
    }
    out.words(field, this.#low, this.#high)
  }
}

function writeZigzag(out: ProtobufWriter, field: number, value: number): void {
  out.varint(field)
  out.zigzag(value)
}

/** The number of finite bounds. The bound at infinity that a foreign producer may have is implicit in OTLP. */
function finiteBounds(bounds: readonly number[]): number {
  return bounds.at(-1) === Infinity ? bounds.length - 1 : bounds.length
}

/** Encodes the field of the bounds with its tag. Empty if there are none. */
function boundsBytes(bounds: readonly number[]): Uint8Array<ArrayBuffer> {
  const finite = finiteBounds(bounds)
  const out = new ProtobufWriter()
  if (finite > 0) {
    out.varint(EXPLICIT_BOUNDS)
    out.varint(8 * finite)
    for (let i = 0; i < finite; i++) out.bareDouble(bounds[i]!)
  }
  return Uint8Array.from(out.take())
}

/** False if values can be negative, for which OTLP requires to omit the sum. */
function hasSum(sum: number, bounds: readonly number[]): boolean {
  return sum >= 0 && (bounds[0] ?? 0) >= 0
}
