/**
 * The string with memory of its own: a short slice would otherwise keep the whole string it was cut from. As the name of a
 * property V8 keeps it in one piece, and once for the whole process, so that the caller's string is mostly this very one
 * and a map finds it without comparing letters: three times as fast as with a slice, see bench/metrics/row-index.bench.js.
 */
export function internString(text: string): string {
  const holder: { [name: string]: true } = Object.create(null)
  holder[text] = true
  return Object.keys(holder)[0]!
}

/** V8 cuts no string of fewer characters out of another: only longer ones can keep a whole request in memory. */
export const SHORTEST_SLICE = 13
const LONGEST_RECENT = 64
/** A power of two. */
const SLOTS = 1_024
const recent: string[] = new Array<string>(SLOTS).fill('')

/**
 * The string with memory of its own, if that can be had quickly: a short one as it is, one of up to 64 characters from a table
 * of recent ones, two times 64 kB at most. What is in the table is never wrong, since strings do not change; a newer one replaces
 * it. Undefined for other values, and for strings that are not well-formed. A third of what a tag map costs, see
 * bench/stats/tags.bench.js.
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
