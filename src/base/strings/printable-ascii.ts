/**
 * True for a string of at most `maxCharacters` characters from the blank to `~`. For a short string, such as a tag key, a loop takes a
 * fifth of the time of a regular expression; see bench/stats/tags.bench.js.
 */
export function isPrintableAscii(value: unknown, maxCharacters: number = Number.POSITIVE_INFINITY): value is string {
  if (typeof value !== 'string' || value.length > maxCharacters) return false
  for (let at = 0; at < value.length; at++) {
    const code = value.charCodeAt(at)
    if (code < 0x20 || code > 0x7e) return false
  }
  return true
}
