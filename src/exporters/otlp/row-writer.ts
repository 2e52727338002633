import type { ExponentialValue } from '../../metrics/data/metric.js'
import type { RowChunk, RowSource } from '../../metrics/data/row-source.js'
import type { ProtobufWriter } from '../protobuf-writer.js'
import type { ChunkBaseline, PendingBaselines } from './delta-baselines.js'
import { exponentialGrowth } from './exponential-buckets.js'
import { type DataKind, OpenMetric, scalarKind } from './metric-head.js'
import { type PointTimes, PointWriter, type SentBuckets } from './point-writer.js'

interface RowWriterOptions extends PointTimes {
  readonly histograms: 'explicit' | 'exponential'
}

/** Writes rows as points, and begins and ends the metrics around them. */
export class RowWriter {
  readonly #out: ProtobufWriter
  readonly #writer: PointWriter
  readonly #options: RowWriterOptions
  #open: OpenMetric | undefined
  /** The buckets of the current row. The object is reused. */
  readonly #buckets: Buckets = { count: 0, sum: 0, counts: [], exponential: undefined }
  /** Points since the last {@link end}. */
  points = 0

  constructor(out: ProtobufWriter, options: RowWriterOptions) {
    this.#out = out
    this.#options = options
    this.#writer = new PointWriter(out, options)
  }

  /** Ends the open metric. Returns the number of points since the last call. */
  end(): number {
    const { points } = this
    this.#open?.close()
    this.#open = undefined
    this.points = 0
    return points
  }

  /** Writes the row, or its difference from `baseline`, if there is one. */
  row(source: RowSource, chunk: RowChunk, cell: number, baseline: ChunkBaseline | undefined, pending: PendingBaselines | undefined): void {
    if (baseline === undefined) this.#total(source, chunk, cell)
    else if (chunk.lastEpoch(cell) < baseline.epoch) return
    else if (source.kind === 'scalar') this.#scalarGrowth(source, chunk, cell, baseline, pending!)
    else this.#distributionGrowth(source, chunk, cell, baseline, pending!)
  }

  /** Begins the metric of a scalar, unless it is open already. */
  openScalar(source: RowSource): void {
    this.#ensure(source, scalarKind(source.descriptor), false)
  }

  #total(source: RowSource, chunk: RowChunk, cell: number): void {
    const startUnixMs = chunk.startTimeUnixMs(cell)
    if (source.kind === 'summary') {
      this.#ensure(source, 'summary', false)
      this.#writer.summary(source, chunk, cell, startUnixMs)
    } else if (source.kind === 'scalar') {
      const kind = scalarKind(source.descriptor)
      this.#ensure(source, kind, false)
      this.#writer.number(source, chunk, cell, chunk.value(cell), kind === 'gauge' ? Number.NaN : startUnixMs)
    } else {
      const buckets = this.#bucketsOf(source, chunk, cell)
      this.#ensure(source, distributionKind(buckets), false)
      this.#distribution(source, chunk, cell, buckets, startUnixMs)
    }
    this.points++
  }

  #scalarGrowth(source: RowSource, chunk: RowChunk, cell: number, baseline: ChunkBaseline, pending: PendingBaselines): void {
    const value = chunk.value(cell)
    const isKnown = baseline.has(chunk, cell) && value >= baseline.sent(cell, 0)
    const growth = isKnown ? value - baseline.sent(cell, 0) : value
    // A new row is sent even if it is 0, so that receivers know the series.
    if (isKnown && growth === 0) return
    this.#ensure(source, 'sum', true)
    const sinceUnixMs = isKnown ? baseline.sentUntilUnixMs(cell) : chunk.startTimeUnixMs(cell)
    this.#writer.number(source, chunk, cell, growth, sinceUnixMs)
    this.#remember(chunk, cell, baseline, pending, undefined)
    pending.value(value)
    this.points++
  }

  #distributionGrowth(source: RowSource, chunk: RowChunk, cell: number, baseline: ChunkBaseline, pending: PendingBaselines): void {
    const now = this.#bucketsOf(source, chunk, cell)
    const growth = baseline.has(chunk, cell) ? growthSince(baseline, cell, now) : undefined
    if (growth?.count === 0) return
    const sent = growth ?? now
    const sinceUnixMs = growth === undefined ? chunk.startTimeUnixMs(cell) : baseline.sentUntilUnixMs(cell)
    this.#ensure(source, distributionKind(sent), true)
    this.#distribution(source, chunk, cell, sent, sinceUnixMs)
    this.#remember(chunk, cell, baseline, pending, now.exponential)
    pending.value(now.sum)
    pending.value(now.count)
    for (const count of now.counts) pending.value(count)
    this.points++
  }

  #distribution(source: RowSource, chunk: RowChunk, cell: number, buckets: SentBuckets, startUnixMs: number): void {
    if (buckets.exponential === undefined) this.#writer.histogram(source, chunk, cell, buckets, startUnixMs)
    else this.#writer.exponential(source, chunk, cell, buckets, startUnixMs)
  }

  /** Reads the whole row synchronously, so that count, sum and buckets are consistent. */
  #bucketsOf({ bounds }: RowSource, chunk: RowChunk, cell: number): SentBuckets {
    const buckets = this.#buckets
    buckets.count = chunk.count(cell)
    buckets.sum = chunk.value(cell)
    buckets.counts.length = bounds.length + 1
    for (let bucket = 0; bucket <= bounds.length; bucket++) buckets.counts[bucket] = chunk.bucket(cell, bucket)
    buckets.exponential = this.#options.histograms === 'exponential' ? chunk.exponential?.(cell) : undefined
    return buckets
  }

  #remember(
    chunk: RowChunk,
    cell: number,
    baseline: ChunkBaseline,
    pending: PendingBaselines,
    exponential: ExponentialValue | undefined,
  ): void {
    const { timeUnixMs } = this.#options
    const startTimeUnixMs = chunk.startTimeUnixMs(cell)
    pending.begin(baseline, cell, this.points, exponential)
    pending.value(chunk.createdIn(cell))
    pending.value(startTimeUnixMs)
    pending.value(startTimeUnixMs > timeUnixMs ? startTimeUnixMs : timeUnixMs) // as the point has
  }

  #ensure({ descriptor }: RowSource, kind: DataKind, isDelta: boolean): void {
    const open = this.#open
    // Sources of the same name are adjacent and have the same type: they become one metric.
    if (open !== undefined && open.descriptor.name === descriptor.name && open.kind === kind && open.isDelta === isDelta) return
    open?.close()
    this.#open = new OpenMetric(this.#out, descriptor, kind, isDelta)
  }
}

interface Buckets extends SentBuckets {
  count: number
  sum: number
  readonly counts: number[]
  exponential: ExponentialValue | undefined
}

function distributionKind({ exponential }: SentBuckets): DataKind {
  return exponential === undefined ? 'histogram' : 'exponential'
}

/** Returns the values added since the baseline was sent, or undefined after a reset. */
function growthSince(baseline: ChunkBaseline, cell: number, now: SentBuckets): SentBuckets | undefined {
  const counts = now.counts.map((count, at) => count - baseline.sent(cell, 2 + at))
  if (now.count < baseline.sent(cell, 1) || counts.some((count) => count < 0)) return undefined
  const before = baseline.exponential(cell)
  const exponential = now.exponential && before ? exponentialGrowth(now.exponential, before) : now.exponential
  if (now.exponential !== undefined && exponential === undefined) return undefined
  return { count: now.count - baseline.sent(cell, 1), sum: now.sum - baseline.sent(cell, 0), counts, exponential }
}
