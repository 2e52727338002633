/** One value of a prom-client metric, as `get()` returns it. */
export interface PromValue {
  /** Absent for some values of @prometheus-io/client, which means none. */
  readonly labels?: Readonly<Record<string, string | number>> | undefined
  readonly value: number
  /** The name of the sample, if it differs from the metric's: `…_bucket`, `…_sum`, `…_count`. */
  readonly metricName?: string | undefined
  readonly exemplar?: PromExemplar | null | undefined
}

export interface PromExemplar {
  readonly labelSet: Readonly<Record<string, string>>
  readonly value: number
  /** Seconds since 1970. */
  readonly timestamp?: number
}

/** The result of `get()` of a prom-client metric. */
export interface PromMetricValues {
  readonly name: string
  readonly help: string
  readonly type: string
  readonly values: readonly PromValue[]
  readonly aggregator?: string
}

/** A metric in a prom-client registry, as far as it matters. */
export interface PromMetric {
  readonly name: string
  get(): Promise<PromMetricValues> | PromMetricValues
}

/**
 * A registry of prom-client, @prometheus-io/client or another copy or descendant of them: recognized by its shape, so that
 * none of them is imported. Any `Registry` of these packages fits.
 */
export interface PromRegistry {
  registerMetric(metric: never): void
  removeSingleMetric(name: string): void
  getSingleMetric(name: string): unknown
  getMetricsAsArray(): readonly unknown[]
}
