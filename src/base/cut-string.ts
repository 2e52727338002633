import { internString } from './intern-string.js'

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
