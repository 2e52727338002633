import { internString } from '../../base/strings/intern-string.js'
import { cutKey } from './cut-strings.js'
import { BoundedMap } from './bounded-map.js'
import { droppedAttributes, refusedValues } from './span-metrics.js'
import { type TruncatableString, truncatable } from './truncatable.js'

export type AttributeValue = string | number | boolean
/** Attributes as an object. Values that are not strings, numbers or booleans are dropped and counted. */
export type AttributesInit = Readonly<Record<string, unknown>>
export type Attributes = Readonly<Record<string, AttributeValue>>

export const NO_ATTRIBUTES: Attributes = Object.freeze({})

/** Strings are cut to this number of UTF-16 units when they are set. */
export const MAX_ATTRIBUTE_LENGTH = 4_096

/** The value as it is stored; undefined if its type is not supported. */
export function attributeValue(value: unknown): AttributeValue | undefined {
  switch (typeof value) {
    case 'string':
      return value.length > MAX_ATTRIBUTE_LENGTH ? internString(value.slice(0, MAX_ATTRIBUTE_LENGTH)) : value
    case 'number':
    case 'boolean':
      return value
    case 'bigint':
      return Number.isSafeInteger(Number(value)) ? Number(value) : internString(value.toString().slice(0, MAX_ATTRIBUTE_LENGTH))
    default:
      return undefined
  }
}

/** Reads at most `max` attributes; the others are counted. Returns undefined if there are none. */
export function collectAttributes(given: AttributesInit | undefined, max: number): BoundedMap<string, AttributeValue> | undefined {
  if (given == null) return undefined
  const attributes = new BoundedMap<string, AttributeValue>(max)
  for (const key in given) {
    const value = attributeValue(given[key])
    if (value === undefined) refusedValues.value++
    else attributes.set(cutKey(key), value)
  }
  droppedAttributes.value += attributes.dropped
  return attributes.size === 0 ? undefined : attributes
}

/** Returns the attributes as a frozen plain object. */
export function plainAttributes(attributes: Iterable<[string, AttributeValue]> | undefined): Attributes {
  return attributes === undefined ? NO_ATTRIBUTES : Object.freeze(Object.fromEntries(attributes))
}

type AttributeJson =
  | { readonly bool_value: boolean }
  | { readonly int_value: number }
  /** A string for numbers that JSON does not have, as the JSON form of protobuf has them. */
  | { readonly double_value: number | 'NaN' | 'Infinity' | '-Infinity' }
  | { readonly string_value: TruncatableString }

/** The typed JSON form of a value; null if it has none. */
export function attributeJson(value: unknown): AttributeJson | null {
  switch (typeof value) {
    case 'boolean':
      return { bool_value: value }
    case 'number':
      return Number.isSafeInteger(value) ? { int_value: value } : { double_value: doubleJson(value) }
    case 'string':
      return { string_value: truncatable(value) }
    default:
      return null
  }
}

function doubleJson(value: number): number | 'NaN' | 'Infinity' | '-Infinity' {
  return Number.isFinite(value) ? value : (String(value) as 'NaN' | 'Infinity' | '-Infinity')
}

/** The JSON form of a set of attributes. */
export function attributesJson(attributes: Attributes): { attributeMap: Record<string, AttributeJson> } {
  // Entries rather than assignments: a key `__proto__` stays a key.
  const forms = Object.entries(attributes).map(([key, value]) => [key, attributeJson(value)] as const)
  return { attributeMap: Object.fromEntries(forms.filter((form): form is [string, AttributeJson] => form[1] !== null)) }
}
