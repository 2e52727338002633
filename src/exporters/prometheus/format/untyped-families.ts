import type { DistributionValue, Metric, MetricDescriptor, SummaryValue, TimeSeries } from '../../../metrics/data/metric.js'
import type { Family } from '../../../metrics/data/row-source.js'
import { snapshotsOf } from '../../../metrics/data/snapshot.js'
import { formatCanonicalBound } from './format-number.js'
import { type ExposedFamily, exposedFamily, type OpenMetricsType, withoutType } from './names.js'
import type { SelectedFamily } from './selected-family.js'

/** Types that reserve names with suffixes, in the order in which they are removed: the type of a histogram is the most important. */
const SUFFIXED: readonly OpenMetricsType[] = ['info', 'counter', 'summary', 'histogram']

/**
 * Removes the types of families that reserve a name of another family in OpenMetrics, such as `x_created` of a histogram `x`. All samples
 * are kept. A histogram or a summary becomes one family without a type for each of its sample names, and its buckets lose their exemplars.
 *
 * The sample names of the families must be distinct.
 */
export function untypeClashes<F extends Family>(families: readonly SelectedFamily<F>[]): readonly SelectedFamily<F>[] {
  const owners = new Map<string, number>()
  const count = ({ exposed }: SelectedFamily<F>, change: number): void => {
    for (const name of exposed.ownedNames) owners.set(name, (owners.get(name) ?? 0) + change)
  }
  const clashes = ({ exposed }: SelectedFamily<F>): boolean => exposed.ownedNames.some((name) => owners.get(name)! > 1)
  families.forEach((family) => count(family, 1))
  if (!families.some(clashes)) return families
  return SUFFIXED.reduce(
    (selected, type) =>
      selected.flatMap((family) => {
        if (family.exposed.openMetricsType !== type || !clashes(family)) return [family]
        const parts = untyped(family)
        count(family, -1)
        parts.forEach((part) => count(part, 1))
        return parts
      }),
    families,
  )
}

function untyped<F extends Family>({ members, exposed }: SelectedFamily<F>): readonly SelectedFamily<F>[] {
  const { openMetricsType: type } = exposed
  if (type !== 'histogram' && type !== 'summary') return [{ members, exposed: withoutType(exposed) }]
  const series = snapshotsOf(members, 0).flatMap((metric) => metric.timeSeries)
  const parts =
    type === 'histogram'
      ? [part(exposed, '_bucket', series, bucketsOf, 'le'), part(exposed, '_count', series, countOf), part(exposed, '_sum', series, sumOf)]
      : [part(exposed, '', series, quantilesOf, 'quantile'), part(exposed, '_count', series, countOf), part(exposed, '_sum', series, sumOf)]
  return parts.map((metric) => ({
    members: [metric as Family as F],
    exposed: { ...exposedFamily(metric.descriptor), openMetricsType: 'unknown' },
  }))
}

/** A sample of a histogram or summary, with the value of its label `le` or `quantile`. */
type Sample = readonly [value: number, label?: string]
type SamplesOf = (value: DistributionValue | SummaryValue) => readonly Sample[]

/** Converts the samples of one name to a gauge. */
function part(
  { name, labelNames, help }: ExposedFamily,
  suffix: string,
  series: readonly TimeSeries[],
  samplesOf: SamplesOf,
  label?: string,
): Metric {
  const descriptor: MetricDescriptor = {
    name: name + suffix,
    description: help,
    unit: '1',
    type: 'GAUGE_DOUBLE',
    labelKeys: label === undefined ? labelNames : [...labelNames, label],
    exactName: true,
  }
  const timeSeries = series.flatMap(({ labelValues, overflow = false, points }) => {
    const { timeUnixMs = 0, value } = points.at(-1) ?? {}
    if (value === undefined || typeof value === 'number') return []
    return samplesOf(value).map(([sample, own]) => ({
      labelValues: own === undefined ? labelValues : [...labelValues, own],
      overflow,
      points: [{ timeUnixMs, value: sample }],
    }))
  })
  return { descriptor, timeSeries }
}

const countOf: SamplesOf = ({ count }) => [[count]]
const sumOf: SamplesOf = ({ sum }) => [[sum]]

const bucketsOf: SamplesOf = (value) => {
  if (value.kind !== 'distribution') return []
  let below = 0
  const buckets = value.bounds.map((bound, i): Sample => [(below += value.bucketCounts[i] ?? 0), formatCanonicalBound(bound)])
  return [...buckets, [value.count, '+Inf']]
}

const quantilesOf: SamplesOf = (value) =>
  value.kind === 'summary' ? value.quantiles.map((each): Sample => [each.value, formatCanonicalBound(each.quantile)]) : []
