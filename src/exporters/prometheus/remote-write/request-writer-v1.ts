import { ProtobufWriter, tag } from '../../protobuf-writer.js'
import { RequestWriter, type SeriesMetadata } from './request-writer.js'

// Fields of prometheus.WriteRequest, TimeSeries, Label, MetricMetadata.
const FIELDS = { series: tag(1, 2), samples: tag(2, 2), exemplars: tag(3, 2), histograms: tag(4, 2) }
const METADATA = tag(3, 2)
const LABELS = tag(1, 2)
const LABEL_NAME = tag(1, 2)
const LABEL_VALUE = tag(2, 2)
const METADATA_TYPE = tag(1, 0)
const METADATA_FAMILY = tag(2, 2)
const METADATA_HELP = tag(4, 2)
const METADATA_UNIT = tag(5, 2)

const NO_BYTES = new Uint8Array(0)

/** Writes requests of remote write 1.0. @see https://prometheus.io/docs/specs/prw/remote_write_spec/ */
export class RequestWriterV1 extends RequestWriter {
  constructor() {
    super(FIELDS)
  }

  protected writeLabels(labels: readonly string[]): void {
    for (let i = 0; i < labels.length; i += 2) {
      const label = this.out.open(LABELS, 1)
      this.out.string(LABEL_NAME, labels[i]!)
      this.out.string(LABEL_VALUE, labels[i + 1]!)
      this.out.close(label, 1)
    }
  }

  protected writeStart(): void {}

  protected writeMetadata(): void {}

  protected takeHead(): Uint8Array {
    return NO_BYTES
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
