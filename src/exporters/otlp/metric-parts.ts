import { getOrInsert } from '../../base/get-or-insert.js'
import type { Resource } from '../../base/resource.js'
import { TimeSlicer } from '../../base/time-slicer.js'
import { type Family, isRowSource, isVisibleIn, type RowChunk, type RowSource } from '../../metrics/data/row-source.js'
import { rowSourcesOf } from '../../metrics/data/snapshot-rows.js'
import type { ExportCounts } from '../export-counts.js'
import { ProtobufWriter } from '../protobuf-writer.js'
import type { SpareBuffers } from '../spare-buffers.js'
import { type ChunkBaseline, type DeltaBaselines, PendingBaselines } from './delta-baselines.js'
import { DistinctRows, familiesByName } from './distinct-families.js'
import { Envelope } from './envelope.js'
import { isMonotonic } from './metric-head.js'
import type { ChunkRecording, PointCache } from './point-cache.js'
import { withLabels } from './process-resource.js'
import { RowWriter } from './row-writer.js'

/** The content of one request, which has one resource. */
export interface MetricPartContent {
  readonly envelope: Envelope
  /** The encoded metrics. */
  readonly bytes: Uint8Array
  readonly points: number
  /** The new baselines of these points. Undefined if none of them is a delta. */
  readonly pending: PendingBaselines | undefined
}

interface MetricPartsOptions {
  readonly timeUnixMs: number
  /** The default resource. Labels of a metric's own resource take precedence. */
  readonly resource: Resource
  readonly histograms: 'explicit' | 'exponential'
  /** Exemplars up to this time are not sent. Infinity for none at all. */
  readonly exemplarsAfterUnixMs: number
  /** Undefined for cumulative temporality. */
  readonly baselines: DeltaBaselines | undefined
  /** The points of earlier exports. */
  readonly cache: PointCache
  readonly maxPoints: number
  /** Counts points that are left out. */
  readonly counts: ExportCounts
  /** Buffers for the bytes of parts. */
  readonly spares: SpareBuffers
  /** Called for each part: the limit falls when a receiver refuses a part as too large. */
  readonly maxBytes: () => number
}

/** The time slice is checked after this many rows. A summary is expensive, since it is computed when it is read. */
const ROWS_A_STEP = { scalar: 32, distribution: 8, summary: 1 } as const
const NO_LABELS = {}

/** Encodes families into parts on demand, in slices of about 2 ms. */
export async function* metricParts(families: readonly Family[], options: MetricPartsOptions): AsyncGenerator<MetricPartContent> {
  const slicer = new TimeSlicer()
  options.cache.begin()
  try {
    for (const { resource, members } of byResource(families, options.resource)) {
      const part = new PartInProgress(new Envelope(resource), options)
      for (const _ of writeFamilies(members, part, options)) {
        if (part.isFull) yield await takenInNextSlice(part, slicer)
        if (slicer.isOver) await slicer.nextSlice()
      }
      if (part.points > 0) yield await takenInNextSlice(part, slicer)
    }
  } finally {
    options.cache.end()
  }
}

/** Returns the content of the part in a new slice, because the consumer begins to send it, which takes time too. */
async function takenInNextSlice(part: PartInProgress, slicer: TimeSlicer): Promise<MetricPartContent> {
  const content = part.take()
  await slicer.nextSlice()
  return content
}

/** Writes the rows of all families. Yields after every few rows, and when the part is full. */
function* writeFamilies(families: readonly Family[], part: PartInProgress, options: MetricPartsOptions): Generator<void> {
  for (const group of familiesByName(families, options.counts)) {
    const distinct = group.length === 1 ? undefined : new DistinctRows(options.counts)
    for (const family of group) {
      // Snapshots are new objects in each export, so that no baseline can be found for them: they stay cumulative.
      const isKept = isRowSource(family)
      const baselines = isKept ? options.baselines : undefined
      const cache = isKept && distinct === undefined ? options.cache : undefined
      for (const source of rowSourcesOf(family)) yield* writeRows(source, part, baselines, distinct, cache)
    }
  }
}

