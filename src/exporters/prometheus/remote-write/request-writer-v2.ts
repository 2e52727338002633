import { tag } from '../../protobuf-writer.js'
import { RequestWriter, type SeriesMetadata } from './request-writer.js'

// Fields of io.prometheus.write.v2.Request, TimeSeries, Metadata.
const FIELDS = { series: tag(5, 2), samples: tag(2, 2), histograms: tag(3, 2), exemplars: tag(4, 2) }
const SYMBOLS = tag(4, 2)
const LABEL_REFS = tag(1, 2)
const METADATA = tag(5, 2)
const METADATA_TYPE = tag(1, 0)
const METADATA_HELP_REF = tag(3, 0)
const METADATA_UNIT_REF = tag(4, 0)

/** Writes requests of remote write 2.0, with a symbol table. @see https://prometheus.io/docs/specs/prw/remote_write_spec_2_0/ */
export class RequestWriterV2 extends RequestWriter {
  readonly #hasMetadata: boolean
  readonly #hasStarts: boolean
  #symbols = new Map<string, number>([['', 0]])
  #symbolBytes = 2

  constructor(options: { readonly metadata: boolean; readonly createdTimestamps: boolean }) {
    super(FIELDS)
    this.#hasMetadata = options.metadata
    this.#hasStarts = options.createdTimestamps
  }

  override get bytes(): number {
    return super.bytes + this.#symbolBytes
  }

  protected writeLabels(labels: readonly string[]): void {
    const refs = this.out.open(LABEL_REFS, 1)
    for (const text of labels) this.out.varint(this.#ref(text))
    this.out.close(refs, 1)
  }

  /** Omits a start time after the sample, which receivers refuse. A row that was created during the export has one. */
  protected writeStart(field: number, startTimeUnixMs: number, timeUnixMs: number): void {
    if (this.#hasStarts && startTimeUnixMs > 0 && startTimeUnixMs <= timeUnixMs) this.out.int(field, Math.floor(startTimeUnixMs))
  }

  protected writeMetadata({ type, help, unit }: SeriesMetadata): void {
    if (!this.#hasMetadata) return
    const metadata = this.out.open(METADATA, 1)
    if (type !== 0) this.out.uint(METADATA_TYPE, type)
    if (help !== '') this.out.uint(METADATA_HELP_REF, this.#ref(help))
    if (unit !== '') this.out.uint(METADATA_UNIT_REF, this.#ref(unit))
    this.out.close(metadata, 1)
  }

  protected takeHead(): Uint8Array {
    for (const symbol of this.#symbols.keys()) this.out.string(SYMBOLS, symbol)
    this.#symbols = new Map([['', 0]])
    this.#symbolBytes = 2
    return this.out.take()
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
