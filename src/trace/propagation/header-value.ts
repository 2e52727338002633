const isBlank = (code: number): boolean => code === 0x20 || code === 0x09

// What a header of ours needs, with room for blanks around it; whatever is longer is not looked at.
export const MAX_LENGTH = 1_024

/** A header's value without the blanks and tabs that HTTP allows around it; empty if there is none or it is far too long. */
export function headerValue(text: string | undefined): string {
  if (text === undefined || text.length > MAX_LENGTH) return ''
  return withoutBlanks(text)
}

export function withoutBlanks(text: string): string {
  let from = 0
  let to = text.length
  while (from < to && isBlank(text.charCodeAt(from))) from++
  while (to > from && isBlank(text.charCodeAt(to - 1))) to--
  return from === 0 && to === text.length ? text : text.slice(from, to)
}
