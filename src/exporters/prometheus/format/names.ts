import { baseName, exposedName, isCumulative, labelName, ownedNames, sampleNames, unitWord } from '../../../metrics/data/prometheus-name.js'
import { formatBound, formatNumber } from './format-number.js'
import { memoize } from '../../../base/memoize.js'
import type { MetricDescriptor } from '../../../metrics/data/metric.js'

/** The label of the series for all values beyond the cardinality limit. */
export const OVERFLOW_LABEL = 'tallyscope_overflow'

const LABEL_NAME = /^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/

/** Returns true for a valid label name. Names that begin with two underscores are reserved. */
export function isLabelName(name: string): boolean {
  return LABEL_NAME.test(name)
}

export type FamilyType = 'counter' | 'gauge' | 'histogram' | 'summary'
export type OpenMetricsType = FamilyType | 'info' | 'stateset' | 'unknown'

/** The name, type and metadata of a family in the Prometheus formats. */
export interface ExposedFamily {
  /** The name in text 0.0.4 and protobuf, with the suffix `_total` or `_info` if the type has one. */
  readonly name: string
  readonly type: FamilyType
  /** The name in OpenMetrics, without the suffix of the type. */
  readonly baseName: string
  readonly openMetricsType: OpenMetricsType
  /** The unit, which is the suffix of `baseName`. Empty if there is none. */
  readonly unit: string
  readonly help: string
  /** Formats a bound or quantile in text 0.0.4. */
  readonly formatBound: (bound: number) => string
  /** The label names, in the order of the descriptor's `labelKeys`. */
  readonly labelNames: readonly string[]
  /** Names that no other family of a document may have in text 0.0.4 and protobuf. */
  readonly sampleNames: readonly string[]
  /** Names that no other family of a document may have in OpenMetrics. */
  readonly ownedNames: readonly string[]
  /** False if two labels have the same name, which parsers reject. */
  readonly hasDistinctLabels: boolean
}

/** Returns the form of a metric in the Prometheus formats. Descriptors are looked up in each scrape, and live as long as their views. */
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
    help: String(descriptor.description ?? ''),
    formatBound: descriptor.plainBounds === true ? formatNumber : formatBound,
    labelNames,
    sampleNames: sampleNames(descriptor),
    ownedNames: ownedNames(descriptor),
    hasDistinctLabels: new Set(all).size === all.length,
  }
})

/**
 * Removes the type of a counter or an info, so that OpenMetrics allows other families with the names `x` and `x_created` beside `x_total`,
 * or `x` beside `x_info`.
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

// An exact name may lack the suffix that OpenMetrics requires for the type. The type is then dropped.
function openMetricsType(descriptor: MetricDescriptor, type: FamilyType, base: string): OpenMetricsType {
  if (type === 'counter') return exposedName(descriptor).endsWith('_total') ? type : 'unknown'
  if (descriptor.type === 'INFO') return exposedName(descriptor).endsWith('_info') ? 'info' : 'gauge'
  if (descriptor.type !== 'STATE_SET') return type
  // The label of the states must have the name of the family, but not every family name is a valid label name.
  return descriptor.labelKeys.length > 0 && labelName(base) === base ? 'stateset' : type
}
