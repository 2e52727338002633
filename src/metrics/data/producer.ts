import type { Metric } from './metric.js'
import type { Family } from './row-source.js'

/** What a producer may need to know about the gathering that calls it. */
export interface GatheringContext {
  /** How long the caller waits, in milliseconds. A producer that calls others must return earlier, with what it has by then. */
  readonly timeoutMs: number
}

/** Anything that has metrics: Stats, MetricRegistry, runtime metrics, a bridge, a user's own. */
export interface MetricProducer {
  /** Snapshots of everything there is now. May be async; a throw or rejection costs only this producer's metrics. */
  getMetrics(context?: GatheringContext): readonly Metric[] | Promise<readonly Metric[]>
  /** The same for streaming encoders, with rows instead of snapshots if it has rows. Optional. */
  getFamilies?(context?: GatheringContext): readonly Family[] | Promise<readonly Family[]>
  /** True if a document without these metrics would mislead: a scrape fails if they cannot be gathered. Default false. */
  readonly isRequired?: boolean
  /** True if the library's metrics about itself are among them, so that a handler adds none. Default false. */
  readonly includesSelfMetrics?: boolean
  /** Name of the producer in logs and counters of failures. Default: the class name. */
  readonly name?: string
}
