import type { Exemplar, ExponentialValue, Metric, MetricDescriptor, SummaryValue } from './metric.js'

/**
 * Read-only access to the rows of one metric, chunk by chunk, without an object per row. A streaming encoder reads it in order and caches
 * the encoded bytes; `lastEpoch` and `version` show what has changed.
 */
export interface RowSource {
  readonly descriptor: MetricDescriptor
  /** The data of a row: one number, buckets for `bounds`, or a summary. */
  readonly kind: 'scalar' | 'distribution' | 'summary'
  /** Upper bounds of the buckets of a distribution; empty for the other kinds. */
  readonly bounds: readonly number[]
  /** Rows before the overflow row is used, if the source has such a limit. */
  readonly rowLimit?: number | undefined
  /** Settings of exponential histograms or percentiles, as plain data. Rows of several processes can be merged if these are equal. */
  readonly settings?: Readonly<Record<string, unknown>> | undefined
  /** The number that `lastEpoch` of a row becomes when it records a value. Rises with each gathering. */
  readonly epoch: number
  /** Rises when rows are removed. See {@link isVisibleIn}. */
  readonly generation: number
  readonly chunks: readonly RowChunk[]
  /** Resource labels: the identity of the reporting process, if known. */
  readonly resource?: Readonly<Record<string, string>>
}

/** Up to 512 rows. A cell is the index of a row in its chunk. It stays the same until the row is removed. */
export interface RowChunk {
  /** Cells in use, holes included: cells 0 … size - 1 may be read. */
  readonly size: number
  /** Changes when a row of the chunk is made or removed, which makes cached labels stale. */
  readonly version: number
  /** The latest generation in which a row of the chunk was made. */
  readonly newestGeneration: number
  /** The generation of the source in which the row was made. */
  createdIn(cell: number): number
  /** False for a hole: its row was removed. */
  isLive(cell: number): boolean
  isOverflow(cell: number): boolean
  /** The value of label `key` (index into `labelKeys`), or undefined if it is not set. */
  labelValue(cell: number, key: number): string | undefined
  /** The epoch of the row's newest value. The row may have changed since a remembered epoch if this is not below it. */
  lastEpoch(cell: number): number
  /** NaN if unknown. */
  startTimeUnixMs(cell: number): number
  /** The epoch in which the start time of the row was last set to an earlier one, 0 if it was not. Undefined if start times never change. */
  restartedIn?(cell: number): number
  /** The value of a scalar, or the sum of a distribution or summary. */
  value(cell: number): number
  /** The number of values in a distribution or summary; equals the sum of the buckets. */
  count(cell: number): number
  /** For a distribution; 0 for the other kinds. */
  sumOfSquaredDeviation(cell: number): number
  /** The count of one bucket of a distribution, not cumulative. */
  bucket(cell: number, bucket: number): number
  exemplar(cell: number, bucket: number): Exemplar | undefined
  /** The exponential buckets of a distribution that has them in addition to those for `bounds`. */
  exponential?(cell: number): ExponentialValue | undefined
  /** The row of a source of summaries. */
  summary?(cell: number): SummaryValue
  /** The windows from which the quantiles of a summary are computed, oldest first; undefined if only the quantiles are known. */
  percentileWindows?(cell: number): readonly PercentileWindow[] | undefined
}

/** The values of one period of time in the buckets of an HdrHistogram: `counts[i]` values were in bucket `indexes[i]`. Indexes increase. */
export interface PercentileWindow {
  readonly indexes: readonly number[]
  readonly counts: readonly number[]
  readonly min: number
  readonly max: number
  /** Time until it expires. */
  readonly remainingMs: number
}

/** One metric of a gathering: rows if the producer has them, a snapshot otherwise. */
export type Family = RowSource | Metric

/**
 * True if a row belongs in a document whose reading of this source began in this generation.
 *
 * A row that was made after others were removed may have the same labels as one of them, which may already be in the document. Prometheus
 * rejects a document with both, so that such a row is first shown in the next document.
 */
export function isVisibleIn(generation: number, chunk: RowChunk, cell: number): boolean {
  return chunk.isLive(cell) && (chunk.newestGeneration <= generation || chunk.createdIn(cell) <= generation)
}

export function isRowSource(family: Family): family is RowSource {
  return 'chunks' in family
}
