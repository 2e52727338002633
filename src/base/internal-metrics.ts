import { sharedState } from './process-global.js'

/** One counter of the library about itself, for one combination of label values. */
export interface SelfCount {
  value: number
}

export interface SelfFamily {
  /** Name as exposed, `tallyscope_…_total` for counters. */
  readonly name: string
  readonly description: string
  readonly type: 'counter' | 'gauge'
  readonly unit: string
  readonly labelKeys: readonly string[]
  readonly series: Map<string, { readonly labelValues: readonly string[]; readonly count: SelfCount }>
}

/** Label combinations kept per family; later ones are added up in one whose labels all say `other`. */
const MAX_SERIES = 2_000
const OTHER = 'other'

export const selfFamilies: Map<string, SelfFamily> = sharedState('self-families', () => new Map<string, SelfFamily>())

/** Declares (or finds) one family of the library's counters about itself. */
export function selfFamily(family: Omit<SelfFamily, 'series'>): SelfFamily {
  let found = selfFamilies.get(family.name)
  if (found === undefined) {
    // Both stand in snapshots as they are, which exporters get.
    found = { ...family, labelKeys: Object.freeze([...family.labelKeys]), series: new Map() }
    selfFamilies.set(family.name, found)
  }
  return found
}

/** The counter for these label values, to be kept by the caller: `selfCount(drops, view, reason).value++`. */
export function selfCount(family: SelfFamily, ...labelValues: string[]): SelfCount {
  const key = JSON.stringify(labelValues)
  let series = family.series.get(key)
  if (series === undefined) {
    if (family.series.size >= MAX_SERIES && labelValues.some((value) => value !== OTHER)) {
      return selfCount(family, ...labelValues.map(() => OTHER))
    }
    series = { labelValues: Object.freeze(labelValues), count: { value: 0 } }
    family.series.set(key, series)
  }
  return series.count
}
