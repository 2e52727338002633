import { isObject } from '../../base/check-options.js'
import { isKey, MERGE_RULES, METRIC_TYPES } from '../../metrics/data/validate-definition.js'
import type { MergeRule, MetricDescriptor, MetricType } from '../../metrics/data/metric.js'
import type { RowSource } from '../../metrics/data/row-source.js'
import { type ExponentialOptions, exponentialSettings } from '../../metrics/histograms/exponential-options.js'
import { readPercentilesSettings } from '../../metrics/histograms/percentiles-options.js'
import { damaged } from './frame-error.js'

/** The definition of a family, as members send it. */
export interface FamilyDefinition {
  readonly descriptor: MetricDescriptor
  readonly kind: RowSource['kind']
  readonly bounds: readonly number[]
  /** Rows before the overflow row is used; undefined if the family has no limit of its own. */
  readonly rowLimit: number | undefined
  /** Settings of exponential histograms or percentiles. */
  readonly settings: Readonly<Record<string, unknown>> | undefined
}

const MAX_BOUNDS = 4_096
const MAX_LABELS = 64
const MAX_DESCRIPTION = 16_384

export function definitionOf({ descriptor, kind, bounds, rowLimit, settings }: RowSource): FamilyDefinition {
  return { descriptor, kind, bounds, rowLimit, settings }
}

/** Returns a string that is equal for families that can be merged. Descriptions and limits may differ. The first ones are used. */
export function identityOf({ descriptor, kind, bounds, settings }: FamilyDefinition): string {
  const { name, unit, type, labelKeys, exactName = false, plainBounds = false, merge } = descriptor
  return JSON.stringify([name, unit, type, labelKeys, exactName, plainBounds, merge ?? null, kind, bounds, settings ?? null])
}

export function definitionText({ descriptor, kind, bounds, rowLimit, settings }: FamilyDefinition): string {
  const { name, description, unit, type, labelKeys, exactName, plainBounds, merge } = descriptor
  return JSON.stringify({ name, description, unit, type, labelKeys, exactName, plainBounds, merge, kind, bounds, rowLimit, settings })
}

/** @throws {@link FrameError} `ERR_GROUP_FRAME` unless this library can have written the string. */
export function parseDefinition(text: string): FamilyDefinition {
  const given = parsed(text)
  const { name, description, unit, type, labelKeys, exactName, plainBounds, merge, kind, bounds, rowLimit, settings } = given
  check(isKey(name), 'name')
  check(typeof description === 'string' && description.length <= MAX_DESCRIPTION, 'description')
  check(typeof unit === 'string' && /^[!-~]{0,63}$/.test(unit), 'unit')
  check(METRIC_TYPES.includes(type as MetricType), 'type')
  check(Array.isArray(labelKeys) && labelKeys.length <= MAX_LABELS && labelKeys.every(isKey), 'labels')
  check(new Set(labelKeys as string[]).size === (labelKeys as string[]).length, 'labels')
  check(merge === undefined || MERGE_RULES.includes(merge as MergeRule), 'rule')
  check(kind === kindOfType(type as MetricType), 'kind')
  check(Array.isArray(bounds) && bounds.length <= MAX_BOUNDS && bounds.every(rises), 'bounds')
  check(rowLimit === undefined || (Number.isSafeInteger(rowLimit) && (rowLimit as number) > 0), 'limit')
  const descriptor = Object.freeze({
    name: name as string,
    description: description as string,
    unit: unit as string,
    type: type as MetricType,
    labelKeys: Object.freeze(labelKeys as string[]),
    ...(exactName === true && { exactName }),
    ...(plainBounds === true && { plainBounds }),
    ...(merge !== undefined && { merge: merge as MergeRule }),
  })
  return {
    descriptor,
    kind: kind as RowSource['kind'],
    bounds: Object.freeze(bounds as number[]),
    rowLimit: rowLimit as number | undefined,
    settings: readSettings(kind as RowSource['kind'], settings),
  }
}

function parsed(text: string): Record<string, unknown> {
  let given: unknown
  try {
    given = JSON.parse(text)
  } catch (cause) {
    throw Object.assign(damaged('a definition is not JSON'), { cause })
  }
  check(isObject(given), 'form')
  return Object.assign(Object.create(null), given)
}

function readSettings(kind: RowSource['kind'], settings: unknown): FamilyDefinition['settings'] {
  if (settings === undefined) return undefined
  check(isObject(settings) && kind !== 'scalar', 'settings')
  if (kind === 'summary') {
    const read = readPercentilesSettings(settings)
    check(read !== undefined, 'settings')
    return { ...read }
  }
  try {
    exponentialSettings(settings as ExponentialOptions)
  } catch (cause) {
    throw Object.assign(damaged('the settings of a definition are not valid'), { cause })
  }
  return settings as FamilyDefinition['settings']
}

function kindOfType(type: MetricType): RowSource['kind'] {
  if (type === 'CUMULATIVE_DISTRIBUTION') return 'distribution'
  return type === 'SUMMARY' ? 'summary' : 'scalar'
}

function rises(bound: unknown, at: number, bounds: unknown[]): boolean {
  return typeof bound === 'number' && Number.isFinite(bound) && (at === 0 || bound > (bounds[at - 1] as number))
}

function check(holds: boolean, part: string): asserts holds {
  if (!holds) throw damaged(`the ${part} of a definition is not valid`)
}

/** True if values only rise. Cumulatives of departed members count too, gauges only those of live members. */
export function isCumulative({ type }: Pick<MetricDescriptor, 'type'>): boolean {
  return type.startsWith('CUMULATIVE') || type === 'SUMMARY'
}
