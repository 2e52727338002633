import { endOfCodePoints } from '../../base/cut-string.js'
import { internString } from '../../base/intern-string.js'
import { labelsOf, type Labels } from './shared-tag-map.js'

/** Code points kept of a tag value; the rest is cut. */
export const DEFAULT_VALUE_LENGTH = 256
/** The greatest limit that an engine may have. */
export const MAX_VALUE_LENGTH = 16_384

/** True if a value counts as "not set": absent, empty, NaN. */
export function isUnset(value: unknown): boolean {
  return value === undefined || value === null || value === '' || value !== value
}

/** True for what may be a tag value; objects, functions and symbols are never converted by their own methods. */
export function isTagValue(value: unknown): value is string | number | boolean | bigint {
  const type = typeof value
  return type === 'string' || type === 'number' || type === 'boolean' || type === 'bigint'
}

/**
 * The string of a tag value: well-formed (a lone surrogate becomes U+FFFD), at most `maxLength` code points.
 * Returns the string itself if nothing has to change.
 */
export function labelString(value: string | number | boolean | bigint, maxLength: number): string {
  const text = typeof value === 'string' ? value : String(value) // -0 reads `0`, which is meant
  const near = text.length > 2 * maxLength ? text.slice(0, 2 * maxLength) : text // reads a bounded part of any string
  return cut(near.isWellFormed() ? near : near.toWellFormed(), maxLength)
}

function cut(text: string, maxLength: number): string {
  const end = endOfCodePoints(text, maxLength)
  return end === text.length ? text : text.slice(0, end)
}

/**
 * One label of an object. Getters of a class count; `constructor` and the other properties that every object
 * inherits are not tag values and count as not set.
 */
export function labelOf(labels: { readonly [key: string]: unknown }, key: string): unknown {
  const value = labels[key]
  return isTagValue(value) || Object.hasOwn(labels, key) ? value : undefined
}

/** A copy of just these labels, in a form that can always be found: a value that cannot become a string counts as not set. */
export function ownLabels(labels: unknown, keys: readonly string[]): { readonly [key: string]: string } {
  const own: { [key: string]: string } = Object.create(null)
  const given = typeof labels === 'object' && labels !== null ? labelsOf(labels as Labels) : own
  for (const key of keys) {
    const value = labelOf(given, key)
    if (!isUnset(value) && isTagValue(value)) own[key] = internString(labelString(value, MAX_VALUE_LENGTH))
  }
  return Object.freeze(own)
}
