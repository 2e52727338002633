/** One value of a prom-client metric, as `get()` returns it. */
export interface PromValue {
  /** Undefined means none, as in some values of @prometheus-io/client. */
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

/** The used part of a metric in a prom-client registry. */
export interface PromMetric {
  readonly name: string
  readonly labelNames?: unknown
  get(): Promise<PromMetricValues> | PromMetricValues
}

/**
 * The used part of a `Registry` of prom-client, @prometheus-io/client or a fork. The interface avoids an import of these packages.
 */
export interface PromRegistry {
  registerMetric(metric: never): void
  removeSingleMetric(name: string): void
  getSingleMetric(name: string): unknown
  getMetricsAsArray(): readonly unknown[]
}
