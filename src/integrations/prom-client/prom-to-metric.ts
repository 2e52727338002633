import { getOrInsert } from '../../base/get-or-insert.js'
import { TimeSlicer } from '../../base/time-slicer.js'
import type {
  DistributionValue,
  Exemplar,
  MergeRule,
  Metric,
  MetricDescriptor,
  MetricType,
  PointValue,
  SummaryValue,
  TimeSeries,
} from '../../metrics/data/metric.js'
import { distributionFault, summaryFault } from '../../metrics/data/validate-point.js'
import type { PromExemplar, PromMetricValues, PromValue } from './registry-shape.js'

/** Why a series, or a part of it, was left out. */
interface SeriesFault {
  readonly reason: 'inconsistent' | 'duplicate'
  readonly why: string
}

/** A converted metric, and what was left out. */
interface ConvertedMetric {
  readonly metric: Metric
  readonly faults: readonly SeriesFault[]
}

type Labels = Readonly<Record<string, string | number>>

/** The definition of a metric in the registry. */
export interface Registered {
  /** The registered name. prom-client changes the names of counters when it writes OpenMetrics. */
  readonly name: string
  /** The label names of its definition. Unlike those of its values, they have a fixed order. */
  readonly labelNames: readonly string[]
  /** The labels of the registry. */
  readonly defaultLabels: Readonly<Record<string, string>>
}

const TYPES: Readonly<Record<string, MetricType>> = {
  counter: 'CUMULATIVE_DOUBLE',
  histogram: 'CUMULATIVE_DISTRIBUTION',
  summary: 'SUMMARY',
}

/** The label that distinguishes the values of one series. */
const OWN_LABELS: Readonly<Partial<Record<MetricType, 'le' | 'quantile'>>> = { CUMULATIVE_DISTRIBUTION: 'le', SUMMARY: 'quantile' }

/**
 * The rules for groups of processes. `latest` is the rule closest to `first`. For the mean, and for metrics that prom-client leaves out, the
 * group shows a series for each process.
 */
const MERGE_RULES: Readonly<Record<string, MergeRule>> = { min: 'min', max: 'max', first: 'latest', average: 'each', omit: 'each' }

/** Converts the values of a prom-client metric, in time slices. The exposed samples are the same. */
export async function metricOf(given: PromMetricValues, registered: Registered, timeUnixMs: number): Promise<ConvertedMetric> {
  const { labelNames, defaultLabels } = registered
  const slicer = new TimeSlicer()
  const type = TYPES[given.type] ?? 'GAUGE_DOUBLE'
  const groups = new SeriesGroups([...labelNames, ...Object.keys(defaultLabels)], OWN_LABELS[type])
  for (const value of given.values ?? []) {
    groups.add(value, defaultLabels)
    if (slicer.isOver) await slicer.nextSlice()
  }
  const faults: SeriesFault[] = []
  const timeSeries: TimeSeries[] = []
  for (const { labelValues, values } of groups.all()) {
    const { value, exemplar, fault } = pointOf(type, given.name, values, timeUnixMs)
    if (fault !== undefined) faults.push(fault)
    if (value !== undefined) timeSeries.push({ labelValues, points: [{ timeUnixMs, value }], ...(exemplar && { exemplar }) })
    if (slicer.isOver) await slicer.nextSlice()
  }
  return { metric: { descriptor: descriptorOf(given, registered.name, type, groups.labelKeys), timeSeries }, faults }
}

function descriptorOf(given: PromMetricValues, name: string, type: MetricType, labelKeys: readonly string[]): MetricDescriptor {
  const merge = type === 'GAUGE_DOUBLE' ? MERGE_RULES[given.aggregator ?? 'sum'] : undefined
  return {
    name,
    description: given.help ?? '',
    unit: '1',
    type,
    labelKeys,
    exactName: true,
    plainBounds: true,
    ...(merge !== undefined && { merge }),
  }
}

