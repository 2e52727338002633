import { ownString } from './strings/intern-string.js'
import { getOrInsert } from './get-or-insert.js'
import { processGlobal } from './process-global.js'

type GaugeMerge = 'min' | 'max' | 'latest' | 'each'

/** The value of an internal counter or gauge for one combination of label values. */
export interface InternalCount {
  value: number
}

export interface InternalMetric {
  /** Name as exposed, `tallyscope_…_total` for counters. */
  readonly name: string
  readonly description: string
  readonly type: 'counter' | 'gauge'
  readonly unit: string
  readonly labelKeys: readonly string[]
  /** How a group of processes combines this gauge. Default: the sum. */
  readonly merge?: GaugeMerge | undefined
  readonly series: Map<string, { readonly labelValues: readonly string[]; readonly count: InternalCount }>
  /** True once its part of the library is used. Until then the metric is not exposed, unless something has been counted. */
  inUse: boolean
}

/** Label combinations per metric. Further ones are added to one whose labels are all `other`. */
const MAX_SERIES = 2_000
const OTHER = 'other'

export const internalMetrics: Map<string, InternalMetric> = processGlobal('self-families', () => new Map<string, InternalMetric>())

/** Declares an internal counter, or returns the existing one. The unit follows from the name: `_seconds_total`, `_bytes_total`. */
export function internalCounter(name: string, description: string, ...labelKeys: string[]): InternalMetric {
  return declare(name, description, 'counter', labelKeys)
}

/** Like `internalCounter`, for a value that may fall. */
export function internalGauge(name: string, description: string, ...labelKeys: string[]): InternalMetric {
  return declare(name, description, 'gauge', labelKeys)
}

/** Like `internalGauge`, for a value that a group of processes does not add up. */
export function mergedGauge(merge: GaugeMerge, name: string, description: string, ...labelKeys: string[]): InternalMetric {
  return declare(name, description, 'gauge', labelKeys, merge)
}

/** The count for these label values, which the caller may keep: `internalCount(drops, view, reason).value++`. */
export function internalCount(metric: InternalMetric, ...labelValues: string[]): InternalCount {
  metric.inUse = true
  return countOf(metric, labelValues)
}

/** Like `internalCount`, for counts made at import: a zero is exposed after `markInUse` only. */
export function idleCount(metric: InternalMetric, ...labelValues: string[]): InternalCount {
  return countOf(metric, labelValues)
}

/** Exposes the zeros of metrics whose counts were made at import. */
export function markInUse(...metrics: InternalMetric[]): void {
  for (const metric of metrics) metric.inUse = true
}

/** The metrics of the parts of the library that are used, sorted by name. */
export function exposedInternalMetrics(): InternalMetric[] {
  return [...internalMetrics.values()].filter(isExposed).sort((a, b) => (a.name < b.name ? -1 : 1))
}

function isExposed({ series, inUse }: InternalMetric): boolean {
  return series.size > 0 && (inUse || [...series.values()].some(({ count }) => count.value !== 0))
}

function declare(name: string, description: string, type: InternalMetric['type'], labelKeys: string[], merge?: GaugeMerge): InternalMetric {
  return getOrInsert(internalMetrics, name, () => {
    // Exporters get these very arrays of label keys and values, hence frozen.
    return { name, description, type, unit: unitOf(name), labelKeys: Object.freeze(labelKeys), merge, series: new Map(), inUse: false }
  })
}

function unitOf(name: string): string {
  if (/_seconds(_total)?$/.test(name)) return 's'
  return /_bytes(_total)?$/.test(name) ? 'By' : '1'
}

function countOf(metric: InternalMetric, labelValues: string[]): InternalCount {
  const key = JSON.stringify(labelValues)
  let series = metric.series.get(key)
  if (series === undefined) {
    if (metric.series.size >= MAX_SERIES && labelValues.some((value) => value !== OTHER)) {
      return countOf(
        metric,
        labelValues.map(() => OTHER),
      )
    }
    series = { labelValues: Object.freeze(labelValues.map(ownString)), count: { value: 0 } }
    metric.series.set(key, series)
  }
  return series.count
}
