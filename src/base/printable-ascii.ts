const PRINTABLE_ASCII = /^[ -~]*$/

/** Whether a value is a string of at most `maxCharacters` characters, all of them from the blank to `~`. */
export function isPrintableAscii(value: unknown, maxCharacters: number = Number.POSITIVE_INFINITY): value is string {
  return typeof value === 'string' && value.length <= maxCharacters && PRINTABLE_ASCII.test(value)
}
