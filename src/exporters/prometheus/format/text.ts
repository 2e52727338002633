import type { DistributionValue, Metric, SummaryValue, TimeSeries } from '../../../metrics/data/metric.js'
import { selectFamilies } from './select-families.js'
import { escapeHelp } from './escape.js'
import { labelPairs } from './label-pairs.js'
import type { ExposedFamily } from './names.js'
import { formatNumber } from './format-number.js'
import { sampleLine, withLabel } from './sample-line.js'

/**
 * Snapshots as a document of the Prometheus text format 0.0.4.
 *
 * This is the format in its plainest form, to be read beside the specification; {@link streamText} writes the same
 * bytes from rows. Families are sorted by name, series are in the order in which they were made. Families
 * without series, empty labels and everything that 0.0.4 has no word for (units, exemplars, start times) are left out.
 *
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

/** One family; empty if it has no series. */
function familyText(family: ExposedFamily, timeSeries: readonly TimeSeries[]): string {
  const samples = timeSeries.map((series) => seriesText(family, series)).join('')
  return samples === '' ? '' : textHead(family) + samples
}

/** The lines above the samples of a family. */
export function textHead({ name, type, help }: ExposedFamily): string {
  return `${help === '' ? '' : `# HELP ${name} ${escapeHelp(help)}\n`}# TYPE ${name} ${type}\n`
}

/** The samples of one series; empty if the format has no word for them. */
export function seriesText(family: ExposedFamily, series: TimeSeries): string {
  const value = series.points.at(-1)?.value
  const labels = labelsText(family, series)
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

function labelsText({ labelNames }: ExposedFamily, { labelValues, overflow = false }: TimeSeries): string {
  return labelPairs(labelNames, (at) => labelValues[at], overflow)
}
