/** Why a tag value was not used. */
export type RefusedValue = 'object' | 'function' | 'symbol'

/** Code points kept of a tag value; the rest is cut. */
export const DEFAULT_VALUE_LENGTH = 256
/** No engine may be told to keep more. */
export const MAX_VALUE_LENGTH = 16_384

/** True where a value counts as "not set": absent, empty, NaN. */
export function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || value === '' || value !== value
}

/** True for what may be a tag value; objects, functions and symbols are never turned to text by their own methods. */
export function isTagValue(value: unknown): value is string | number | boolean | bigint {
  const type = typeof value
  return type === 'string' || type === 'number' || type === 'boolean' || type === 'bigint'
}

/**
 * The text of a tag value: well-formed (a lone surrogate becomes U+FFFD), at most `maxLength` code points.
 * Gives the string itself where nothing has to change.
 */
export function labelText(value: string | number | boolean | bigint, maxLength: number): string {
  const text = typeof value === 'string' ? value : String(value === 0 ? 0 : value)
  return cut(text.isWellFormed() ? text : text.slice(0, 2 * maxLength + 2).toWellFormed(), maxLength)
}

function cut(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text
  let end = 0
  for (let points = 0; points < maxLength && end < text.length; points++) {
    end += text.codePointAt(end)! > 0xffff ? 2 : 1
  }
  return end === text.length ? text : text.slice(0, end)
}

/** A copy with its own memory: a short slice would otherwise keep the whole text it was cut from. */
export function ownText(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8')
}

/** A copy of just these labels, in a form that can always be found: what cannot be text counts as not set. */
export function ownLabels(labels: { readonly [key: string]: unknown }, keys: readonly string[]): { readonly [key: string]: string } {
  const own: { [key: string]: string } = Object.create(null)
  for (const key of keys) {
    const value = Object.hasOwn(labels, key) ? labels[key] : undefined
    if (!isAbsent(value) && isTagValue(value)) own[key] = labelText(value, MAX_VALUE_LENGTH)
  }
  return Object.freeze(own)
}
