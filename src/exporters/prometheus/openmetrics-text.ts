import type { DistributionValue, Metric, SummaryValue, TimeSeries } from '../../metrics/metric.js'
import { documentFamilies } from './document-families.js'
import { escapeValue } from './escape.js'
import { exemplarText } from './exemplar-text.js'
import { type ExposedFamily, OVERFLOW_LABEL } from './names.js'
import { canonicalBoundText, valueText } from './numbers.js'

export interface OpenMetricsOptions {
  /**
   * Whether counters, histograms and summaries tell since when they count, in a `_created` line for each series.
   * Prometheus stores these as series of their own unless told otherwise. Default false.
   */
  readonly created?: boolean
}

/**
 * Snapshots as a document of OpenMetrics text 1.0.0, the format in its plainest form; the handler's encoder writes the
 * same bytes from rows. What the specification forbids is left out rather than sent: a counter that is NaN or negative,
 * `_sum` and `_count` beside negative bounds or of a negative sum, quantiles below zero, states without their label.
 *
 * @see https://prometheus.io/docs/specs/om/open_metrics_spec/
 * @example
 * formatOpenMetrics(stats.getMetrics()) // # TYPE shop_requests counter\n# HELP … shop_requests_total 3\n# EOF\n
 */
export function formatOpenMetrics(metrics: readonly Metric[], options: OpenMetricsOptions = {}): string {
  const families = documentFamilies(metrics).map(({ source, exposed }) => familyText(exposed, source, options))
  return `${families.join('')}# EOF\n`.toWellFormed()
}

function familyText(family: ExposedFamily, metric: Metric, { created = false }: OpenMetricsOptions): string {
  const samples = metric.timeSeries.map((series) => seriesText(family, series, created)).join('')
  return samples === '' ? '' : openMetricsHead(family) + samples
}

/** The lines above the samples of a family. */
export function openMetricsHead({ baseName, openMetricsType, unit, help }: ExposedFamily): string {
  return (
    `# TYPE ${baseName} ${openMetricsType}\n` +
    (unit === '' ? '' : `# UNIT ${baseName} ${unit}\n`) +
    (help === '' ? '' : `# HELP ${baseName} ${escapeValue(help)}\n`)
  )
}

function seriesText(family: ExposedFamily, series: TimeSeries, created: boolean): string {
  const value = series.points.at(-1)?.value
  const labels = labelsText(family, series)
  if (value === undefined) return ''
  const samples =
    typeof value === 'number'
      ? scalarText(family, labels, value, series)
      : value.kind === 'distribution'
        ? histogramText(family, labels, value)
        : summaryText(family, labels, value)
  const since = series.startTimeUnixMs
  if (!created || samples === '' || since === undefined || !hasCreated(family)) return samples
  return samples + line(`${family.baseName}_created`, labels, valueText(since / 1_000))
}

function hasCreated({ openMetricsType: type }: ExposedFamily): boolean {
  return type === 'counter' || type === 'histogram' || type === 'summary'
}

function scalarText(family: ExposedFamily, labels: string, value: number, series: TimeSeries): string {
  switch (family.openMetricsType) {
    case 'counter':
      return value >= 0 ? line(family.name, labels, valueText(value) + exemplarText(series.exemplar, -Infinity, Infinity)) : ''
    case 'gauge':
    case 'unknown':
      return line(family.name, labels, valueText(value))
    case 'info':
      return value === 1 ? line(family.name, labels, '1') : ''
    case 'stateset': {
      const state = series.labelValues[family.labelNames.length - 1] ?? ''
      return state !== '' && (value === 0 || value === 1) ? line(family.name, labels, valueText(value)) : ''
    }
    default:
      return ''
  }
}

function histogramText(family: ExposedFamily, labels: string, value: DistributionValue): string {
  if (family.type !== 'histogram') return ''
  const { bounds, bucketCounts, count, sum, exemplars } = value
  const name = `${family.baseName}_bucket`
  let text = ''
  let below = 0
  for (let i = 0; i <= bounds.length; i++) {
    const bound = bounds[i] ?? Infinity
    below = i === bounds.length ? count : below + (bucketCounts[i] ?? 0)
    const exemplar = exemplarText(exemplars?.[i], bounds[i - 1] ?? -Infinity, bound)
    text += line(name, withLabel(labels, 'le', canonicalBoundText(bound)), String(below) + exemplar)
  }
  if (!(sum >= 0) || (bounds[0] ?? 0) < 0) return text
  return text + line(`${family.baseName}_count`, labels, String(count)) + line(`${family.baseName}_sum`, labels, valueText(sum))
}

function summaryText(family: ExposedFamily, labels: string, { quantiles, count, sum }: SummaryValue): string {
  if (family.type !== 'summary') return ''
  return (
    quantiles
      .filter(({ value }) => !(value < 0))
      .map(({ quantile, value }) => line(family.baseName, withLabel(labels, 'quantile', canonicalBoundText(quantile)), valueText(value)))
      .join('') +
    line(`${family.baseName}_count`, labels, String(count)) +
    (sum >= 0 ? line(`${family.baseName}_sum`, labels, valueText(sum)) : '')
  )
}

function labelsText({ labelNames }: ExposedFamily, { labelValues, overflow }: TimeSeries): string {
  const labels = labelNames.flatMap((name, i) => {
    const value = labelValues[i] ?? ''
    return value === '' ? [] : [`${name}="${escapeValue(value)}"`]
  })
  if (overflow === true) labels.push(`${OVERFLOW_LABEL}="true"`)
  return labels.join(',')
}

function withLabel(labels: string, name: string, value: string): string {
  return labels === '' ? `${name}="${value}"` : `${labels},${name}="${value}"`
}

function line(name: string, labels: string, value: string): string {
  return labels === '' ? `${name} ${value}\n` : `${name}{${labels}} ${value}\n`
}
