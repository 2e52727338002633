import type { MergeRule, MetricDescriptor, MetricType, PointValue } from '../metrics/data/metric.js'

/** Takes one value that a collector has read. */
export type Take = (name: string, value: PointValue, labelValues?: readonly string[]) => void

/** Reads some related metrics of the process, all at once. */
export interface Collector {
  /** Value of the `collector` label of the failure counter. */
  readonly name: string
  readonly descriptors: readonly MetricDescriptor[]
  /** Starts what has to run between readings. */
  start?(): void
  stop?(): void
  /** What cannot be read on this system is left out; a throw costs this collector's metrics only. */
  collect(take: Take): void
}

/** A descriptor under the name that dashboards know: no format adds to it. */
export function exact(
  name: string,
  description: string,
  unit: string,
  type: MetricType = 'GAUGE_DOUBLE',
  labelKeys: readonly string[] = [],
): MetricDescriptor {
  return { name, description, unit, type, labelKeys, exactName: true }
}

/** The same for a metric that a group of processes cannot add up: see docs/many-processes.md. */
export function merged(merge: MergeRule, descriptor: MetricDescriptor): MetricDescriptor {
  return { ...descriptor, merge }
}
