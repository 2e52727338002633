import type { Exemplar, ExponentialValue } from '../../../metrics/data/metric.js'
import { ProtobufWriter, tag } from '../../protobuf-writer.js'
import { EncodedSeries, type SeriesStart, writeHistogram, writeValue } from './encoded-series.js'
import type { EncodedRequest, RequestWriter, SeriesMetadata } from './write-request.js'

// Fields of io.prometheus.write.v2.Request, TimeSeries, Sample, Histogram, Exemplar, Metadata.
const SYMBOLS = tag(4, 2)
const TIMESERIES = tag(5, 2)
const LABEL_REFS = tag(1, 2)
const SAMPLES = tag(2, 2)
const HISTOGRAMS = tag(3, 2)
const EXEMPLARS = tag(4, 2)
const METADATA = tag(5, 2)
const SAMPLE_VALUE = tag(1, 1)
const SAMPLE_TIMESTAMP = tag(2, 0)
const SAMPLE_START = tag(3, 0)
const HISTOGRAM_START = tag(17, 0)
const EXEMPLAR_LABEL_REFS = tag(1, 2)
const EXEMPLAR_VALUE = tag(2, 1)
const EXEMPLAR_TIMESTAMP = tag(3, 0)
const METADATA_TYPE = tag(1, 0)
const METADATA_HELP_REF = tag(3, 0)
const METADATA_UNIT_REF = tag(4, 0)

/** Writes requests of remote write 2.0, with a symbol table. @see https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/ */
export class RequestWriterV2 implements RequestWriter {
  readonly #out = new ProtobufWriter()
  readonly #hasMetadata: boolean
  readonly #hasStarts: boolean
  #symbols = new Map<string, number>([['', 0]])
  #symbolBytes = 2
  #starts: SeriesStart[] = []
  #samples = 0
  #open = 0
  #seriesLength = 1
  #metadata: SeriesMetadata | undefined

  constructor(options: { readonly metadata: boolean; readonly createdTimestamps: boolean }) {
    this.#hasMetadata = options.metadata
    this.#hasStarts = options.createdTimestamps
  }

  get samples(): number {
    return this.#samples
  }
  get bytes(): number {
    return this.#out.length + this.#symbolBytes
  }

  begin(labels: readonly string[], metadata: SeriesMetadata): void {
    this.#starts.push({ at: this.#out.length, samples: this.#samples })
    this.#open = this.#out.open(TIMESERIES, this.#seriesLength)
    const refs = this.#out.open(LABEL_REFS, 1)
    for (const text of labels) this.#out.varint(this.#ref(text))
    this.#out.close(refs, 1)
    this.#metadata = metadata
  }

  sample(value: number | undefined, timeUnixMs: number, startTimeUnixMs: number): void {
    const sample = this.#out.open(SAMPLES, 1)
    writeValue(this.#out, SAMPLE_VALUE, value)
    this.#out.int(SAMPLE_TIMESTAMP, timeUnixMs)
    this.#start(SAMPLE_START, startTimeUnixMs, timeUnixMs)
    this.#out.close(sample, 1)
    this.#samples++
  }

  histogram(value: ExponentialValue | undefined, sum: number, timeUnixMs: number, startTimeUnixMs: number): void {
    const histogram = this.#out.open(HISTOGRAMS, 2)
    writeHistogram(this.#out, value, sum, timeUnixMs)
    this.#start(HISTOGRAM_START, startTimeUnixMs, timeUnixMs)
    this.#out.close(histogram, 2)
    this.#samples++
  }

  exemplar(labels: readonly (readonly [string, string])[], { value, timeUnixMs }: Exemplar): void {
    const exemplar = this.#out.open(EXEMPLARS, 1)
    const refs = this.#out.open(EXEMPLAR_LABEL_REFS, 1)
    for (const [name, text] of labels) {
      this.#out.varint(this.#ref(name))
      this.#out.varint(this.#ref(text))
    }
    this.#out.close(refs, 1)
    this.#out.double(EXEMPLAR_VALUE, value)
    this.#out.int(EXEMPLAR_TIMESTAMP, Math.floor(timeUnixMs))
    this.#out.close(exemplar, 1)
  }

  end(): void {
    if (this.#hasMetadata && this.#metadata !== undefined) {
      const { type, help, unit } = this.#metadata
      const metadata = this.#out.open(METADATA, 1)
      if (type !== 0) this.#out.uint(METADATA_TYPE, type)
      if (help !== '') this.#out.uint(METADATA_HELP_REF, this.#ref(help))
      if (unit !== '') this.#out.uint(METADATA_UNIT_REF, this.#ref(unit))
      this.#out.close(metadata, 1)
    }
    this.#seriesLength = this.#out.close(this.#open, this.#seriesLength)
  }

  take(): EncodedRequest {
    const series = this.#out.take()
    for (const symbol of this.#symbols.keys()) this.#out.string(SYMBOLS, symbol)
    const request = new EncodedSeries(this.#out.take(), series, this.#starts, this.#samples)
    this.#symbols = new Map([['', 0]])
    this.#symbolBytes = 2
    this.#starts = []
    this.#samples = 0
    return request
  }

  /** Omits a start time after the sample, which receivers refuse. A row that was created during the export has one. */
  #start(field: number, startTimeUnixMs: number, timeUnixMs: number): void {
    if (this.#hasStarts && startTimeUnixMs > 0 && startTimeUnixMs <= timeUnixMs) this.#out.int(field, Math.floor(startTimeUnixMs))
  }

  #ref(text: string): number {
    let ref = this.#symbols.get(text)
    if (ref === undefined) {
      ref = this.#symbols.size
      this.#symbols.set(text, ref)
      this.#symbolBytes += text.length + 3
    }
    return ref
  }
}
