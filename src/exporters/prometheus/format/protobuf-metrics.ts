import type { Exemplar, ExponentialValue } from '../../../metrics/data/metric.js'
import type { RowChunk, RowSource } from '../../../metrics/data/row-source.js'
import { exemplarLabels, isWithin } from './exemplar-text.js'
import { type ExposedFamily, OVERFLOW_LABEL } from './names.js'
import { nativeFields, writeBucketSpan, writeNativeHistogram } from './native-buckets.js'
import { type ProtobufWriter, tag } from '../../protobuf-writer.js'

// Fields of io.prometheus.client: Metric, LabelPair, Gauge and Counter, Histogram, Bucket, Summary, Exemplar, Timestamp.
const METRIC = tag(4, 2)
const LABEL = tag(1, 2)
const LABEL_NAME = tag(1, 2)
const LABEL_VALUE = tag(2, 2)
const GAUGE = tag(2, 2)
const COUNTER = tag(3, 2)
const SUMMARY = tag(4, 2)
const HISTOGRAM = tag(7, 2)
const VALUE = tag(1, 1)
const COUNTER_EXEMPLAR = tag(2, 2)
const COUNTER_CREATED = tag(3, 2)
const SAMPLE_COUNT = tag(1, 0)
const SAMPLE_SUM = tag(2, 1)
const BUCKET = tag(3, 2)
const CUMULATIVE_COUNT = tag(1, 0)
const UPPER_BOUND = tag(2, 1)
const BUCKET_EXEMPLAR = tag(3, 2)
const NATIVE = nativeFields(5)
const HISTOGRAM_CREATED = tag(15, 2)
const NATIVE_EXEMPLAR = tag(16, 2)
const QUANTILE = tag(3, 2)
const QUANTILE_RANK = tag(1, 1)
const QUANTILE_VALUE = tag(2, 1)
const SUMMARY_CREATED = tag(4, 2)
const EXEMPLAR_LABEL = tag(1, 2)
const EXEMPLAR_VALUE = tag(2, 1)
const EXEMPLAR_TIME = tag(3, 2)
const SECONDS = tag(1, 0)
const NANOS = tag(2, 0)

/** Writes the rows of one family as `Metric` messages. */
export class ProtobufMetrics {
  readonly #out: ProtobufWriter
  readonly #family: ExposedFamily
  // The bytes of the last lengths of each kind, as estimates for the next ones.
  #metricLength = 1
  #histogramLength = 2

  constructor(out: ProtobufWriter, family: ExposedFamily) {
    this.#out = out
    this.#family = family
  }

  row(source: RowSource, chunk: RowChunk, cell: number): void {
    const metric = this.#out.open(METRIC, this.#metricLength)
    const { labelNames, type } = this.#family
    for (let key = 0; key < labelNames.length; key++) this.#label(LABEL, labelNames[key]!, chunk.labelValue(cell, key))
    if (chunk.isOverflow(cell)) this.#label(LABEL, OVERFLOW_LABEL, 'true')
    if (source.kind === 'distribution') this.#histogram(source.bounds, chunk, cell)
    else if (source.kind === 'summary') this.#summary(chunk, cell)
    else if (type === 'counter') this.#counter(chunk.value(cell), chunk.exemplar(cell, 0), chunk.startTimeUnixMs(cell))
    else this.#gauge(chunk.value(cell))
    this.#metricLength = this.#out.close(metric, this.#metricLength)
  }

