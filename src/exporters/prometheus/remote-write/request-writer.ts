import type { Exemplar, ExponentialValue } from '../../../metrics/data/metric.js'
import { ProtobufWriter, tag } from '../../protobuf-writer.js'
import { EncodedRequest, type SeriesStart } from './encoded-request.js'
import { writeHistogram, writeValue } from './write-sample.js'

// Fields of Sample and Exemplar. Version 1 has no start times.
const SAMPLE_VALUE = tag(1, 1)
const SAMPLE_TIMESTAMP = tag(2, 0)
const SAMPLE_START = tag(3, 0)
const HISTOGRAM_START = tag(17, 0)
const EXEMPLAR_VALUE = tag(2, 1)
const EXEMPLAR_TIMESTAMP = tag(3, 0)

/** The metadata of a family. */
export interface SeriesMetadata {
  /** Unknown 0, counter 1, gauge 2, histogram 3, gauge histogram 4, summary 5, info 6, state set 7. */
  readonly type: number
  readonly help: string
  readonly unit: string
}

/** The fields whose numbers differ between the versions. */
interface SeriesFields {
  readonly series: number
  readonly samples: number
  readonly histograms: number
  readonly exemplars: number
}

/**
 * Writes series into a request of one version of the protocol. For each series call `begin`, `sample` or `histogram`, `exemplar`, and
 * `end`. The value `undefined` writes a stale marker.
 */
export abstract class RequestWriter {
  protected readonly out: ProtobufWriter = new ProtobufWriter()
  readonly #fields: SeriesFields
  #starts: SeriesStart[] = []
  #samples = 0
  #open = 0
  #seriesLength = 1
  #metadata: SeriesMetadata | undefined

  constructor(fields: SeriesFields) {
    this.#fields = fields
  }

  get samples(): number {
    return this.#samples
  }
  get bytes(): number {
    return this.out.length
  }

  /** @param labels Alternating names and values, sorted by name. */
  begin(labels: readonly string[], metadata: SeriesMetadata): void {
    this.#starts.push({ at: this.out.length, samples: this.#samples })
    this.#open = this.out.open(this.#fields.series, this.#seriesLength)
    this.writeLabels(labels)
    this.#metadata = metadata
  }

  sample(value: number | undefined, timeUnixMs: number, startTimeUnixMs: number): void {
    const sample = this.out.open(this.#fields.samples, 1)
    writeValue(this.out, SAMPLE_VALUE, value)
    this.out.int(SAMPLE_TIMESTAMP, timeUnixMs)
    this.writeStart(SAMPLE_START, startTimeUnixMs, timeUnixMs)
    this.out.close(sample, 1)
    this.#samples++
  }

  histogram(value: ExponentialValue | undefined, sum: number, timeUnixMs: number, startTimeUnixMs: number): void {
    const histogram = this.out.open(this.#fields.histograms, 2)
    writeHistogram(this.out, value, sum, timeUnixMs)
    this.writeStart(HISTOGRAM_START, startTimeUnixMs, timeUnixMs)
    this.out.close(histogram, 2)
    this.#samples++
  }

  exemplar(labels: readonly (readonly [string, string])[], { value, timeUnixMs }: Exemplar): void {
    const alternating: string[] = []
    for (const [key, label] of labels) alternating.push(key, label)
    const exemplar = this.out.open(this.#fields.exemplars, 1)
    this.writeLabels(alternating)
    this.out.double(EXEMPLAR_VALUE, value)
    this.out.int(EXEMPLAR_TIMESTAMP, Math.floor(timeUnixMs))
    this.out.close(exemplar, 1)
  }

  end(): void {
    this.writeMetadata(this.#metadata!)
    this.#seriesLength = this.out.close(this.#open, this.#seriesLength)
  }

  /** Returns the series that were written since the last call. */
  take(): EncodedRequest {
    const series = this.out.take()
    const request = new EncodedRequest(this.takeHead(), series, this.#starts, this.#samples)
    this.#starts = []
    this.#samples = 0
    return request
  }

  /** Writes the labels of a series or of an exemplar, whose field is 1 in both. */
  protected abstract writeLabels(labels: readonly string[]): void
  protected abstract writeStart(field: number, startTimeUnixMs: number, timeUnixMs: number): void
  protected abstract writeMetadata(metadata: SeriesMetadata): void
  /** Returns what precedes the series in the request. */
  protected abstract takeHead(): Uint8Array
}
