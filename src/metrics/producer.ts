import type { Metric } from './metric.js'
import type { Family } from './row-source.js'

/** Anything that has metrics to tell: Stats, MetricRegistry, runtime metrics, a bridge, a user's own. */
export interface MetricProducer {
  /** Snapshots of everything there is now. May be async; a throw or rejection costs only this producer's metrics. */
  getMetrics(): readonly Metric[] | Promise<readonly Metric[]>
  /** The same for streaming encoders, with rows instead of snapshots where there are rows. Optional. */
  getFamilies?(): readonly Family[] | Promise<readonly Family[]>
  /** Who is speaking in logs and counters about a failing producer. Default: the class name. */
  readonly name?: string
}
