import { internalCount, internalCounter } from '../../base/internal-metrics.js'
import { endOfCodePoints, internString } from '../../base/strings/intern-string.js'
import { allTags, isTagValue } from './all-tags.js'
import { labelsOf, type Labels } from './shared-tag-map.js'

/** Limit of a tag value in code points; the rest is cut. */
export const DEFAULT_VALUE_LENGTH = 256
/** The greatest value of this limit. */
export const MAX_VALUE_LENGTH = 16_384

const REFUSED = internalCounter(
  'tallyscope_refused_tags_total',
  'Tags left out of a tag map or of the labels of a series because of their key or value.',
  'reason',
)

/** Counts a tag that is left out, since a tag map or a series is made without it. */
export function countRefusedTag(reason: 'key' | 'value' | 'unreadable'): void {
  internalCount(REFUSED, reason).value++
}

/** True if a value counts as "not set": absent, empty, NaN. */
export function isUnset(value: unknown): boolean {
  return value === undefined || value === null || value === '' || value !== value
}

/**
 * The string of a tag value: well-formed (a lone surrogate becomes U+FFFD), at most `maxLength` code points.
 * Returns the string itself if nothing has to change.
 */
export function labelString(value: string | number | boolean | bigint, maxLength: number): string {
  const text = typeof value === 'string' ? value : String(value) // -0 becomes `0`
  const near = text.length > 2 * maxLength ? text.slice(0, 2 * maxLength) : text // so that the time is limited for any string
  return cut(near.isWellFormed() ? near : near.toWellFormed(), maxLength)
}

function cut(text: string, maxLength: number): string {
  const end = endOfCodePoints(text, maxLength)
  return end === text.length ? text : text.slice(0, end)
}

/** The string of a value as rows store it; undefined if it counts as not set; null if it is not valid. */
export function storedString(value: unknown, maxLength: number): string | undefined | null {
  if (isUnset(value)) return undefined
  return isTagValue(value) ? labelString(value, maxLength) : null
}

/**
 * Reads one label of an object. Getters of a class count. Properties that every object inherits, such as `constructor`, count as not set.
 */
export function labelOf(labels: { readonly [key: string]: unknown }, key: string): unknown {
  const value = labels[key]
  return isTagValue(value) || Object.hasOwn(labels, key) ? value : undefined
}

/** All labels of an object by their keys; undefined if it is not an object, or cannot be read. */
export function labelEntries(given: unknown): [key: string, value: unknown][] | undefined {
  try {
    return typeof given === 'object' && given !== null ? Object.entries(allTags(labelsOf(given as Labels))) : undefined
  } catch {
    return undefined // a getter or a proxy threw
  }
}

/** A copy of the labels with these keys, as strings. A value that is not valid is left out and counted. */
export function ownLabels(labels: unknown, keys: readonly string[]): { readonly [key: string]: string } {
  return Object.freeze(labelsOfValues(keys, ownValues(labels, keys)))
}

/** Like {@link ownLabels}, for a handle that keeps them: labels that cannot be read are left out and counted. Never throws. */
export function boundLabels(labels: unknown, keys: readonly string[]): { readonly [key: string]: string } {
  return Object.freeze(labelsOfValues(keys, boundValues(labels, keys)))
}

/** Like {@link boundLabels}, but the values alone, in the order of the keys. */
export function boundValues(labels: unknown, keys: readonly string[]): (string | undefined)[] {
  try {
    return ownValues(labels, keys)
  } catch {
    countRefusedTag('unreadable') // a getter or a proxy threw
    return keys.map(() => undefined)
  }
}

/** Like {@link ownLabels}, but the values alone, in the order of the keys. */
function ownValues(labels: unknown, keys: readonly string[]): (string | undefined)[] {
  if (typeof labels !== 'object' || labels === null) return keys.map(() => undefined)
  const given = labelsOf(labels as Labels)
  return keys.map((key) => {
    const text = storedString(labelOf(given, key), MAX_VALUE_LENGTH)
    if (text === null) countRefusedTag('value')
    return text == null ? undefined : internString(text)
  })
}

/** The labels with these keys and values, in the same order. A value of undefined is not set. */
export function labelsOfValues<V>(keys: readonly string[], values: readonly (V | undefined)[]): { [key: string]: V } {
  const labels: { [key: string]: V } = Object.create(null)
  for (const [at, key] of keys.entries()) {
    const value = values[at]
    if (value !== undefined) labels[key] = value
  }
  return labels
}