  #label(field: number, name: string, value: string | undefined): void {
    if (value === undefined || value === '') return
    const pair = this.#out.open(field, 1)
    this.#out.string(LABEL_NAME, name)
    this.#out.string(LABEL_VALUE, value)
    this.#out.close(pair, 1)
  }

  #gauge(value: number): void {
    const gauge = this.#out.open(GAUGE, 1)
    this.#out.double(VALUE, value)
    this.#out.close(gauge, 1)
  }

  #counter(value: number, exemplar: Exemplar | undefined, sinceUnixMs: number): void {
    const counter = this.#out.open(COUNTER, 1)
    this.#out.double(VALUE, value)
    if (exemplar !== undefined) this.#exemplar(COUNTER_EXEMPLAR, exemplar, -Infinity, Infinity)
    this.#timestamp(COUNTER_CREATED, sinceUnixMs)
    this.#out.close(counter, 1)
  }

  #histogram(bounds: readonly number[], chunk: RowChunk, cell: number): void {
    const out = this.#out
    const histogram = out.open(HISTOGRAM, this.#histogramLength)
    const count = chunk.count(cell)
    out.uint(SAMPLE_COUNT, count)
    out.double(SAMPLE_SUM, chunk.value(cell))
    let below = 0
    for (let i = 0; i <= bounds.length; i++) {
      below += chunk.bucket(cell, i)
      this.#bucket(below, bounds[i] ?? Infinity, chunk.exemplar(cell, i), bounds[i - 1] ?? -Infinity)
    }
    const exponential = chunk.exponential?.(cell)
    if (exponential !== undefined) {
      this.#native(exponential)
      for (let i = 0; i <= bounds.length; i++) this.#nativeExemplar(chunk.exemplar(cell, i))
    }
    this.#timestamp(HISTOGRAM_CREATED, chunk.startTimeUnixMs(cell))
    this.#histogramLength = out.close(histogram, this.#histogramLength)
  }

  #bucket(count: number, bound: number, exemplar: Exemplar | undefined, above: number): void {
    const out = this.#out
    const bucket = out.open(BUCKET, 1)
    out.uint(CUMULATIVE_COUNT, count)
    out.double(UPPER_BOUND, bound)
    if (exemplar !== undefined) this.#exemplar(BUCKET_EXEMPLAR, exemplar, above, bound)
    out.close(bucket, 1)
  }

  #native(value: ExponentialValue): void {
    writeNativeHistogram(this.#out, NATIVE, value)
    const { zeroThreshold, zeroCount, positive, negative } = value
    const isEmpty = positive.indexes.length + negative.indexes.length === 0
    // An empty span marks a native histogram that has neither buckets nor a zero bucket.
    if (isEmpty && zeroThreshold === 0 && zeroCount === 0) writeBucketSpan(this.#out, NATIVE.positiveSpans, 0, 0)
  }

  #summary(chunk: RowChunk, cell: number): void {
    const { quantiles, count, sum } = chunk.summary!(cell)
    const out = this.#out
    const summary = out.open(SUMMARY, 2)
    out.uint(SAMPLE_COUNT, count)
    out.double(SAMPLE_SUM, sum)
    for (const { quantile, value } of quantiles) {
      const pair = out.open(QUANTILE, 1)
      out.double(QUANTILE_RANK, quantile)
      out.double(QUANTILE_VALUE, value)
      out.close(pair, 1)
    }
    this.#timestamp(SUMMARY_CREATED, chunk.startTimeUnixMs(cell))
    out.close(summary, 2)
  }

  // Prometheus drops exemplars of native histograms without a time.
  #nativeExemplar(exemplar: Exemplar | undefined): void {
    if (exemplar !== undefined && Number.isFinite(exemplar.timeUnixMs)) this.#exemplar(NATIVE_EXEMPLAR, exemplar, -Infinity, Infinity)
  }

  #exemplar(field: number, exemplar: Exemplar, above: number, upTo: number): void {
    const labels = isWithin(exemplar, above, upTo) ? exemplarLabels(exemplar) : undefined
    if (labels === undefined) return
    const message = this.#out.open(field, 1)
    for (const [name, value] of labels) this.#label(EXEMPLAR_LABEL, name, value)
    this.#out.double(EXEMPLAR_VALUE, exemplar.value)
    this.#timestamp(EXEMPLAR_TIME, exemplar.timeUnixMs)
    this.#out.close(message, 1)
  }

  #timestamp(field: number, unixMs: number): void {
    if (!(unixMs >= 0)) return // negative, or NaN if it is not known
    const message = this.#out.open(field, 1)
    const seconds = Math.floor(unixMs / 1_000)
    this.#out.uint(SECONDS, seconds)
    this.#out.uint(NANOS, Math.floor((unixMs - seconds * 1_000) * 1e6))
    this.#out.close(message, 1)
  }
}
