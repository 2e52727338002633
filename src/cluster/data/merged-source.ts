import type { Exemplar, ExponentialValue, SummaryValue } from '../../metrics/data/metric.js'
import type { PercentileWindow, RowChunk, RowSource } from '../../metrics/data/row-source.js'
import type { RowStore } from '../../metrics/store/row-store.js'
import type { StoreChunk } from '../../metrics/store/store-chunk.js'
import { StoredRows } from '../../metrics/store/stored-rows.js'
import type { FamilyDefinition } from '../frames/family-definition.js'
import { words } from '../values/pages.js'
import type { RowValues } from '../values/row-values.js'

/** The values of the rows of a store, and which rows are shown. */
interface SourceRows {
  readonly values: RowValues
  /** Computes the value of a row if its parts have changed. Call it before the value is read. */
  refresh(row: number): void
  isShown(row: number): boolean
  restartedIn(row: number): number
  /** Returns the epoch of the newest change of a row. Undefined if the store has it. */
  readonly lastEpoch?: ((row: number) => number) | undefined
  exemplar(row: number, bucket: number): Exemplar | undefined
}

/** Merged rows as exporters read them. */
export class MergedSource implements RowSource {
  readonly descriptor: RowSource['descriptor']
  readonly kind: RowSource['kind']
  readonly bounds: readonly number[]
  readonly rowLimit: number | undefined
  readonly settings: RowSource['settings']
  readonly #store: RowStore
  readonly #rows: SourceRows
  readonly #chunks: MergedChunk[] = []

  constructor(definition: FamilyDefinition, store: RowStore, rows: SourceRows) {
    this.descriptor = definition.descriptor
    this.kind = definition.kind
    this.bounds = definition.bounds
    this.rowLimit = definition.rowLimit
    this.settings = definition.settings
    this.#store = store
    this.#rows = rows
  }

  get epoch(): number {
    return this.#store.epochs.current
  }

  get generation(): number {
    return this.#store.generation
  }

  get chunks(): readonly RowChunk[] {
    const { chunks } = this.#store
    while (this.#chunks.length < chunks.length) this.#chunks.push(new MergedChunk(chunks[this.#chunks.length]!, this.#store, this.#rows))
    return this.#chunks
  }
}

class MergedChunk extends StoredRows implements RowChunk {
  readonly #rows: SourceRows

  constructor(chunk: StoreChunk, store: RowStore, rows: SourceRows) {
    super(chunk, store)
    this.#rows = rows
  }

  #values(cell: number): RowValues {
    this.#rows.refresh(this.chunk.start + cell)
    return this.#rows.values
  }

  override isLive(cell: number): boolean {
    return this.chunk.lastEpochs[cell] !== 0 && this.#rows.isShown(this.chunk.start + cell)
  }

  override lastEpoch(cell: number): number {
    const { lastEpoch } = this.#rows
    return lastEpoch === undefined ? this.chunk.lastEpochs[cell]! : lastEpoch(this.chunk.start + cell)
  }

  override get lastEpochs(): Int32Array | undefined {
    return this.#rows.lastEpoch === undefined ? this.chunk.lastEpochs : undefined
  }

  override get hidesRows(): boolean {
    return true
  }

  restartedIn(cell: number): number {
    return this.#rows.restartedIn(this.chunk.start + cell)
  }
  value(cell: number): number {
    return this.#values(cell).value(this.chunk.start + cell)
  }
  count(cell: number): number {
    return this.#values(cell).count(this.chunk.start + cell)
  }
  sumOfSquaredDeviation(cell: number): number {
    return this.#values(cell).sumOfSquaredDeviation(this.chunk.start + cell)
  }
  bucket(cell: number, bucket: number): number {
    return this.#values(cell).bucket(this.chunk.start + cell, bucket)
  }
  exemplar(cell: number, bucket: number): Exemplar | undefined {
    return this.#rows.exemplar(this.chunk.start + cell, bucket)
  }
  exponential(cell: number): ExponentialValue | undefined {
    return this.#values(cell).exponential?.(this.chunk.start + cell)
  }
  summary(cell: number): SummaryValue {
    return this.#values(cell).summary!(this.chunk.start + cell)
  }
  percentileWindows(cell: number): readonly PercentileWindow[] | undefined {
    return this.#values(cell).percentileWindows?.(this.chunk.start + cell)
  }
}

/** The start times of merged rows: of each the earliest of its members. */
export class StartTimes {
  readonly #store: RowStore
  /** The epoch in which the start time of a row was set to an earlier one; 0 if it was not. */
  readonly #lowered = words()

  constructor(store: RowStore) {
    this.#store = store
  }

  set(row: number, timeUnixMs: number): void {
    const chunk = this.#store.chunkOf(row)
    chunk.startTimesUnixMs[row - chunk.start] = timeUnixMs
  }

  /** Sets the start time if it is earlier than the current one, or the first one that is known. Returns true if it was set. */
  lower(row: number, timeUnixMs: number): boolean {
    const chunk = this.#store.chunkOf(row)
    const current = chunk.startTimesUnixMs[row - chunk.start]!
    if (Number.isNaN(timeUnixMs) || current <= timeUnixMs) return false
    this.set(row, timeUnixMs)
    this.#lowered.set(row, this.#store.epochs.current)
    return true
  }

  /** Calls `lower` for the first `count` of these rows, in a loop without calls while no start time is earlier. */
  lowerRun(rows: Int32Array, count: number, timesUnixMs: Float64Array): void {
    for (let at = 0; at < count; ) {
      const { start, rows: size, startTimesUnixMs } = this.#store.chunkOf(rows[at]!)
      for (; at < count; at++) {
        const cell = rows[at]! - start
        if (cell < 0 || cell >= size) break
        if (!(startTimesUnixMs[cell]! <= timesUnixMs[at]!)) this.lower(rows[at]!, timesUnixMs[at]!)
      }
    }
  }

  /** Returns the start time of the oldest row; Infinity if none is known. */
  oldestUnixMs(): number {
    let oldest = Number.POSITIVE_INFINITY
    this.#store.forEachRow((_row, { startTimesUnixMs }, cell) => {
      if (startTimesUnixMs[cell]! < oldest) oldest = startTimesUnixMs[cell]!
    })
    return oldest
  }

  loweredIn(row: number): number {
    return this.#lowered.get(row)
  }

  clear(row: number): void {
    if (this.#lowered.get(row) !== 0) this.#lowered.set(row, 0)
  }
}
