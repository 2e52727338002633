import { DefinitionError } from '../base/errors.js'
import type { Epochs } from '../metrics/cells.js'
import { isTagKey, type Tags, type TagValue } from './tag-map.js'
import type { ViewGroup } from './view-group.js'

export interface MeasureOptions<K extends string = string> {
  /** UCUM, case-sensitive: `s`, `ms`, `By`, `1`. Default `1`. */
  readonly unit?: string
  readonly description?: string
  /** `int64` takes whole numbers only (and BigInts that are exact); others are dropped and counted. Default `double`. */
  readonly type?: 'double' | 'int64'
  /** True lets negative values into every aggregation; sums of it are gauges. Default false. */
  readonly signed?: boolean
  /** Tags that every record of this measure gives; checked at compile time. Default: any tags are allowed. */
  readonly tagKeys?: readonly K[]
}

/** The tags a record of this measure takes: exactly its own where it declares some, any otherwise. */
export type TagsFor<K extends string> = string extends K ? Tags : { readonly [key in K]: TagValue }

/** A quantity worth recording. Made by `stats.measure()`. */
export class Measure<K extends string = string> {
  readonly name: string
  readonly unit: string
  readonly description: string
  readonly type: 'double' | 'int64'
  readonly signed: boolean
  readonly tagKeys: readonly K[] | undefined
  /** Views that listen, those with the same tag keys together. Kept by the ViewManager. @internal */
  groups: readonly ViewGroup[] = []
  /** True for int64. @internal */
  readonly whole: boolean
  /** Those of the engine that the measure belongs to. @internal */
  readonly epochs: Epochs
  /** True where a listening view has tag keys; else nobody needs to know the current tags. @internal */
  readsTags = false

  /** Made by `stats.measure()`. @internal */
  constructor(name: string, options: MeasureOptions<K>, epochs: Epochs) {
    const { unit = '1', description = '', type = 'double', signed = false, tagKeys } = options
    checkName('measure', name)
    checkUnit('measure', name, unit)
    if (type !== 'double' && type !== 'int64') {
      throw new DefinitionError('ERR_MEASURE_TYPE', `type must be double or int64: measure ${name} has ${String(type)}`)
    }
    if (tagKeys !== undefined) checkTagKeys('measure', name, tagKeys)
    this.name = name
    this.unit = unit
    this.description = String(description)
    this.type = type
    this.whole = type === 'int64'
    this.epochs = epochs
    this.signed = signed === true
    this.tagKeys = tagKeys === undefined ? undefined : Object.freeze([...tagKeys])
  }

  /** True while some view listens; recording is close to free otherwise. */
  get hasViews(): boolean {
    return this.groups.length > 0
  }
}

const NAME = /^[ -~]{1,255}$/
const MAX_TAG_KEYS = 32

/** @throws {@link DefinitionError} `ERR_NAME` unless the name is 1…255 printable ASCII characters. */
export function checkName(what: string, name: unknown): asserts name is string {
  if (typeof name !== 'string' || !NAME.test(name)) {
    throw new DefinitionError('ERR_NAME', `a ${what} name must be 1 to 255 printable ASCII characters: ${shown(name)} is not`)
  }
}

/** @throws {@link DefinitionError} `ERR_UNIT` unless the unit is 1…63 printable ASCII characters without blanks. */
export function checkUnit(what: string, name: string, unit: unknown): asserts unit is string {
  if (typeof unit !== 'string' || !/^[!-~]{1,63}$/.test(unit)) {
    throw new DefinitionError('ERR_UNIT', `a unit must be 1 to 63 printable ASCII characters: ${what} ${name} has ${shown(unit)}`)
  }
}

/** @throws {@link DefinitionError} `ERR_TAG_KEYS` unless there are at most 32 different legal keys. */
export function checkTagKeys(what: string, name: string, keys: unknown): asserts keys is readonly string[] {
  if (!Array.isArray(keys) || keys.length > MAX_TAG_KEYS) {
    throw new DefinitionError('ERR_TAG_KEYS', `tag keys must be an array of at most ${MAX_TAG_KEYS}: ${what} ${name} has ${shown(keys)}`)
  }
  for (const [at, key] of keys.entries()) {
    if (typeof key !== 'string' || !isTagKey(key)) {
      throw new DefinitionError('ERR_TAG_KEYS', `a tag key must be 1 to 255 printable ASCII characters: ${what} ${name} has ${shown(key)}`)
    }
    if (keys.indexOf(key) !== at) {
      throw new DefinitionError('ERR_TAG_KEYS', `tag keys must differ: ${what} ${name} has ${shown(key)} twice`)
    }
  }
}

/** A value for an error text: short, and without calling its own methods. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return `${value.length} of them`
  if (typeof value !== 'string') return value === null ? 'null' : `a ${typeof value}`
  return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value)
}
