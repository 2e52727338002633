/**
 * Returns an equal string that does not share memory with a larger one: a slice would keep the whole string it was cut from. V8 stores a
 * property name once for the whole process. The caller's string is therefore usually the same object, and a map finds it without comparing
 * characters, three times as fast as with a slice; see bench/metrics/row-index.bench.js.
 */
export function internString(text: string): string {
  const holder: { [name: string]: true } = Object.create(null)
  holder[text] = true
  return Object.keys(holder)[0]!
}

/** V8 copies shorter slices: only slices from this length on share memory with another string. */
export const SHORTEST_SLICE = 13
/** Returns an equal string that does not share memory with a larger one. Unlike {@link internString}, it returns a short one as it is. */
export function ownString(text: string): string {
  return text.length < SHORTEST_SLICE ? text : internString(text)
}

const LONGEST_RECENT = 64
/** A power of two. */
const SLOTS = 1_024
const recent: string[] = new Array<string>(SLOTS).fill('')

/**
 * Like {@link internString}, if that is possible quickly: a short string is returned as it is, one of up to 64 characters comes from a
 * table of recent ones, which takes at most 128 kB. A newer string replaces an entry. Returns undefined for other values and for strings
 * that are not well-formed. This is a third of the cost of a tag map; see bench/stats/tags.bench.js.
 */
export function internRecent(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined
  const { length } = value
  if (length < SHORTEST_SLICE) return value.isWellFormed() ? value : undefined
  if (length > LONGEST_RECENT) return undefined
  const letters = (value.charCodeAt(length - 1) * 31 + value.charCodeAt(length - 2)) * 31 + value.charCodeAt(length - 4)
  const slot = (letters * 31 + length) & (SLOTS - 1)
  const known = recent[slot]!
  if (known === value) return known
  if (!value.isWellFormed()) return undefined
  return (recent[slot] = internString(value))
}

/** The index after the first `maxLength` code points, in UTF-16 units. */
export function endOfCodePoints(text: string, maxLength: number): number {
  if (text.length <= maxLength) return text.length
  let end = 0
  for (let points = 0; points < maxLength && end < text.length; points++) {
    end += text.codePointAt(end)! > 0xffff ? 2 : 1
  }
  return end
}

/**
 * Cuts a string after `maxLength` code points. The result does not share memory with the original, which may be large. Returns the string
 * itself if it is short enough.
 */
export function cutString(text: string, maxLength: number): string {
  const end = endOfCodePoints(text, maxLength)
  return end === text.length ? text : internString(text.slice(0, end))
}
