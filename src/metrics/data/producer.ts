import type { Metric } from './metric.js'
import type { Family } from './row-source.js'

/** The context of a gathering, which a producer may use. */
export interface GatheringContext {
  /**
   * How long the caller waits, in milliseconds. A producer that calls others must return earlier, with the answers it has by then. With 0, at
   * the end of a process, metrics in a promise are lost.
   */
  readonly timeoutMs: number
  /** True if what was recorded is enough: functions of derived instruments need not be called. Default false. */
  readonly onlyRecorded?: boolean
}

/** A source of metrics: Stats, MetricRegistry, runtime metrics, a bridge, or an object of the application. */
export interface MetricProducer {
  /** Returns snapshots of all metrics. May be async. If it throws or rejects, only this producer's metrics are missing. */
  getMetrics(context?: GatheringContext): readonly Metric[] | Promise<readonly Metric[]>
  /** The same for streaming encoders, with row sources instead of snapshots. Optional. */
  getFamilies?(context?: GatheringContext): readonly Family[] | Promise<readonly Family[]>
  /** True if a scrape must fail when these metrics cannot be gathered, because a document without them would be misleading. Default false. */
  readonly isRequired?: boolean
  /** True if the library's internal metrics are among them, so that a handler does not add them. Default false. */
  readonly includesSelfMetrics?: boolean
  /** Name of the producer in logs and counters of failures. Default: the class name. */
  readonly name?: string
}
