import { TimeSlicer } from '../../base/time-slicer.js'
import type { DistributionValue, Exemplar, Metric, MetricDescriptor, PointValue, TimeSeries } from './metric.js'
import { isRowSource, isVisibleIn, type Family, type RowChunk, type RowSource } from './row-source.js'

/** Returns an immutable snapshot of the rows of a source. */
export function snapshotOf(source: RowSource, timeUnixMs: number): Metric {
  const timeSeries: TimeSeries[] = []
  for (const chunk of source.chunks) {
    for (let cell = 0; cell < chunk.size; cell++) {
      if (chunk.isLive(cell)) timeSeries.push(seriesOf(source, chunk, cell, timeUnixMs))
    }
  }
  return metricOf(source, timeSeries)
}

function metricOf({ descriptor, resource }: RowSource, timeSeries: readonly TimeSeries[]): Metric {
  return { descriptor, timeSeries, ...(resource !== undefined && { resource }) }
}

/** Returns snapshots of all families. Those that are snapshots already are returned unchanged. */
export function snapshotsOf(families: readonly Family[], timeUnixMs: number): readonly Metric[] {
  return families.map((family) => (isRowSource(family) ? snapshotOf(family, timeUnixMs) : family))
}

const ROWS_PER_STEP = 32
/** Up to this number of rows are read without a pause, because a pause costs a turn of the event loop. */
const ROWS_AT_ONCE = 512

/**
 * Like {@link snapshotsOf}, in slices of about 2 ms, so that many rows do not block the event loop. Values may be recorded meanwhile: each
 * row is consistent, but two rows may be read at different moments.
 */
export async function snapshotsInSlices(families: readonly Family[], timeUnixMs: number): Promise<Metric[]> {
  const slicer = new TimeSlicer()
  const metrics: Metric[] = []
  let rows = 0
  const isSliceOver = (): boolean => ++rows % ROWS_PER_STEP === 0 && rows > ROWS_AT_ONCE && slicer.isOver
  for (const family of families) {
    if (!isRowSource(family)) {
      metrics.push(family)
      continue
    }
    const timeSeries: TimeSeries[] = []
    for (const series of visibleSeries(family, timeUnixMs)) {
      if (series !== undefined) timeSeries.push(series)
      if (isSliceOver()) await slicer.nextSlice()
    }
    metrics.push(metricOf(family, timeSeries))
  }
  return metrics
}

/** Yields for each cell: undefined if its row was removed, or made after the generator was. */
function* visibleSeries(source: RowSource, timeUnixMs: number): Generator<TimeSeries | undefined> {
  const { generation } = source
  for (const chunk of source.chunks) {
    for (let cell = 0; cell < chunk.size; cell++) {
      yield isVisibleIn(generation, chunk, cell) ? seriesOf(source, chunk, cell, timeUnixMs) : undefined
    }
  }
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
