import type { Metric } from './metric.js'
import type { Family } from './row-source.js'

/** What a producer may want to know of the gathering that asks it. */
export interface GatheringContext {
  /** How long the asker waits, in milliseconds: who asks others in turn answers earlier with what there is. */
  readonly timeoutMs: number
}

/** Anything that has metrics to tell: Stats, MetricRegistry, runtime metrics, a bridge, a user's own. */
export interface MetricProducer {
  /** Snapshots of everything there is now. May be async; a throw or rejection costs only this producer's metrics. */
  getMetrics(context?: GatheringContext): readonly Metric[] | Promise<readonly Metric[]>
  /** The same for streaming encoders, with rows instead of snapshots where there are rows. Optional. */
  getFamilies?(context?: GatheringContext): readonly Family[] | Promise<readonly Family[]>
  /** Who is speaking in logs and counters about a failing producer. Default: the class name. */
  readonly name?: string
}