interface SeriesGroup {
  readonly labelValues: (string | undefined)[]
  readonly values: PromValue[]
}

/**
 * Groups the values of a metric by series, of which a histogram has one value for each bucket. prom-client has two series for labels that are
 * empty and absent, or in another order, which are one to Prometheus. Those are one group. Counters and histograms are added up; of gauges
 * and quantiles the last is shown, and the other is reported.
 */
class SeriesGroups {
  readonly labelKeys: string[] = []
  readonly #groups = new Map<string, SeriesGroup>()
  /** Index of each label key in `labelKeys`; -1 for the label that is left out. */
  readonly #indexes = new Map<string, number>()

  /** @param leftOut The label that distinguishes the values of one series: `le` or `quantile`. */
  constructor(labelKeys: readonly string[], leftOut: string | undefined) {
    if (leftOut !== undefined) this.#indexes.set(leftOut, -1)
    for (const key of labelKeys) this.#indexOf(key)
  }

  add(value: PromValue, defaults: Labels): void {
    const labelValues: (string | undefined)[] = []
    this.#read(labelValues, defaults)
    this.#read(labelValues, value.labels ?? {})
    while (labelValues.length > 0 && labelValues.at(-1) === undefined) labelValues.pop()
    const key = JSON.stringify(labelValues)
    const group = this.#groups.get(key)
    if (group === undefined) this.#groups.set(key, { labelValues, values: [value] })
    else group.values.push(value)
  }

  /** All series, each with a value for every label key. */
  *all(): Iterable<SeriesGroup> {
    for (const { labelValues, values } of this.#groups.values()) {
      yield { labelValues: this.labelKeys.map((_, at) => labelValues[at]), values }
    }
  }

  #read(labelValues: (string | undefined)[], labels: Labels): void {
    for (const key of Object.keys(labels)) {
      const index = this.#indexOf(key)
      if (index >= 0) labelValues[index] = textOf(labels[key])
    }
  }

  #indexOf(key: string): number {
    return getOrInsert(this.#indexes, key, () => this.labelKeys.push(key) - 1)
  }
}

/** Spells null and undefined as prom-client's own page does: two series must not become one. */
function textOf(value: unknown): string | undefined {
  return value === '' ? undefined : String(value)
}

interface PointOutcome {
  readonly value?: PointValue
  readonly exemplar?: Exemplar | undefined
  readonly fault?: SeriesFault | undefined
}

function pointOf(type: MetricType, name: string, values: readonly PromValue[], timeUnixMs: number): PointOutcome {
  if (type === 'CUMULATIVE_DISTRIBUTION') return histogramOf(name, values, timeUnixMs)
  if (type === 'SUMMARY') return summaryOf(name, values)
  const other = values.find(({ value, metricName = name }) => typeof value !== 'number' || metricName !== name)
  if (other !== undefined) return partOf(type, name, values, timeUnixMs)
  if (type === 'GAUGE_DOUBLE') return { value: values.at(-1)!.value, fault: duplicateFault(values.length) }
  return { value: total(values), exemplar: lastExemplar(values, timeUnixMs) }
}

/** The point of a gauge or a counter without the values that are not numbers or have other names, such as `x_created`. */
function partOf(type: MetricType, name: string, values: readonly PromValue[], timeUnixMs: number): PointOutcome {
  const own = values.filter(({ metricName = name }) => metricName === name)
  const numbers = own.filter(({ value }) => typeof value === 'number')
  const odd = own.find(({ value }) => typeof value !== 'number')
  const why =
    odd !== undefined
      ? `a value must be a number: its type is ${typeof odd.value}`
      : `samples with another name than ${name} are not possible for its type`
  const part = numbers.length === 0 ? {} : pointOf(type, name, numbers, timeUnixMs)
  return { ...part, ...inconsistent(why) }
}

function inconsistent(why: string): PointOutcome {
  return { fault: { reason: 'inconsistent', why } }
}

