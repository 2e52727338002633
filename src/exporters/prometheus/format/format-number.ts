/** Formats a value for the text formats: the shortest form that parses to the same double. */
export function formatNumber(value: number): string {
  if (value === Infinity) return '+Inf'
  if (value === -Infinity) return '-Inf'
  return String(value) // -0 becomes `0`
}

/**
 * Formats a bucket bound or quantile as a label value. Databases compare it as a string, so that it is formatted as in Go, with an
 * exponent of two digits below 1e-4 and from 1e6 on. Buckets of Go and Node services can then be added.
 */
export function formatBound(bound: number): string {
  const size = Math.abs(bound)
  if (size === Infinity || bound !== bound) return formatNumber(bound)
  if (bound === 0 || (size >= 1e-4 && size < 1e6)) return String(bound)
  const text = bound.toExponential()
  const sign = text.indexOf('e') + 1
  return text.length - sign > 2 ? text : `${text.slice(0, sign + 1)}0${text.slice(sign + 1)}`
}

/**
 * Formats a bound in OpenMetrics' canonical form: like {@link formatBound}, with `.0` after whole numbers.
 * @see https://prometheus.io/docs/specs/om/open_metrics_spec/#considerations-canonical-numbers
 */
export function formatCanonicalBound(bound: number): string {
  const text = formatBound(bound)
  return /^-?\d+$/.test(text) ? `${text}.0` : text
}
