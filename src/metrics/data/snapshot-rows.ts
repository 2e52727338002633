import { isObject } from '../../base/check-options.js'
import type {
  DistributionValue,
  Exemplar,
  ExponentialValue,
  Metric,
  MetricDescriptor,
  PointValue,
  SummaryValue,
  TimeSeries,
} from './metric.js'
import { type Family, isRowSource, type RowChunk, type RowSource } from './row-source.js'

const CHUNK_ROWS = 32
const NO_BOUNDS: readonly number[] = []

/** The row sources of a family. A snapshot is converted. */
export function rowSourcesOf(family: Family): readonly RowSource[] {
  return isRowSource(family) ? [family] : snapshotRows(family)
}

/**
 * Returns a snapshot as row sources, so that each encoder reads only row sources. There is one source for each set of bounds, so mostly
 * one. A row is the newest point of a series. A point that does not match the type of its metric is left out.
 */
export function snapshotRows({ descriptor, timeSeries }: Metric): RowSource[] {
  if (kindOf(descriptor) !== 'distribution') return [new SnapshotRows(descriptor, NO_BOUNDS, timeSeries)]
  const sources: RowSource[] = []
  for (let from = 0; from < timeSeries.length; ) {
    const bounds = boundsOf(timeSeries[from]!)
    let to = from + 1
    while (to < timeSeries.length && haveEqualBounds(bounds, boundsOf(timeSeries[to]!))) to++
    sources.push(new SnapshotRows(descriptor, bounds, timeSeries.slice(from, to)))
    from = to
  }
  return sources
}

/** Series of one metric with the same bounds. They never change. */
export class SnapshotRows implements RowSource {
  readonly descriptor: MetricDescriptor
  readonly kind: RowSource['kind']
  readonly bounds: readonly number[]
  readonly epoch = 0
  readonly generation = 0
  readonly chunks: readonly RowChunk[]

  constructor(descriptor: MetricDescriptor, bounds: readonly number[], timeSeries: readonly TimeSeries[]) {
    this.descriptor = descriptor
    this.kind = kindOf(descriptor)
    this.bounds = bounds
    const chunks: RowChunk[] = []
    for (let at = 0; at < timeSeries.length; at += CHUNK_ROWS) chunks.push(new SnapshotChunk(this.kind, timeSeries, at))
    this.chunks = chunks
  }
}

class SnapshotChunk implements RowChunk {
  readonly size: number
  readonly version = 0
  readonly newestGeneration = 0
  readonly #kind: RowSource['kind']
  readonly #timeSeries: readonly TimeSeries[]
  readonly #start: number

  constructor(kind: RowSource['kind'], timeSeries: readonly TimeSeries[], start: number) {
    this.size = Math.min(timeSeries.length - start, CHUNK_ROWS)
    this.#kind = kind
    this.#timeSeries = timeSeries
    this.#start = start
  }

  #series(cell: number): TimeSeries {
    return this.#timeSeries[this.#start + cell]!
  }

  #value(cell: number): PointValue | undefined {
    return newestValue(this.#series(cell))
  }

  #distribution(cell: number): DistributionValue {
    return this.#value(cell) as DistributionValue
  }

  createdIn(): number {
    return 0
  }

  isLive(cell: number): boolean {
    return isOfKind(this.#kind, this.#value(cell))
  }

  isOverflow(cell: number): boolean {
    return this.#series(cell).overflow === true
  }

  labelValue(cell: number, key: number): string | undefined {
    return labelText(this.#series(cell).labelValues[key])
  }

  lastEpoch(): number {
    return 0
  }

  startTimeUnixMs(cell: number): number {
    return this.#series(cell).startTimeUnixMs ?? Number.NaN
  }

  value(cell: number): number {
    const value = this.#value(cell)!
    return typeof value === 'number' ? value : value.sum
  }

  count(cell: number): number {
    const value = this.#value(cell)!
    return typeof value === 'number' ? 0 : value.count
  }

  sumOfSquaredDeviation(cell: number): number {
    return this.#distribution(cell).sumOfSquaredDeviation
  }

  /** The last bucket has the rest of the count, because a foreign producer may have returned fewer counts than buckets. */
  bucket(cell: number, bucket: number): number {
    const { bounds, bucketCounts, count } = this.#distribution(cell)
    if (bucket < bounds.length) return bucketCounts[bucket] ?? 0
    let rest = count
    for (let at = 0; at < bounds.length; at++) rest -= bucketCounts[at] ?? 0
    return rest
  }

  exemplar(cell: number, bucket: number): Exemplar | undefined {
    const given = this.#kind === 'distribution' ? this.#distribution(cell).exemplars?.[bucket] : this.#series(cell).exemplar
    return isObject(given?.attachments) ? given : undefined
  }

  exponential(cell: number): ExponentialValue | undefined {
    return this.#distribution(cell).exponential
  }

  summary(cell: number): SummaryValue {
    return this.#value(cell) as SummaryValue
  }
}

function kindOf({ type }: MetricDescriptor): RowSource['kind'] {
  if (type === 'CUMULATIVE_DISTRIBUTION') return 'distribution'
  return type === 'SUMMARY' ? 'summary' : 'scalar'
}

/** A foreign producer may return numbers. */
function labelText(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined
}

/** Values of foreign producers may have any shape. */
function isOfKind(kind: RowSource['kind'], value: unknown): boolean {
  if (kind === 'scalar') return typeof value === 'number'
  if (!isObject(value) || value.kind !== kind) return false
  return kind === 'summary' ? Array.isArray(value.quantiles) : Array.isArray(value.bounds) && Array.isArray(value.bucketCounts)
}

function newestValue({ points }: TimeSeries): PointValue | undefined {
  return points[points.length - 1]?.value
}

function boundsOf(series: TimeSeries): readonly number[] {
  const value = newestValue(series)
  return isOfKind('distribution', value) ? (value as DistributionValue).bounds : NO_BOUNDS
}

function haveEqualBounds(one: readonly number[], other: readonly number[]): boolean {
  return one === other || (one.length === other.length && one.every((bound, at) => bound === other[at]))
}