function* writeRows(
  source: RowSource,
  part: PartInProgress,
  baselines: DeltaBaselines | undefined,
  distinct: DistinctRows | undefined,
  cache: PointCache | undefined,
): Generator<void> {
  const { generation } = source
  const rowsAStep = ROWS_A_STEP[source.kind]
  const deltas = source.kind !== 'summary' && isMonotonic(source.descriptor) ? baselines : undefined
  const cached = source.kind === 'scalar' && deltas === undefined ? cache : undefined
  for (const [index, chunk] of source.chunks.entries()) {
    if (cached !== undefined && part.addCached(source, generation, chunk)) {
      yield
      continue
    }
    const recording = cached?.record(source, generation, chunk)
    const baseline = deltas?.visit(source, index, chunk)
    // Unchanged rows are skipped before their visibility is checked, unless their labels are compared with other sources.
    const sinceEpoch = distinct === undefined ? (baseline?.epoch ?? 0) : 0
    let written = 0
    for (let cell = nextChanged(chunk, 0, sinceEpoch); cell < chunk.size; ) {
      const isWanted = isVisibleIn(generation, chunk, cell) && (distinct === undefined || distinct.add(source, chunk, cell))
      if (isWanted) part.row(source, chunk, cell, baseline, recording)
      cell = nextChanged(chunk, cell + 1, sinceEpoch)
      if (recording !== undefined && cell >= chunk.size) part.cache(recording)
      if (part.isFull || ++written % rowsAStep === 0) yield
    }
    yield
  }
}

/** The next cell from `cell` on that has a value since this epoch; the size of the chunk if there is none. */
function nextChanged(chunk: RowChunk, cell: number, sinceEpoch: number): number {
  const { size } = chunk
  let next = cell
  while (next < size && chunk.lastEpoch(next) < sinceEpoch) next++
  return next
}

/** The first points of the recorded chunk are in a part that was taken. */
const TAKEN = -1

class PartInProgress {
  readonly #envelope: Envelope
  readonly #options: MetricPartsOptions
  readonly #out: ProtobufWriter
  readonly #rows: RowWriter
  #pending: PendingBaselines | undefined
  /** Where the points of the recorded chunk begin. */
  #recordedFrom = TAKEN

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

  /** Adds the cached points of a chunk. Returns false if there are none, or if they do not fit. */
  addCached(source: RowSource, generation: number, chunk: RowChunk): boolean {
    const { cache, timeUnixMs, maxPoints, maxBytes } = this.#options
    const cached = cache.find(source, generation, chunk)
    if (cached === undefined || this.points + cached.points > maxPoints) return false
    this.#rows.openScalar(source)
    if (this.#out.length + cached.bytes.length > maxBytes() || !cache.update(cached, source, chunk, timeUnixMs)) return false
    this.#out.raw(cached.bytes)
    this.#rows.points += cached.points
    return true
  }

  /** @param recording Of the chunk, if its points are to be cached. */
  row(source: RowSource, chunk: RowChunk, cell: number, baseline: ChunkBaseline | undefined, recording: ChunkRecording | undefined): void {
    if (recording !== undefined) {
      if (recording.cells.length === 0) {
        this.#rows.openScalar(source)
        this.#recordedFrom = this.#out.length
      }
      recording.cells.push(cell)
    }
    if (baseline !== undefined) this.#pending ??= new PendingBaselines()
    this.#rows.row(source, chunk, cell, baseline, this.#pending)
  }

  /** Caches the points of a chunk, if all of them are in this part. */
  cache(recording: ChunkRecording): void {
    if (recording.cells.length === 0 || this.#recordedFrom === TAKEN) return
    this.#options.cache.add(recording, this.#out.since(this.#recordedFrom), this.#options.timeUnixMs)
  }

  take(): MetricPartContent {
    this.#recordedFrom = TAKEN
    const points = this.#rows.end()
    const content = { envelope: this.#envelope, bytes: this.#out.take(), points, pending: this.#pending }
    this.#pending = undefined
    return content
  }
}

interface ResourceGroup {
  readonly resource: Resource
  readonly members: Family[]
}

/** Groups families by resource. Labels that a family's resource lacks are taken from the default resource. */
function byResource(families: readonly Family[], given: Resource): readonly ResourceGroup[] {
  const groups = new Map<string, ResourceGroup>()
  const groupOf = (labels: Readonly<Record<string, string>>): ResourceGroup => {
    const resource = withLabels(given, labels)
    const key = JSON.stringify(Object.entries(resource.labels).sort(([a], [b]) => (a < b ? -1 : 1)))
    return getOrInsert(groups, key, () => ({ resource, members: [] }))
  }
  const known = new Map<object, ResourceGroup>()
  for (const family of families) {
    const labels = family.resource ?? NO_LABELS
    getOrInsert(known, labels, () => groupOf(labels)).members.push(family)
  }
  return [...groups.values()]
}
