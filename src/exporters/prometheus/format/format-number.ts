/** A value as every text format takes it: the shortest form that reads back to the same double. */
export function formatNumber(value: number): string {
  if (value === Infinity) return '+Inf'
  if (value === -Infinity) return '-Inf'
  return String(value) // NaN is spelled so; -0 reads `0`, which is meant
}

/**
 * A bucket bound or quantile as a label value. Databases compare it as text, so it is spelled as Go's libraries spell
 * it, with an exponent of two digits below 1e-4 and from 1e6 on: the buckets of services in Go and Node then add up.
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
 * A bound in OpenMetrics' canonical form: as {@link formatBound}, with `.0` behind whole numbers.
 * @see https://prometheus.io/docs/specs/om/open_metrics_spec/#considerations-canonical-numbers
 */
export function formatCanonicalBound(bound: number): string {
  const text = formatBound(bound)
  return /^-?\d+$/.test(text) ? `${text}.0` : text
}
