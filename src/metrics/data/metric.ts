/**
 * The type of a metric, in the terms of OpenCensus. Cumulatives only rise between resets and have a start time; gauges rise and fall.
 * `INFO` and `STATE_SET` are gauges of 1 and 0, for which OpenMetrics has types.
 */
export type MetricType =
  | 'GAUGE_INT64'
  | 'GAUGE_DOUBLE'
  | 'CUMULATIVE_INT64'
  | 'CUMULATIVE_DOUBLE'
  | 'CUMULATIVE_DISTRIBUTION'
  | 'SUMMARY'
  | 'INFO'
  | 'STATE_SET'

/**
 * The rule to merge gauges of several processes: the sum, the smallest, the greatest, the newest value, or one series for each process.
 * See docs/many-processes.md.
 */
export type MergeRule = 'sum' | 'min' | 'max' | 'latest' | 'each'

export interface MetricDescriptor {
  readonly name: string
  readonly description: string
  /** UCUM, case-sensitive: `s`, `ms`, `By`, `1`. */
  readonly unit: string
  readonly type: MetricType
  readonly labelKeys: readonly string[]
  /** True if formats use `name` unchanged: no unit and no `_total` is added. */
  readonly exactName?: boolean
  /** True if the text format writes bounds and quantiles as JavaScript and prom-client do: `1000000` and not `1e+06`. */
  readonly plainBounds?: boolean
  /**
   * The rule to merge the metric of several processes. Default `sum`. Cumulatives are summed, except those that all processes share, such
   * as metrics of their container, which have `max`.
   */
  readonly merge?: MergeRule
}

/** A single recorded value as an example of its bucket, with attachments that link it to its origin (trace_id, span_id, …). */
export interface Exemplar {
  readonly value: number
  readonly timeUnixMs: number
  readonly attachments: Readonly<Record<string, string>>
}

export interface DistributionValue {
  readonly kind: 'distribution'
  readonly count: number
  readonly sum: number
  /** Arithmetic mean; 0 if nothing was recorded. */
  readonly mean: number
  readonly sumOfSquaredDeviation: number
  /** Upper bounds, inclusive, strictly increasing, without the last one at infinity. */
  readonly bounds: readonly number[]
  /** Counts of the buckets themselves, not cumulative; one more than there are bounds. */
  readonly bucketCounts: readonly number[]
  /** At most one for each bucket, at the bucket's index. Absent if there is none. */
  readonly exemplars?: readonly (Exemplar | undefined)[]
  /** The same values in buckets of base-2 exponential width, if the aggregation keeps them. */
  readonly exponential?: ExponentialValue
}

/** Non-empty buckets of one sign: `counts[i]` values were in bucket `indexes[i]`. Indexes increase. */
export interface ExponentialBuckets {
  readonly indexes: readonly number[]
  readonly counts: readonly number[]
}

/**
 * A histogram whose bucket i holds the values above base^(i-1) up to base^i, where base is 2^(2^-schema);
 * mirrored for negative values. Prometheus calls it native.
 */
export interface ExponentialValue {
  /** Resolution, -4 (coarsest) … 8 (finest). With 0 each bound is twice the one before, with 3 it is 9 % greater. */
  readonly schema: number
  /** Values from -zeroThreshold to zeroThreshold are counted in `zeroCount`. */
  readonly zeroThreshold: number
  readonly zeroCount: number
  readonly positive: ExponentialBuckets
  readonly negative: ExponentialBuckets
}

export interface SummaryValue {
  readonly kind: 'summary'
  readonly count: number
  readonly sum: number
  /** Quantile 0…1 and the value at it; NaN if the window is empty. */
  readonly quantiles: readonly { readonly quantile: number; readonly value: number }[]
  /** The histograms behind the quantiles, oldest first, if the aggregation is configured to show them. */
  readonly intervals?: readonly SummaryInterval[]
}

/** The values of one period of time, as an HdrHistogram that other programs can read and add up. */
export interface SummaryInterval {
  readonly startTimeUnixMs: number
  readonly endTimeUnixMs: number
  /** False for the last one, which may still get values. */
  readonly closed: boolean
  /** The greatest value in it, in the unit of the metric. */
  readonly max: number
  /** Values in the histogram are whole numbers; divided by this they are in the unit of the metric. */
  readonly scale: number
  /** HdrHistogram V2, compressed, base64. */
  readonly histogram: string
}

export type PointValue = number | DistributionValue | SummaryValue

export interface Point {
  readonly timeUnixMs: number
  readonly value: PointValue
}

export interface TimeSeries {
  /** In the order of the descriptor's `labelKeys`; undefined if the label is not set. */
  readonly labelValues: readonly (string | undefined)[]
  /** True for the overflow series, which has all values beyond the limit; formats add the label `tallyscope_overflow="true"`. */
  readonly overflow?: boolean
  /** Start time of cumulatives and distributions. */
  readonly startTimeUnixMs?: number
  readonly points: readonly Point[]
  /** The newest exemplar of a cumulative, if it has one. */
  readonly exemplar?: Exemplar
}

/** A snapshot: immutable plain data, created on request. */
export interface Metric {
  readonly descriptor: MetricDescriptor
  readonly timeSeries: readonly TimeSeries[]
  /** Resource labels: the identity of the reporting process, if known. */
  readonly resource?: Readonly<Record<string, string>>
}
