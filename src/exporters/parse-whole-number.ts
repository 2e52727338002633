/** Parses a string of digits. Returns undefined for other strings, and for numbers outside of `min` … `max`. */
export function parseWholeNumber(text: string, min: number, max: number): number | undefined {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN
  return number >= min && number <= max ? number : undefined
}
