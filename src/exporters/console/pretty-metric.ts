import type { DistributionValue, Metric, PointValue, SummaryValue, TimeSeries } from '../../metrics/data/metric.js'
import { escapeControlCharacters } from '../../base/strings/inspect-value.js'

/**
 * Formats a metric in a human-readable form, with values to five digits:
 *
 * ```text
 * shop/latency [s] distribution, 2024-01-15T10:30:15.000Z: Time to answer
 *   method=GET route=/cart  count 3, sum 0.0375, mean 0.0125 | ≤0.01: 1, ≤0.025: 2
 * ```
 */
export function prettyMetric({ descriptor, timeSeries }: Metric, maxSeries: number): string {
  const { name, unit, type, description, labelKeys } = descriptor
  const time = timeSeries[0]?.points.at(-1)?.timeUnixMs
  const about = `${type
    .replace(/^CUMULATIVE_(?=DIST)/, '')
    .replaceAll('_', ' ')
    .toLowerCase()}${time === undefined ? '' : `, ${isoTime(time)}`}`
  const head = `${escapeControlCharacters(name)} [${escapeControlCharacters(unit)}] ${about}${description === '' ? '' : `: ${escapeControlCharacters(description)}`}\n`
  const shown = timeSeries.slice(0, maxSeries).map((series) => `  ${labels(labelKeys, series)}  ${points(series)}\n`)
  const rest = timeSeries.length - maxSeries
  const tail = rest > 0 ? `  … and ${rest} more\n` : timeSeries.length === 0 ? '  (no values)\n' : ''
  return `${head}${shown.join('')}${tail}`
}

function labels(keys: readonly string[], { labelValues, overflow }: TimeSeries): string {
  if (overflow === true) return '(all beyond the limit)'
  const pairs = keys.flatMap((key, i) => {
    const value = labelValues[i]
    return value === undefined
      ? []
      : [
          `${escapeControlCharacters(key)}=${/[\s"=]/.test(value) ? escapeControlCharacters(JSON.stringify(value)) : escapeControlCharacters(value)}`,
        ]
  })
  return pairs.length === 0 ? '(no labels)' : pairs.join(' ')
}

function points(series: TimeSeries): string {
  return series.points.map(({ value }) => valueText(value)).join('; ')
}

function valueText(value: PointValue): string {
  if (typeof value === 'number') return figure(value)
  return value.kind === 'distribution' ? distribution(value) : summary(value)
}

function distribution({ count, sum, mean, bounds, bucketCounts }: DistributionValue): string {
  const filled = bucketCounts.flatMap((inBucket, i) => {
    if (inBucket === 0) return []
    return [i < bounds.length ? `≤${figure(bounds[i]!)}: ${inBucket}` : `more: ${inBucket}`]
  })
  const buckets = bounds.length === 0 || filled.length === 0 ? '' : ` | ${filled.join(', ')}`
  return `count ${count}, sum ${figure(sum)}, mean ${figure(mean)}${buckets}`
}

function summary({ count, sum, quantiles }: SummaryValue): string {
  const parts = quantiles.map(({ quantile, value }) => `p${figure(quantile * 100)} ${figure(value)}`)
  return [`count ${count}`, `sum ${figure(sum)}`, ...parts].join(', ')
}

/** Formats integers exactly, and other numbers to five digits or, from 1 000 on, to hundredths. */
function figure(value: number): string {
  if (Number.isInteger(value) || !Number.isFinite(value)) return String(value)
  return String(Math.abs(value) < 1_000 ? Number(value.toPrecision(5)) : Math.round(value * 100) / 100)
}

function isoTime(unixMs: number): string {
  return Math.abs(unixMs) < 8.64e15 ? new Date(unixMs).toISOString() : String(unixMs)
}
