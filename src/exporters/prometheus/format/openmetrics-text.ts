import { getOrInsert } from '../../../base/get-or-insert.js'
import { checkOptions } from '../../../base/check-options.js'
import type { DistributionValue, Metric, SummaryValue, TimeSeries } from '../../../metrics/data/metric.js'
import { selectFamilies } from './select-families.js'
import { escapeValue } from './escape.js'
import { exemplarText } from './exemplar-text.js'
import type { ExposedFamily } from './names.js'
import { formatCanonicalBound, formatNumber } from './format-number.js'
import { seriesLabels, sampleLine, withLabel } from './sample-line.js'

export interface OpenMetricsOptions {
  /**
   * Adds the start time of counters, histograms and summaries, as a `_created` line for each series. By default, Prometheus stores these as
   * separate series. Default false.
   */
  readonly created?: boolean
}

/**
 * Formats snapshots as OpenMetrics text 1.0.0. This is the reference: the encoder of the handler writes the same bytes from rows.
 *
 * Samples that the specification forbids are omitted: counters that are NaN or negative, `_sum` and `_count` with negative bounds or a
 * negative sum, negative quantiles, and states without their label.
 *
 * @throws {@link DefinitionError} `ERR_METRICS` unless the metrics are an array, `ERR_OPTION` for an unknown option.
 * @see https://prometheus.io/docs/specs/om/open_metrics_spec/
 * @example
 * formatOpenMetrics(stats.getMetrics()) // # TYPE shop_requests counter\n# HELP … shop_requests_total 3\n# EOF\n
 */
export function formatOpenMetrics(metrics: readonly Metric[], options: OpenMetricsOptions = {}): string {
  checkOptions('formatOpenMetrics', options, { created: true })
  const { created = false } = options
  const families = selectFamilies(metrics, 'openmetrics').map(({ members, exposed }) => {
    const timeSeries = members.flatMap((metric) => metric.timeSeries)
    const samples = groupedSeries(exposed, timeSeries)
      .map((series) => openMetricsSeries(exposed, series, created))
      .join('')
    return samples === '' ? '' : openMetricsHead(exposed) + samples
  })
  return `${families.join('')}# EOF\n`.toWellFormed()
}

/** Formats the lines before the samples of a family. */
export function openMetricsHead({ baseName, openMetricsType, unit, help }: ExposedFamily): string {
  return (
    `# TYPE ${baseName} ${openMetricsType}\n` +
    (unit === '' ? '' : `# UNIT ${baseName} ${unit}\n`) +
    (help === '' ? '' : `# HELP ${baseName} ${escapeValue(help)}\n`)
  )
}

/** Sorts the series so that the states of one set, each of which is a series, are adjacent. */
export function groupedSeries({ openMetricsType, labelNames }: ExposedFamily, series: readonly TimeSeries[]): readonly TimeSeries[] {
  if (openMetricsType !== 'stateset') return series
  const sets = new Map<string, TimeSeries[]>()
  for (const state of series) {
    const set = JSON.stringify(state.labelValues.slice(0, labelNames.length - 1).map((value) => value ?? ''))
    getOrInsert(sets, set, () => []).push(state)
  }
  return [...sets.values()].flat()
}

/** Formats all lines of one series. Empty if the specification does not allow its value. */
export function openMetricsSeries(family: ExposedFamily, series: TimeSeries, created: boolean): string {
  const value = series.points.at(-1)?.value
  if (value === undefined) return ''
  const labels = seriesLabels(family, series)
  const samples =
    typeof value === 'number'
      ? scalarText(family, labels, value, series)
      : value.kind === 'distribution'
        ? histogramText(family, labels, value)
        : summaryText(family, labels, value)
  const since = series.startTimeUnixMs
  if (!created || samples === '' || since === undefined || !hasCreated(family)) return samples
  return samples + sampleLine(`${family.baseName}_created`, labels, formatNumber(since / 1_000))
}

export function hasCreated({ openMetricsType: type }: ExposedFamily): boolean {
  return type === 'counter' || type === 'histogram' || type === 'summary'
}

/** Returns true if the type of a family allows this value. */
export function allowsValue({ openMetricsType: type }: ExposedFamily, value: number): boolean {
  if (type === 'counter') return value >= 0
  if (type === 'info') return value === 1
  return type !== 'stateset' || value === 0 || value === 1
}

/** Returns true if `_sum` and `_count` are allowed: not if values can be negative. */
export function allowsSum(sum: number, bounds: readonly number[]): boolean {
  return sum >= 0 && (bounds[0] ?? 0) >= 0
}

function scalarText(family: ExposedFamily, labels: string, value: number, series: TimeSeries): string {
  const { openMetricsType: type, labelNames } = family
  if (type === 'histogram' || type === 'summary' || !allowsValue(family, value)) return ''
  if (type === 'stateset' && (series.labelValues[labelNames.length - 1] ?? '') === '') return ''
  const exemplar = type === 'counter' ? exemplarText(series.exemplar, -Infinity, Infinity) : ''
  return sampleLine(family.name, labels, formatNumber(value) + exemplar)
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
    text += sampleLine(name, withLabel(labels, 'le', formatCanonicalBound(bound)), String(below) + exemplar)
  }
  if (!allowsSum(sum, bounds)) return text
  return (
    text + sampleLine(`${family.baseName}_sum`, labels, formatNumber(sum)) + sampleLine(`${family.baseName}_count`, labels, String(count))
  )
}

function summaryText(family: ExposedFamily, labels: string, { quantiles, count, sum }: SummaryValue): string {
  if (family.type !== 'summary') return ''
  const name = family.baseName
  return (
    quantiles
      .filter(({ value }) => !(value < 0))
      .map(({ quantile, value }) => sampleLine(name, withLabel(labels, 'quantile', formatCanonicalBound(quantile)), formatNumber(value)))
      .join('') +
    (sum >= 0 ? sampleLine(`${name}_sum`, labels, formatNumber(sum)) : '') +
    sampleLine(`${name}_count`, labels, String(count))
  )
}
