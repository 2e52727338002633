import type { MergeRule, MetricDescriptor, MetricType, PointValue } from '../metrics/data/metric.js'

/** Adds a value that a collector has read. */
export type AddValue = (name: string, value: PointValue, labelValues?: readonly string[]) => void

/** Reads a group of related runtime metrics. */
export interface Collector {
  /** Value of the `collector` label of the failure counter. */
  readonly name: string
  readonly descriptors: readonly MetricDescriptor[]
  /** Starts timers and observers. */
  start?(): void
  stop?(): void
  /** Leaves out values that this system does not have. If it throws, the metrics of the other collectors are still exposed. */
  collect(add: AddValue): void
}

/** A descriptor whose name is exposed unchanged, without a suffix. */
export function exact(
  name: string,
  description: string,
  unit: string,
  type: MetricType = 'GAUGE_DOUBLE',
  labelKeys: readonly string[] = [],
): MetricDescriptor {
  return { name, description, unit, type, labelKeys, exactName: true }
}

/** The descriptor with another merge rule than the sum, for groups of processes; see docs/many-processes.md. */
export function merged(merge: MergeRule, descriptor: MetricDescriptor): MetricDescriptor {
  return { ...descriptor, merge }
}
