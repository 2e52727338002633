import { internString } from './intern-string.js'

/** The end of the first `maxLength` code points, in UTF-16 units. */
export function endOfCodePoints(text: string, maxLength: number): number {
  if (text.length <= maxLength) return text.length
  let end = 0
  for (let points = 0; points < maxLength && end < text.length; points++) {
    end += text.codePointAt(end)! > 0xffff ? 2 : 1
  }
  return end
}

/**
 * At most `maxLength` code points of a string that is kept, with memory of their own: a limit by number without one by size
 * is none. Returns the string itself if it is short enough.
 */
export function cutString(text: string, maxLength: number): string {
  const end = endOfCodePoints(text, maxLength)
  return end === text.length ? text : internString(text.slice(0, end))
}
