import type { DistributionValue, Metric, SummaryValue, TimeSeries } from '../../../metrics/data/metric.js'
import { selectFamilies } from './select-families.js'
import { escapeHelp } from './escape.js'
import type { ExposedFamily } from './names.js'
import { formatNumber } from './format-number.js'
import { seriesLabels, sampleLine, withLabel } from './sample-line.js'

/**
 * Formats snapshots as a document of the Prometheus text format 0.0.4. This is the reference: {@link streamText} writes the same bytes
 * from rows.
 *
 * Families are sorted by name; series are in the order of their creation. Families without series and empty labels are omitted. The format
 * has no units, exemplars or start times.
 *
 * @throws {@link DefinitionError} `ERR_METRICS` unless the metrics are an array.
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
 * @example
 * formatText(stats.getMetrics()) // # HELP shop_requests_total Requests\n# TYPE shop_requests_total counter\n…
 */
export function formatText(metrics: readonly Metric[]): string {
  return selectFamilies(metrics)
    .map(({ members, exposed }) =>
      familyText(
        exposed,
        members.flatMap(({ timeSeries }) => timeSeries),
      ),
    )
    .join('')
    .toWellFormed()
}

/** Formats one family. Empty if it has no series. */
function familyText(family: ExposedFamily, timeSeries: readonly TimeSeries[]): string {
  const samples = timeSeries.map((series) => seriesText(family, series)).join('')
  return samples === '' ? '' : textHead(family) + samples
}

/** Formats the lines before the samples of a family. */
export function textHead({ name, type, help }: ExposedFamily): string {
  return `${help === '' ? '' : `# HELP ${name} ${escapeHelp(help)}\n`}# TYPE ${name} ${type}\n`
}

/** Formats the samples of one series. Empty if its value does not match the type of the family. */
export function seriesText(family: ExposedFamily, series: TimeSeries): string {
  const value = series.points.at(-1)?.value
  const labels = seriesLabels(family, series)
  if (typeof value === 'number') {
    return family.type === 'counter' || family.type === 'gauge' ? sampleLine(family.name, labels, formatNumber(value)) : ''
  }
  if (value?.kind === 'distribution') return family.type === 'histogram' ? histogramText(family, labels, value) : ''
  if (value?.kind === 'summary') return family.type === 'summary' ? summaryText(family, labels, value) : ''
  return ''
}

function histogramText(
  { name, formatBound }: ExposedFamily,
  labels: string,
  { bounds, bucketCounts, count, sum }: DistributionValue,
): string {
  let text = ''
  let below = 0
  for (let i = 0; i < bounds.length; i++) {
    below += bucketCounts[i] ?? 0
    text += sampleLine(`${name}_bucket`, withLabel(labels, 'le', formatBound(bounds[i]!)), String(below))
  }
  return (
    text +
    sampleLine(`${name}_bucket`, withLabel(labels, 'le', '+Inf'), String(count)) +
    sampleLine(`${name}_sum`, labels, formatNumber(sum)) +
    sampleLine(`${name}_count`, labels, String(count))
  )
}

function summaryText({ name, formatBound }: ExposedFamily, labels: string, { quantiles, count, sum }: SummaryValue): string {
  return (
    quantiles
      .map(({ quantile, value }) => sampleLine(name, withLabel(labels, 'quantile', formatBound(quantile)), formatNumber(value)))
      .join('') +
    sampleLine(`${name}_sum`, labels, formatNumber(sum)) +
    sampleLine(`${name}_count`, labels, String(count))
  )
}
