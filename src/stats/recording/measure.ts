import { checkBooleans, checkOneOf, isObject } from '../../base/check-options.js'
import { DefinitionError } from '../../base/errors.js'
import { inspectValue } from '../../base/strings/inspect-value.js'
import type { Epochs } from '../../metrics/cells/cells.js'
import { checkDescription, checkKeys, checkName, checkUnit } from '../../metrics/data/validate-definition.js'
import type { ListenerGroup } from './listener.js'
import type { Tags, TagValue } from '../tags/tag-map.js'

export interface MeasureOptions<K extends string = string> {
  /** UCUM code, case-sensitive: `s`, `ms`, `By`, `1`. Values are never converted. Default `1`. */
  readonly unit?: string
  /** Description of views that have none. Default: empty. */
  readonly description?: string
  /** `int64` accepts integers only (and BigInts that are exact); others are dropped and counted. Default `double`. */
  readonly type?: 'double' | 'int64'
  /** True if every aggregation accepts negative values; sums are then gauges. Default false. */
  readonly signed?: boolean
  /** Tags that every record of this measure must have; checked at compile time. Default: any tags are allowed. */
  readonly tagKeys?: readonly K[]
}

/** The tags of a record of this measure: exactly the declared ones, or any if none are declared. */
export type TagsFor<K extends string> = string extends K ? Tags : { readonly [key in K]: TagValue }

/**
 * A quantity that values are recorded for. Created by `stats.measure()`.
 * @example
 * const latency = stats.measure('shop/latency', { unit: 's', tagKeys: ['method', 'route'] })
 */
export class Measure<K extends string = string> {
  readonly name: string
  readonly unit: string
  readonly description: string
  readonly type: 'double' | 'int64'
  readonly signed: boolean
  readonly tagKeys: readonly K[] | undefined
  /** Views of this measure, grouped by their tag keys. Set by the ViewManager. @internal */
  groups: readonly ListenerGroup[] = []
  /** True for int64. @internal */
  readonly isInteger: boolean
  /** The epochs of the engine that the measure belongs to. @internal */
  readonly epochs: Epochs
  /** The measure's bit in `TagMap.usedWith`; few measures of an engine share one. @internal */
  readonly bit: number
  /** True if a view of the measure has tag keys or context tags; otherwise the current tags are not read. @internal */
  readsTags = false
  /** True if a view of the measure has context tags: then rows are looked up for each record. @internal */
  readsContext = false
  /** The handle of records without tags, while no view reads tags. For the record path only. @internal */
  untaggedHandle: object | undefined = undefined

  /** Use `stats.measure()` instead. @internal */
  constructor(name: string, options: MeasureOptions<K>, epochs: Epochs, number = 0) {
    const { unit = '1', description = '', type = 'double', signed = false, tagKeys } = options
    checkName('measure', name)
    checkUnit('measure', name, unit)
    checkDescription('measure', name, description)
    checkOneOf('ERR_MEASURE_TYPE', `type of measure ${name}`, type, ['double', 'int64'])
    checkBooleans('ERR_OPTION', { [`signed of measure ${name}`]: signed })
    if (tagKeys !== undefined) checkKeys('measure', name, tagKeys)
    this.name = name
    this.unit = unit
    this.description = description
    this.type = type
    this.isInteger = type === 'int64'
    this.epochs = epochs
    this.bit = 1 << (number % 32)
    this.signed = signed === true
    this.tagKeys = tagKeys === undefined ? undefined : Object.freeze([...tagKeys])
  }

  /** True while a view of the measure is registered. Otherwise recording takes almost no time. */
  get hasViews(): boolean {
    return this.groups.length > 0
  }
}

/** True for a measure of any copy of this package in the process: it is recognized by its shape. */
export function isMeasure(given: unknown): given is Measure {
  return isObject(given) && Array.isArray(given['groups']) && isObject(given['epochs'])
}

/** @throws {@link DefinitionError} `ERR_MEASURE` unless it is a measure. */
export function checkMeasure(caller: string, given: unknown): void {
  if (isMeasure(given)) return
  throw new DefinitionError('ERR_MEASURE', `${caller} needs a measure, made by stats.measure(): the argument is ${inspectValue(given)}`)
}
