import type { DistributionValue, Exemplar, Metric, MetricDescriptor, PointValue, TimeSeries } from './metric.js'
import { isRowSource, type Family, type RowChunk, type RowSource } from './row-source.js'

/** The immutable snapshot of what a row source holds now. */
export function snapshotOf(source: RowSource, timeUnixMs: number): Metric {
  const timeSeries: TimeSeries[] = []
  for (const chunk of source.chunks) {
    for (let cell = 0; cell < chunk.size; cell++) {
      if (chunk.isLive(cell)) timeSeries.push(seriesOf(source, chunk, cell, timeUnixMs))
    }
  }
  return { descriptor: source.descriptor, timeSeries }
}

/** Snapshots of any families: row sources are read, snapshots stay as they are. */
export function snapshotsOf(families: readonly Family[], timeUnixMs: number): readonly Metric[] {
  return families.map((family) => (isRowSource(family) ? snapshotOf(family, timeUnixMs) : family))
}

/** The snapshot of one row. */
export function seriesOf(source: RowSource, chunk: RowChunk, cell: number, timeUnixMs: number): TimeSeries {
  const since = hasStartTime(source.descriptor) ? chunk.startTimeUnixMs(cell) : Number.NaN
  const exemplar = source.kind === 'scalar' ? chunk.exemplar(cell, 0) : undefined
  return {
    labelValues: source.descriptor.labelKeys.map((_, key) => chunk.labelValue(cell, key)),
    ...(chunk.isOverflow(cell) && { overflow: true }),
    ...(since === since && { startTimeUnixMs: since }),
    points: [{ timeUnixMs, value: valueOf(source, chunk, cell) }],
    ...(exemplar && { exemplar }),
  }
}

function valueOf(source: RowSource, chunk: RowChunk, cell: number): PointValue {
  if (source.kind === 'summary') return chunk.summary!(cell)
  return source.kind === 'scalar' ? chunk.value(cell) : distributionOf(source.bounds, chunk, cell)
}

function hasStartTime({ type }: MetricDescriptor): boolean {
  return type.startsWith('CUMULATIVE') || type === 'SUMMARY'
}

/** The distribution in one cell, as plain data. */
export function distributionOf(bounds: readonly number[], chunk: RowChunk, cell: number): DistributionValue {
  const count = chunk.count(cell)
  const sum = chunk.value(cell)
  const exponential = chunk.exponential?.(cell)
  const bucketCounts: number[] = []
  const exemplars: (Exemplar | undefined)[] = []
  for (let bucket = 0; bucket <= bounds.length; bucket++) {
    bucketCounts.push(chunk.bucket(cell, bucket))
    exemplars.push(chunk.exemplar(cell, bucket))
  }
  return {
    kind: 'distribution',
    count,
    sum,
    mean: count === 0 ? 0 : sum / count,
    sumOfSquaredDeviation: chunk.sumOfSquaredDeviation(cell),
    bounds,
    bucketCounts,
    ...(exemplars.some((exemplar) => exemplar !== undefined) && { exemplars }),
    ...(exponential && { exponential }),
  }
}
