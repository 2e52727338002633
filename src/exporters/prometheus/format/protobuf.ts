import { type Family, isVisibleIn } from '../../../metrics/data/row-source.js'
import { selectFamilies, sourcesOf } from './select-families.js'
import type { SelectedFamily } from './selected-family.js'
import type { Encoder } from './encoder.js'
import type { ExposedFamily, FamilyType } from './names.js'
import { ProtobufMetrics } from './protobuf-metrics.js'
import { ProtobufWriter, tag } from '../../protobuf-writer.js'
import { type SliceOwner, TimeSlicer } from '../../../base/time-slicer.js'

const TYPES: Readonly<Record<FamilyType, number>> = { counter: 0, gauge: 1, summary: 2, histogram: 4 }
const NAME = tag(1, 2)
const HELP = tag(2, 2)
const TYPE = tag(3, 0)
const UNIT = tag(5, 2)
/** A part of a large family is taken from the writer after this number of bytes, so that its buffer stays small. */
const PART_BYTES = 60_000
const ROWS_A_STEP = 32

/**
 * The Prometheus protobuf format, with a length before each family. The only format with native histograms.
 * @see https://github.com/prometheus/client_model/blob/master/io/prometheus/client/metrics.proto
 */
export const protobufEncoder: Encoder = {
  format: 'protobuf',
  contentType: 'application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited',
  accepts: (mediaType, parameters) =>
    mediaType === 'application/vnd.google.protobuf' &&
    parameters.get('proto') === 'io.prometheus.client.metricfamily' &&
    parameters.get('encoding') === 'delimited',
  encode,
}

async function* encode(families: readonly Family[], signal?: AbortSignal, owner?: SliceOwner): AsyncGenerator<Uint8Array> {
  const slicer = new TimeSlicer(signal, owner)
  const out = new ProtobufWriter()
  let lengthBytes = 2
  for (const selected of selectFamilies(families)) {
    // The length precedes the family, so that all parts of a large family are written before the first is sent.
    const parts: Uint8Array[] = []
    const start = out.openBare(lengthBytes)
    writeHead(out, selected.exposed)
    const headEnd = out.length
    for (const _ of rows(out, selected)) {
      if (out.length >= PART_BYTES) {
        const bytes = out.take()
        if (parts.length === 0) yield bytes.subarray(0, start - lengthBytes)
        parts.push(parts.length === 0 ? bytes.subarray(start) : bytes)
      }
      if (slicer.isOver) await slicer.nextSlice()
    }
    if (parts.length > 0) {
      parts.push(out.take())
      out.varint(parts.reduce((sum, part) => sum + part.length, 0))
      yield out.take()
      yield* parts
    } else if (out.length === headEnd) {
      out.rewind(start - lengthBytes) // some parsers reject a family without metrics
    } else {
      lengthBytes = out.close(start, lengthBytes)
    }
  }
  if (out.length > 0) yield out.take()
}

/** Writes all rows of a family. Yields after every few rows. */
function* rows(out: ProtobufWriter, selected: SelectedFamily<Family>): Generator<void> {
  const metrics = new ProtobufMetrics(out, selected.exposed)
  for (const source of sourcesOf(selected)) {
    const { generation } = source
    for (const chunk of source.chunks) {
      for (let cell = 0; cell < chunk.size; cell++) {
        if (isVisibleIn(generation, chunk, cell)) metrics.row(source, chunk, cell)
        if (cell % ROWS_A_STEP === 0) yield
      }
    }
  }
}

/** Writes all fields of a family but its metrics. */
function writeHead(out: ProtobufWriter, { name, help, type, unit }: ExposedFamily): void {
  out.string(NAME, name)
  if (help !== '') out.string(HELP, help.toWellFormed())
  out.uint(TYPE, TYPES[type])
  if (unit !== '') out.string(UNIT, unit)
}
