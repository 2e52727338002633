/** Formats a finite number without an exponent, exactly: `1e-7` is `0.0000001`. StatsD servers reject exponents. */
export function plainNumber(value: number): string {
  const text = String(value)
  const at = text.indexOf('e')
  if (at < 0) return text
  const sign = value < 0 ? '-' : ''
  const [whole, fraction = ''] = text.slice(sign.length, at).split('.') as [string, string?]
  const exponent = Number(text.slice(at + 1))
  const digits = whole + fraction
  const point = whole.length + exponent
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`
  return sign + digits.padEnd(point, '0') // an exponent above 0 is at least 21, and a number has at most 17 digits
}
