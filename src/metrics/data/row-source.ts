import type { Exemplar, ExponentialValue, Metric, MetricDescriptor, PointValue } from './metric.js'

/**
 * Read-only access to the rows of one metric, chunk by chunk, without an object per row. A streaming
 * encoder walks it and keeps the text it has rendered; `mark` and `version` tell it what has changed.
 */
export interface RowSource {
  readonly descriptor: MetricDescriptor
  readonly kind: 'scalar' | 'distribution'
  /** Upper bounds of a distribution, empty for a scalar. */
  readonly bounds: readonly number[]
  /** Rows are marked with this number when they take a value; it grows with each gathering. */
  readonly epoch: number
  /** Rises when rows go. See {@link standsIn}. */
  readonly structure: number
  readonly chunks: readonly RowChunk[]
}

/** Up to 512 rows. A cell is a row's place in its chunk and stays the same while the row lives. */
export interface RowChunk {
  /** Cells in use, holes included: cells 0 … size - 1 may be asked for. */
  readonly size: number
  /** Changes when a row of the chunk comes or goes: what was kept of labels is then stale. */
  readonly version: number
  /** No row of the chunk was made in a structure above this. */
  readonly youngest: number
  /** The structure of the source in which the row was made. */
  birth(cell: number): number
  /** False for a hole: its row was removed. */
  isLive(cell: number): boolean
  isOverflow(cell: number): boolean
  /** The text of label `key` (index into `labelKeys`), or undefined where it is not set. */
  labelValue(cell: number, key: number): string | undefined
  /** The epoch of the row's newest value; equal or above a remembered epoch means it may have changed since. */
  mark(cell: number): number
  startTimeUnixMs(cell: number): number
  /** The value of a scalar, or the sum of a distribution. */
  value(cell: number): number
  /** How many values a distribution took; equals the sum of its buckets. */
  count(cell: number): number
  /** Of a distribution; 0 for scalars. */
  sumOfSquaredDeviation(cell: number): number
  /** The count of one bucket of a distribution, not cumulative. */
  bucket(cell: number, bucket: number): number
  exemplar(cell: number, bucket: number): Exemplar | undefined
  /** The whole value of a row that is kept as an object of its own; such sources are exported as snapshots. */
  sketch?(cell: number): PointValue | undefined
  /** The exponential buckets of a distribution that keeps such. */
  exponential?(cell: number): ExponentialValue | undefined
}

/** One metric as a gathering gives it: rows where the producer has them, a snapshot otherwise. */
export type Family = RowSource | Metric

/**
 * Whether a row belongs in a document for which the reading of its source was begun in this structure.
 *
 * A row made after others have gone may have the labels of one of them, and that one may have been written already, from
 * another cell: both in one document are an error to its readers. Such rows wait for the next document.
 */
export function standsIn(structure: number, chunk: RowChunk, cell: number): boolean {
  return chunk.isLive(cell) && (chunk.youngest <= structure || chunk.birth(cell) <= structure)
}

export function isRowSource(family: Family): family is RowSource {
  return 'chunks' in family
}
