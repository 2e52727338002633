import { baseName, exposedName, isCumulative, labelName, ownedNames, sampleNames, unitWord } from '../../../metrics/data/prometheus-name.js'
import { formatBound, formatNumber } from './format-number.js'
import { memoize } from '../../../metrics/data/memoize.js'
import type { MetricDescriptor } from '../../../metrics/data/metric.js'

/** Set on the one series of all values beyond the limit. */
export const OVERFLOW_LABEL = 'tallyscope_overflow'

export type FamilyType = 'counter' | 'gauge' | 'histogram' | 'summary'
export type OpenMetricsType = FamilyType | 'info' | 'stateset' | 'unknown'

/** What the formats write about a family as a whole. */
export interface ExposedFamily {
  /** In text 0.0.4 and protobuf: with `_total` or `_info` if the type has it. */
  readonly name: string
  readonly type: FamilyType
  /** In OpenMetrics: without the suffix of the type. */
  readonly baseName: string
  readonly openMetricsType: OpenMetricsType
  /** The word that ends `baseName`, empty if there is none. */
  readonly unit: string
  readonly help: string
  /** Spells a bound or quantile in text 0.0.4. */
  readonly formatBound: (bound: number) => string
  /** In the order of the descriptor's `labelKeys`. */
  readonly labelNames: readonly string[]
  /** Names that no other family of a document may have in text 0.0.4 and protobuf. */
  readonly sampleNames: readonly string[]
  /** Names that no other family of a document may have in OpenMetrics. */
  readonly ownedNames: readonly string[]
  /** False if two labels would have one name, so that no reader could take the family. */
  readonly hasDistinctLabels: boolean
}

/** How a metric appears in the Prometheus formats. Descriptors exist as long as their views and are looked up at each scrape. */
export const exposedFamily: (descriptor: MetricDescriptor) => ExposedFamily = memoize((descriptor) => {
  const type = familyType(descriptor)
  const base = baseName(descriptor)
  const openMetrics = openMetricsType(descriptor, type, base)
  const word = unitWord(descriptor.unit)
  const hasUnit = word !== undefined && base.endsWith(`_${word}`) && openMetrics !== 'info' && openMetrics !== 'stateset'
  const labelNames = descriptor.labelKeys.map(labelName)
  if (descriptor.type === 'STATE_SET' && labelNames.length > 0) labelNames[labelNames.length - 1] = labelName(base)
  const own = type === 'histogram' ? ['le'] : type === 'summary' ? ['quantile'] : []
  const all = [...labelNames, OVERFLOW_LABEL, ...own]
  return {
    name: exposedName(descriptor),
    type,
    baseName: base,
    openMetricsType: openMetrics,
    unit: hasUnit ? word : '',
    help: descriptor.description,
    formatBound: descriptor.plainBounds === true ? formatNumber : formatBound,
    labelNames,
    sampleNames: sampleNames(descriptor),
    ownedNames: ownedNames(descriptor),
    hasDistinctLabels: new Set(all).size === all.length,
  }
})

/**
 * A counter or an info without its type: OpenMetrics then allows other families the names `x` and `x_created` beside `x_total`, and `x`
 * beside `x_info`.
 */
export const withoutType: (suffixed: ExposedFamily) => ExposedFamily = memoize((suffixed) => {
  const { name } = suffixed
  const openMetricsType = suffixed.openMetricsType === 'info' ? 'gauge' : 'unknown'
  return { ...suffixed, baseName: name, openMetricsType, unit: '', ownedNames: [name] }
})

function familyType(descriptor: MetricDescriptor): FamilyType {
  if (isCumulative(descriptor)) return 'counter'
  if (descriptor.type === 'CUMULATIVE_DISTRIBUTION') return 'histogram'
  return descriptor.type === 'SUMMARY' ? 'summary' : 'gauge'
}

// An exact name may lack the suffix that OpenMetrics requires for its type; then the samples stay and the type goes.
function openMetricsType(descriptor: MetricDescriptor, type: FamilyType, base: string): OpenMetricsType {
  if (type === 'counter') return exposedName(descriptor).endsWith('_total') ? type : 'unknown'
  if (descriptor.type === 'INFO') return exposedName(descriptor).endsWith('_info') ? 'info' : 'gauge'
  if (descriptor.type !== 'STATE_SET') return type
  // The label of the states must have the name of the family, and a label cannot have every name that a family can.
  return descriptor.labelKeys.length > 0 && labelName(base) === base ? 'stateset' : type
}
