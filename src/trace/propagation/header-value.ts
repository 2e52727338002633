const isBlank = (code: number): boolean => code === 0x20 || code === 0x09

// Enough for every header of these formats with blanks around it. A longer one is ignored.
export const MAX_LENGTH = 1_024

/** The value of a header without the blanks and tabs that HTTP allows around it. Empty if there is none or it is too long. */
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
