import type { Exemplar, ExponentialValue } from '../../../metrics/data/metric.js'
import { ProtobufWriter, tag } from '../../protobuf-writer.js'
import { EncodedSeries, type SeriesStart, writeHistogram, writeValue } from './encoded-series.js'
import type { EncodedRequest, RequestWriter, SeriesMetadata } from './write-request.js'

// Fields of prometheus.WriteRequest, TimeSeries, Label, Sample, Exemplar, MetricMetadata.
const TIMESERIES = tag(1, 2)
const METADATA = tag(3, 2)
const LABELS = tag(1, 2)
const SAMPLES = tag(2, 2)
const EXEMPLARS = tag(3, 2)
const HISTOGRAMS = tag(4, 2)
const LABEL_NAME = tag(1, 2)
const LABEL_VALUE = tag(2, 2)
const SAMPLE_VALUE = tag(1, 1)
const SAMPLE_TIMESTAMP = tag(2, 0)
const EXEMPLAR_LABELS = tag(1, 2)
const EXEMPLAR_VALUE = tag(2, 1)
const EXEMPLAR_TIMESTAMP = tag(3, 0)
const METADATA_TYPE = tag(1, 0)
const METADATA_FAMILY = tag(2, 2)
const METADATA_HELP = tag(4, 2)
const METADATA_UNIT = tag(5, 2)

const NO_BYTES = new Uint8Array(0)

/** Writes requests of remote write 1.0. @see https://prometheus.io/docs/specs/prw/remote_write_spec/ */
export class RequestWriterV1 implements RequestWriter {
  readonly #out = new ProtobufWriter()
  #starts: SeriesStart[] = []
  #samples = 0
  #open = 0
  #seriesLength = 2

  get samples(): number {
    return this.#samples
  }
  get bytes(): number {
    return this.#out.length
  }

  begin(labels: readonly string[]): void {
    this.#starts.push({ at: this.#out.length, samples: this.#samples })
    this.#open = this.#out.open(TIMESERIES, this.#seriesLength)
    for (let i = 0; i < labels.length; i += 2) this.#label(LABELS, labels[i]!, labels[i + 1]!)
  }

  sample(value: number | undefined, timeUnixMs: number): void {
    const sample = this.#out.open(SAMPLES, 1)
    writeValue(this.#out, SAMPLE_VALUE, value)
    this.#out.int(SAMPLE_TIMESTAMP, timeUnixMs)
    this.#out.close(sample, 1)
    this.#samples++
  }

  histogram(value: ExponentialValue | undefined, sum: number, timeUnixMs: number): void {
    const histogram = this.#out.open(HISTOGRAMS, 2)
    writeHistogram(this.#out, value, sum, timeUnixMs)
    this.#out.close(histogram, 2)
    this.#samples++
  }

  exemplar(labels: readonly (readonly [string, string])[], { value, timeUnixMs }: Exemplar): void {
    const exemplar = this.#out.open(EXEMPLARS, 1)
    for (const [name, text] of labels) this.#label(EXEMPLAR_LABELS, name, text)
    this.#out.double(EXEMPLAR_VALUE, value)
    this.#out.int(EXEMPLAR_TIMESTAMP, Math.floor(timeUnixMs))
    this.#out.close(exemplar, 1)
  }

  end(): void {
    this.#seriesLength = this.#out.close(this.#open, this.#seriesLength)
  }

  take(): EncodedRequest {
    const request = new EncodedSeries(NO_BYTES, this.#out.take(), this.#starts, this.#samples)
    this.#starts = []
    this.#samples = 0
    return request
  }

  #label(field: number, name: string, value: string): void {
    const label = this.#out.open(field, 1)
    this.#out.string(LABEL_NAME, name)
    this.#out.string(LABEL_VALUE, value)
    this.#out.close(label, 1)
  }
}

/** Encodes the metadata of families as a request of version 1 without samples. */
export function metadataRequest(families: ReadonlyMap<string, SeriesMetadata>): Uint8Array {
  const out = new ProtobufWriter()
  for (const [name, { type, help, unit }] of families) {
    const metadata = out.open(METADATA, 1)
    if (type !== 0) out.uint(METADATA_TYPE, type)
    out.string(METADATA_FAMILY, name)
    if (help !== '') out.string(METADATA_HELP, help)
    if (unit !== '') out.string(METADATA_UNIT, unit)
    out.close(metadata, 1)
  }
  return out.take()
}
