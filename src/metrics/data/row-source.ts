import type { Exemplar, ExponentialValue, Metric, MetricDescriptor, SummaryValue } from './metric.js'

/**
 * Read-only access to the rows of one metric, chunk by chunk, without an object per row. A streaming
 * encoder reads it in order and keeps the bytes it has rendered; `lastEpoch` and `version` show what has changed.
 */
export interface RowSource {
  readonly descriptor: MetricDescriptor
  /** What a row holds: one number, buckets for `bounds`, or a summary. */
  readonly kind: 'scalar' | 'distribution' | 'summary'
  /** Upper bounds of the buckets of a distribution; empty for the other kinds. */
  readonly bounds: readonly number[]
  /** Rows before the overflow row is used, if the source has such a limit. */
  readonly rowLimit?: number | undefined
  /** How the sketches of the rows were made, as plain data: what it takes to merge them with those of another process. */
  readonly settings?: Readonly<Record<string, unknown>> | undefined
  /** A row's `lastEpoch` becomes this number when it records a value; it rises with each gathering. */
  readonly epoch: number
  /** Rises when rows are removed. See {@link isVisibleIn}. */
  readonly generation: number
  readonly chunks: readonly RowChunk[]
  /** Resource labels: the identity of the process that reports, if it is known. */
  readonly resource?: Readonly<Record<string, string>>
}

/** Up to 512 rows. A cell is the index of a row in its chunk. It stays the same until the row is removed. */
export interface RowChunk {
  /** Cells in use, holes included: cells 0 … size - 1 may be read. */
  readonly size: number
  /** Changes when a row of the chunk is made or removed: cached labels are then stale. */
  readonly version: number
  /** No row of the chunk was made in a generation above this. */
  readonly newestGeneration: number
  /** The generation of the source in which the row was made. */
  createdIn(cell: number): number
  /** False for a hole: its row was removed. */
  isLive(cell: number): boolean
  isOverflow(cell: number): boolean
  /** The value of label `key` (index into `labelKeys`), or undefined if it is not set. */
  labelValue(cell: number, key: number): string | undefined
  /** The epoch of the row's newest value; equal or above a remembered epoch means it may have changed since. */
  lastEpoch(cell: number): number
  /** NaN if it is not known. */
  startTimeUnixMs(cell: number): number
  /** The value of a scalar, or the sum of a distribution or summary. */
  value(cell: number): number
  /** The number of values in a distribution or summary; equals the sum of the buckets. */
  count(cell: number): number
  /** Of a distribution; 0 for the other kinds. */
  sumOfSquaredDeviation(cell: number): number
  /** The count of one bucket of a distribution, not cumulative. */
  bucket(cell: number, bucket: number): number
  exemplar(cell: number, bucket: number): Exemplar | undefined
  /** The exponential buckets of a distribution that has them beside those for `bounds`. */
  exponential?(cell: number): ExponentialValue | undefined
  /** The row of a source of summaries. */
  summary?(cell: number): SummaryValue
  /** What the quantiles of a summary come from, oldest first; undefined if nothing but the quantiles is known. */
  percentileWindows?(cell: number): readonly PercentileWindow[] | undefined
}

/** Values of one stretch of time in the buckets of an HdrHistogram: `counts[i]` values were in bucket `indexes[i]`. Indexes increase. */
export interface PercentileWindow {
  readonly indexes: readonly number[]
  readonly counts: readonly number[]
  readonly min: number
  readonly max: number
  /** How long it still counts. */
  readonly remainingMs: number
}

/** One metric of a gathering: rows if the producer has them, a snapshot otherwise. */
export type Family = RowSource | Metric

/**
 * Whether a row belongs in a document whose reading of this source began in this generation.
 *
 * A row made after others were removed may have the labels of one of them, which may have been written already, from
 * another cell. Readers reject a document with both, so such rows wait for the next document.
 */
export function isVisibleIn(generation: number, chunk: RowChunk, cell: number): boolean {
  return chunk.isLive(cell) && (chunk.newestGeneration <= generation || chunk.createdIn(cell) <= generation)
}

export function isRowSource(family: Family): family is RowSource {
  return 'chunks' in family
}
