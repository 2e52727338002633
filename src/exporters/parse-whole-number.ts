/** Returns the whole number that a string of digits stands for; undefined for other strings, and outside of `min` … `max`. */
export function parseWholeNumber(text: string, min: number, max: number): number | undefined {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN
  return number >= min && number <= max ? number : undefined
}
