import type { Resource } from '../../base/resource.js'
import { TimeSlicer } from '../../base/time-slicer.js'
import { type Family, isRowSource, isVisibleIn, type RowChunk, type RowSource } from '../../metrics/data/row-source.js'
import { snapshotRows } from '../../metrics/data/snapshot-rows.js'
import type { ExportCounts } from '../export-counts.js'
import { ProtobufWriter } from '../protobuf-writer.js'
import type { SpareBuffers } from '../spare-buffers.js'
import { type ChunkBaseline, type DeltaBaselines, PendingBaselines } from './delta-baselines.js'
import { DistinctRows, familiesByName } from './distinct-families.js'
import { Envelope } from './envelope.js'
import { isMonotonic } from './metric-head.js'
import { RowWriter } from './row-writer.js'

/** Points of one request: all of one resource. */
export interface MetricPartContent {
  readonly envelope: Envelope
  /** The metrics, one behind the other. */
  readonly bytes: Uint8Array
  readonly points: number
  /** What to remember of these points, under delta temporality. */
  readonly pending: PendingBaselines | undefined
}

export interface MetricPartsOptions {
  readonly timeUnixMs: number
  /** For metrics that bring none, or only a part of it. */
  readonly resource: Resource
  readonly histograms: 'explicit' | 'exponential'
  /** Exemplars that are older are not sent. */
  readonly exemplarsAfterUnixMs: number
  /** Undefined for cumulative temporality. */
  readonly baselines: DeltaBaselines | undefined
  readonly maxPoints: number
  /** Of points that are left out. */
  readonly counts: ExportCounts
  /** For the bytes of parts. */
  readonly spares: SpareBuffers
  /** Read anew for each part: it falls when a receiver finds one too large. */
  readonly maxBytes: () => number
}

/** Rows after which it is checked whether the slice is over: a summary is computed when it is read. */
const ROWS_A_STEP = { scalar: 32, distribution: 8, summary: 1 } as const
const NO_LABELS = {}

/** Reads families in slices of about 2 ms, and makes parts of them, each when it is needed. */
export async function* metricParts(families: readonly Family[], options: MetricPartsOptions): AsyncGenerator<MetricPartContent> {
  const slicer = new TimeSlicer()
  for (const { resource, members } of byResource(families, options.resource)) {
    const part = new PartInProgress(new Envelope(resource), options)
    for (const group of familiesByName(members, options.counts)) {
      const distinct = group.length === 1 ? undefined : new DistinctRows(options.counts)
      for (const family of group) {
        for (const source of isRowSource(family) ? [family] : snapshotRows(family)) {
          for (const _ of rows(source, part, isRowSource(family), distinct, options)) {
            if (part.isFull) {
              const content = part.take()
              await slicer.nextSlice() // sending begins with work of its own
              yield content
            }
            if (slicer.isOver) await slicer.nextSlice()
          }
        }
      }
    }
    if (part.points === 0) continue
    const content = part.take()
    await slicer.nextSlice()
    yield content
  }
}

/** Writes the rows of a source, with a step after each few, and after each that takes long. */
function* rows(
  source: RowSource,
  part: PartInProgress,
  isLive: boolean,
  distinct: DistinctRows | undefined,
  { baselines }: MetricPartsOptions,
): Generator<void> {
  const { generation } = source
  const rowsAStep = ROWS_A_STEP[source.kind]
  // Snapshots of foreign producers have no place in which a baseline could be found again: they stay cumulative.
  const deltas = isLive && source.kind !== 'summary' && isMonotonic(source.descriptor) ? baselines : undefined
  for (const [index, chunk] of source.chunks.entries()) {
    const baseline = deltas?.visit(source, index, chunk)
    // Most rows have not changed: whether they are visible makes no difference, unless they are compared with those of other sources.
    const sinceEpoch = distinct === undefined ? (baseline?.epoch ?? 0) : 0
    for (let cell = 0; cell < chunk.size; cell++) {
      if (chunk.lastEpoch(cell) >= sinceEpoch) {
        const isWanted = isVisibleIn(generation, chunk, cell) && (distinct === undefined || distinct.add(source, chunk, cell))
        if (isWanted) part.row(source, chunk, cell, baseline)
        if (part.isFull) yield
      }
      if (cell % rowsAStep === 0) yield
    }
  }
}

class PartInProgress {
  readonly #envelope: Envelope
  readonly #options: MetricPartsOptions
  readonly #out: ProtobufWriter
  readonly #rows: RowWriter
  #pending: PendingBaselines | undefined

  constructor(envelope: Envelope, options: MetricPartsOptions) {
    this.#envelope = envelope
    this.#options = options
    this.#out = new ProtobufWriter(options.spares)
    this.#rows = new RowWriter(this.#out, options)
  }

  get points(): number {
    return this.#rows.points
  }

  get isFull(): boolean {
    return this.points >= this.#options.maxPoints || (this.points > 0 && this.#out.length >= this.#options.maxBytes())
  }

  row(source: RowSource, chunk: RowChunk, cell: number, baseline: ChunkBaseline | undefined): void {
    if (baseline !== undefined) this.#pending ??= new PendingBaselines()
    this.#rows.row(source, chunk, cell, baseline, this.#pending)
  }

  take(): MetricPartContent {
    const points = this.#rows.end()
    const content = { envelope: this.#envelope, bytes: this.#out.take(), points, pending: this.#pending }
    this.#pending = undefined
    return content
  }
}

/** Metrics of one resource go together; a label that a metric's own resource lacks is filled in. */
function byResource(families: readonly Family[], given: Resource): readonly { readonly resource: Resource; readonly members: Family[] }[] {
  const groups = new Map<string, { readonly resource: Resource; readonly members: Family[] }>()
  for (const family of families) {
    const labels = family.resource ?? NO_LABELS
    const key = JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)))
    let group = groups.get(key)
    if (group === undefined) {
      group = { resource: { ...given, labels: { ...given.labels, ...labels } }, members: [] }
      groups.set(key, group)
    }
    group.members.push(family)
  }
  return [...groups.values()]
}
