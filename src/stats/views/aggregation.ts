import { checkOptions } from '../../base/check-options.js'
import type { MergeRule } from '../../metrics/data/metric.js'
import { checkMergeRule } from '../../metrics/data/validate-definition.js'
import { checkedBounds } from '../../metrics/histograms/bounds.js'
import {
  DERIVED_BOUNDS,
  EXPONENTIAL_OPTIONS,
  type ExponentialOptions,
  exponentialSettings,
} from '../../metrics/histograms/exponential-options.js'
import { PERCENTILES_OPTIONS, type PercentilesOptions, resolvePercentiles } from '../../metrics/histograms/percentiles-options.js'

export interface CountAggregation {
  readonly kind: 'count'
}
export interface SumAggregation {
  readonly kind: 'sum'
}
export interface LastValueAggregation {
  readonly kind: 'lastValue'
  /** Rule to merge the values of several processes. Default `sum`. */
  readonly merge?: MergeRule
}
export interface DistributionAggregation {
  readonly kind: 'distribution'
  /** Undefined for the default bounds of the measure's unit. */
  readonly bounds: readonly number[] | undefined
}
export interface ExponentialAggregation {
  readonly kind: 'exponential'
  readonly options: ExponentialOptions
  readonly bounds: readonly number[]
}
export interface PercentilesAggregation {
  readonly kind: 'percentiles'
  readonly options: PercentilesOptions
}

/**
 * The aggregation of a view, as plain data. Created by `count()`, `sum()`, `lastValue()`, `distribution()`, `exponential()` and
 * `percentiles()`.
 */
export type Aggregation =
  | CountAggregation
  | SumAggregation
  | LastValueAggregation
  | DistributionAggregation
  | ExponentialAggregation
  | PercentilesAggregation

/** The aggregation of a registered view, with its bounds. */
export type ViewAggregation =
  | Exclude<Aggregation, DistributionAggregation>
  | (DistributionAggregation & { readonly bounds: readonly number[] })

const COUNT: CountAggregation = Object.freeze({ kind: 'count' })
const SUM: SumAggregation = Object.freeze({ kind: 'sum' })
const LAST_VALUE: LastValueAggregation = Object.freeze({ kind: 'lastValue' })

/**
 * Counts recorded values. A counter in Prometheus; its unit is always `1`.
 * @example
 * stats.registerView({ name: 'shop/requests', measure: latency, tagKeys: ['route'], aggregation: count() })
 */
export function count(): CountAggregation {
  return COUNT
}

/**
 * Adds recorded values up. A counter in Prometheus, a gauge if the measure is signed.
 * @example
 * stats.registerView({ name: 'shop/sent', measure: sent, tagKeys: ['route'], aggregation: sum() })
 */
export function sum(): SumAggregation {
  return SUM
}

export interface LastValueOptions {
  /** Rule to merge the values of several processes: `sum`, `min`, `max`, `latest` or `each`; see docs/many-processes.md. Default `sum`. */
  readonly merge?: MergeRule
}

/**
 * Keeps the last recorded value, which may be any number. A gauge in Prometheus.
 * @throws {@link DefinitionError} `ERR_OPTION` for an unknown rule or option.
 * @example
 * const depth = lastValue({ merge: 'max' }) // the greatest of several processes
 */
export function lastValue(options: LastValueOptions = {}): LastValueAggregation {
  checkOptions('lastValue', options, { merge: true })
  const { merge } = options
  if (merge === undefined) return LAST_VALUE
  checkMergeRule('lastValue()', merge)
  return Object.freeze({ kind: 'lastValue', merge })
}

/**
 * Counts recorded values into buckets and keeps their count, sum, mean and sum of squared deviations.
 *
 * A value equal to a bound falls into the bucket below it, so that a bucket reads as "at most", as `le` does
 * in the Prometheus formats. A histogram in Prometheus.
 *
 * @param bounds Upper bounds in the unit of the measure, finite and strictly increasing, at most 512; a final
 *   infinity is dropped. `n` bounds make `n + 1` buckets, the last without limit. Bounds below 0 are dropped
 *   for measures that are not signed. Default: by the measure's unit. For `s` 0.005 to 10, for `ms`, `us` and `ns` the same
 *   times, for `By` 256 to 64 Mi, otherwise 1 to 10 000. An empty array makes one bucket.
 * @throws {@link DefinitionError} `ERR_BUCKET_BOUNDS` if a bound is not finite, does not increase, or there are too many.
 * @see https://prometheus.io/docs/concepts/metric_types/#histogram
 * @example
 * const latency = distribution([0.005, 0.025, 0.1, 0.5]) // for a measure in 's'
 */
export function distribution(bounds?: readonly number[]): DistributionAggregation {
  return Object.freeze({ kind: 'distribution', bounds: bounds === undefined ? undefined : checkedBounds(bounds) })
}

export interface ExponentialAggregationOptions extends ExponentialOptions {
  /** Upper bounds for formats without exponential buckets. Default: powers of four from 4^-10 to 4^15. */
  readonly bounds?: readonly number[]
}

/**
 * Counts recorded values into buckets whose bounds grow exponentially. A native histogram in Prometheus' protobuf format, a classic
 * histogram in the text formats.
 *
 * @throws {@link DefinitionError} `ERR_OPTION` for unknown options, `ERR_EXPONENTIAL` if an option is out of its range,
 *   `ERR_BUCKET_BOUNDS` for invalid bounds.
 * @see https://prometheus.io/docs/specs/native_histograms/
 * @example
 * const latency = exponential({ growthFactor: 1.1 })
 */
export function exponential(options: ExponentialAggregationOptions = {}): ExponentialAggregation {
  checkOptions('exponential', options, { ...EXPONENTIAL_OPTIONS, bounds: true })
  const { bounds, ...settings } = options
  exponentialSettings(settings)
  return Object.freeze({ kind: 'exponential', options: Object.freeze(settings), bounds: checkedBounds(bounds ?? DERIVED_BOUNDS) })
}

/**
 * Keeps percentiles of recent values in HdrHistograms, with an exact count and sum of all values. A summary in Prometheus.
 *
 * The memory of a row depends on digits and range: about 10 to 20 KB with 2 digits and two windows, ten times as much with 3 digits. The
 * default `rowLimit` of such a view is 100.
 *
 * @throws {@link DefinitionError} `ERR_OPTION` for unknown options, `ERR_PERCENTILES` if an option is out of its range.
 * @example
 * const latency = percentiles({ quantiles: [0.5, 0.99], maxAgeMs: 60_000 }) // for a measure in 's'
 */
export function percentiles(options: PercentilesOptions = {}): PercentilesAggregation {
  checkOptions('percentiles', options, PERCENTILES_OPTIONS)
  const { lowest, highest, expectedIntervalMs: _, ...others } = options
  // The view checks the others: they depend on the unit of its measure, as does the default of `lowest`.
  resolvePercentiles(lowest === undefined ? others : { ...others, lowest, ...(highest !== undefined && { highest }) }, 's')
  return Object.freeze({ kind: 'percentiles', options: Object.freeze({ ...options }) })
}