/** The fault of a group from which only one of several series can be shown. */
function duplicateFault(series: number): SeriesFault | undefined {
  const why = 'labels that are empty and absent are one series, of which the last is shown'
  return series > 1 ? { reason: 'duplicate', why } : undefined
}

/** Converts cumulative buckets with the label `le` into counts of single buckets. */
function histogramOf(name: string, values: readonly PromValue[], timeUnixMs: number): PointOutcome {
  const byBound = new Map<number, PromValue[]>()
  for (const value of values) {
    if (value.metricName === `${name}_bucket`) getOrInsert(byBound, boundOf(value.labels?.['le']), () => []).push(value)
  }
  const buckets = [...byBound]
    .map(([bound, same]) => ({ bound, below: total(same), exemplar: lastExemplar(same, timeUnixMs) }))
    .sort((a, b) => a.bound - b.bound)
  const count = totalOf(values, `${name}_count`) ?? buckets.at(-1)?.below ?? 0
  const sum = totalOf(values, `${name}_sum`) ?? 0
  const finite = buckets.filter(({ bound }) => bound !== Number.POSITIVE_INFINITY)
  const below = [...finite.map((bucket) => bucket.below), count]
  const exemplars = [...finite, ...buckets.filter(({ bound }) => bound === Number.POSITIVE_INFINITY)].map(({ exemplar }) => exemplar)
  const value: DistributionValue = {
    kind: 'distribution',
    count,
    sum,
    mean: count === 0 ? 0 : sum / count,
    sumOfSquaredDeviation: 0, // unknown in prom-client
    bounds: finite.map(({ bound }) => bound),
    bucketCounts: below.map((counted, at) => counted - (below[at - 1] ?? 0)),
    ...(exemplars.some((exemplar) => exemplar !== undefined) && { exemplars }),
  }
  const fault = distributionFault(value)
  return fault === undefined ? { value } : inconsistent(fault)
}

function summaryOf(name: string, values: readonly PromValue[]): PointOutcome {
  const quantiles = values
    .filter(({ labels }) => labels?.['quantile'] !== undefined)
    .map(({ labels, value }) => ({ quantile: Number(labels?.['quantile']), value }))
    .sort((a, b) => a.quantile - b.quantile)
    .filter(({ quantile }, at, all) => quantile !== all[at + 1]?.quantile)
  const value: SummaryValue = {
    kind: 'summary',
    count: totalOf(values, `${name}_count`) ?? 0,
    sum: totalOf(values, `${name}_sum`) ?? 0,
    quantiles,
  }
  const fault = summaryFault(value)
  if (fault !== undefined) return inconsistent(fault)
  return { value, fault: duplicateFault(values.filter(({ metricName }) => metricName === `${name}_count`).length) }
}

function total(values: readonly PromValue[]): number {
  return values.reduce((sum, { value }) => sum + value, 0)
}

/** The sum of the values of this name, or undefined if there is none. */
function totalOf(values: readonly PromValue[], metricName: string): number | undefined {
  const named = values.filter((value) => value.metricName === metricName)
  return named.length === 0 ? undefined : total(named)
}

function lastExemplar(values: readonly PromValue[], timeUnixMs: number): Exemplar | undefined {
  return values.map(({ exemplar }) => exemplarOf(exemplar, timeUnixMs)).findLast((exemplar) => exemplar !== undefined)
}

function boundOf(le: string | number | undefined): number {
  return le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le)
}

function exemplarOf(exemplar: PromExemplar | null | undefined, timeUnixMs: number): Exemplar | undefined {
  if (typeof exemplar !== 'object' || exemplar === null || typeof exemplar.value !== 'number') return undefined
  const seconds = exemplar.timestamp
  const attachments = Object.fromEntries(Object.entries(exemplar.labelSet ?? {}).map(([key, text]) => [key, String(text)]))
  return { value: exemplar.value, timeUnixMs: typeof seconds === 'number' ? seconds * 1_000 : timeUnixMs, attachments }
}
