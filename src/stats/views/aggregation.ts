import { checkOptions } from '../../base/check-options.js'
import type { MergeRule } from '../../metrics/data/metric.js'
import { checkMergeRule } from '../../metrics/data/validate-definition.js'
import { checkedBounds } from '../../metrics/histograms/bounds.js'
import { DERIVED_BOUNDS, type ExponentialOptions, exponentialSettings } from '../../metrics/histograms/exponential-options.js'
import { type PercentilesOptions, resolvePercentiles } from '../../metrics/histograms/percentiles-options.js'

export interface CountAggregation {
  readonly kind: 'count'
}
export interface SumAggregation {
  readonly kind: 'sum'
}
export interface LastValueAggregation {
  readonly kind: 'lastValue'
  /** How the values of several processes become one. Default `sum`. */
  readonly merge?: MergeRule
}
export interface DistributionAggregation {
  readonly kind: 'distribution'
  /** Undefined: the default for the measure's unit, which the view then has. */
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
 * How the values of a measure become the data of a view. Plain data; made by `count()`, `sum()`, `lastValue()`, `distribution()`,
 * `exponential()`, `percentiles()`.
 */
export type Aggregation =
  | CountAggregation
  | SumAggregation
  | LastValueAggregation
  | DistributionAggregation
  | ExponentialAggregation
  | PercentilesAggregation

/** The aggregation of a view: its bounds are decided. */
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
  /** How the values of several processes become one: `sum`, `min`, `max`, `latest` or `each`; see docs/many-processes.md. Default `sum`. */
  readonly merge?: MergeRule
}

/**
 * Keeps the newest value, whatever number it is. A gauge in Prometheus.
 * @throws {@link DefinitionError} `ERR_OPTION` for a rule or an option that does not exist.
 * @example
 * const depth = lastValue({ merge: 'max' }) // of several processes the greatest
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
 * @throws {@link DefinitionError} `ERR_BUCKET_BOUNDS` when a bound is not finite, does not increase, or there are too many.
 * @see https://prometheus.io/docs/concepts/metric_types/#histogram
 * @example
 * const latency = distribution([0.005, 0.025, 0.1, 0.5]) // for a measure in 's'
 */
export function distribution(bounds?: readonly number[]): DistributionAggregation {
  return Object.freeze({ kind: 'distribution', bounds: bounds === undefined ? undefined : checkedBounds(bounds) })
}

export interface ExponentialAggregationOptions extends ExponentialOptions {
  /** Buckets for the formats that have no exponential ones. Default: powers of four from 4^-10 to 4^15. */
  readonly bounds?: readonly number[]
}

/**
 * Counts recorded values into buckets whose bounds grow exponentially, so that they need not be chosen: a native
 * histogram in Prometheus' protobuf format, a classic one in the text formats.
 *
 * @throws {@link DefinitionError} `ERR_EXPONENTIAL` when an option is out of its range, `ERR_BUCKET_BOUNDS` for wrong bounds.
 * @see https://prometheus.io/docs/specs/native_histograms/
 * @example
 * const latency = exponential({ growthFactor: 1.1 })
 */
export function exponential({ bounds, ...options }: ExponentialAggregationOptions = {}): ExponentialAggregation {
  exponentialSettings(options)
  return Object.freeze({ kind: 'exponential', options: Object.freeze(options), bounds: checkedBounds(bounds ?? DERIVED_BOUNDS) })
}

/**
 * Keeps percentiles of what was recorded within a time, on HdrHistogram, beside an exact count and sum. A summary
 * in Prometheus.
 *
 * Each row takes memory by digits and range: with 2 digits some 10 to 20 KB for two windows, with 3 digits ten
 * times that; a view has room for 100 rows unless its `rowLimit` is set.
 *
 * @throws {@link DefinitionError} `ERR_PERCENTILES` when an option is out of its range.
 * @example
 * const latency = percentiles({ quantiles: [0.5, 0.99], maxAgeMs: 60_000 }) // for a measure in 's'
 */
export function percentiles(options: PercentilesOptions = {}): PercentilesAggregation {
  resolvePercentiles({ ...options, expectedIntervalMs: 0 }, 's')
  return Object.freeze({ kind: 'percentiles', options: Object.freeze({ ...options }) })
}

/** True if both aggregations are equal, in whichever copy of the package they were created. */
export function equalAggregations(one: Aggregation, other: Aggregation): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}
