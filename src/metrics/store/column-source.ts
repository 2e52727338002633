import type { Cells } from '../cells/cells.js'
import { SketchCells } from '../cells/sketch-cells.js'
import type { Exemplar, ExponentialValue, MetricDescriptor, SummaryValue } from '../data/metric.js'
import type { RowStore } from './row-store.js'
import { type LabelIds, StoredRows } from './stored-rows.js'
import type { StoreChunk } from './store-chunk.js'
import type { PercentileWindow, RowChunk, RowSource } from '../data/row-source.js'

export interface ColumnSourceOptions {
  readonly descriptor: MetricDescriptor
  readonly store: RowStore
  readonly kind: RowSource['kind']
  readonly bounds?: readonly number[]
  /** See {@link RowSource.settings}. */
  readonly settings?: Readonly<Record<string, unknown>> | undefined
  /** The source of each label of the descriptor: the index of the store's label, or a constant string. Default: the store's labels, in order. */
  readonly labels?: readonly (number | string)[]
}

/** A chunk without rows. */
const EMPTY: RowChunk = {
  size: 0,
  version: -1,
  newestGeneration: 0,
  createdIn: () => 0,
  isLive: () => false,
  isOverflow: () => false,
  labelValue: () => undefined,
  lastEpoch: () => 0,
  startTimeUnixMs: () => 0,
  value: () => 0,
  count: () => 0,
  sumOfSquaredDeviation: () => 0,
  bucket: () => 0,
  exemplar: () => undefined,
}

/** One column of a store as a row source, by which exporters read a view or an instrument. */
export class ColumnSource implements RowSource {
  readonly descriptor: MetricDescriptor
  readonly kind: RowSource['kind']
  readonly bounds: readonly number[]
  readonly settings: Readonly<Record<string, unknown>> | undefined
  /** Index of the column in the store. It changes if a column before it is removed. */
  column: number
  readonly #store: RowStore
  readonly #labels: readonly (number | string)[]
  readonly #chunks: ColumnChunk[] = []
  /** Set once the column is no longer in the store. */
  #left: readonly RowChunk[] | undefined

  constructor(options: ColumnSourceOptions, column: number) {
    this.descriptor = options.descriptor
    this.kind = options.kind
    this.bounds = options.bounds ?? []
    this.settings = options.settings
    this.column = column
    this.#store = options.store
    this.#labels = options.labels ?? options.store.labelKeys.map((_, at) => at)
  }

  get epoch(): number {
    return this.#store.epochs.current
  }

  get rowLimit(): number {
    return this.#store.rowLimit
  }

  get generation(): number {
    return this.#store.generation
  }

  get chunks(): readonly RowChunk[] {
    if (this.#left !== undefined) return this.#left
    const { chunks } = this.#store
    while (this.#chunks.length < chunks.length) {
      const chunk = chunks[this.#chunks.length]!
      this.#chunks.push(new ColumnChunk(chunk, chunk.columns[this.column]!, this.#store, this.#labels))
    }
    return this.#chunks
  }

  /** Call after the cells of the column have been replaced. Its chunks stay the same, because readers remember what they have read of them. */
  refresh(): void {
    for (const [at, chunk] of this.#chunks.entries()) chunk.cells = this.#store.chunks[at]!.columns[this.column]!
  }

  /**
   * Call before the column is removed, because later columns shift down. A document that is being written gets no more rows from it, unless
   * it was frozen.
   */
  detach(): void {
    this.#left ??= this.chunks.map(() => EMPTY)
  }

  /** Call before the column moves to another store. A document that is being written ends with the rows as they are now. */
  freeze(): void {
    this.#left = [...this.chunks]
  }
}

class ColumnChunk extends StoredRows implements RowChunk {
  cells: Cells
  readonly #labels: readonly (number | string)[]

  constructor(chunk: StoreChunk, cells: Cells, store: RowStore, labels: readonly (number | string)[]) {
    super(chunk, store)
    this.cells = cells
    this.#labels = labels
  }

  override labelValue(cell: number, key: number): string | undefined {
    const label = this.#labels[key]!
    return typeof label === 'string' ? label : this.store.labelText(this.chunk.start + cell, label)
  }

  override get lastEpochs(): Int32Array {
    return this.chunk.lastEpochs
  }

  override get hasExemplars(): boolean {
    return this.cells.hasExemplars !== false
  }

  override labelIds(cells: Int32Array, key: number): LabelIds {
    const label = this.#labels[key]!
    if (typeof label === 'number') return super.labelIds(cells, label)
    return { ids: new Int32Array(cells.length), strings: [label] }
  }

  value(cell: number): number {
    return this.cells.value(cell)
  }

  count(cell: number): number {
    return this.cells.count(cell)
  }

  sumOfSquaredDeviation(cell: number): number {
    return this.cells.sumOfSquaredDeviation(cell)
  }

  bucket(cell: number, bucket: number): number {
    return this.cells.bucket(cell, bucket)
  }

  exemplar(cell: number, bucket: number): Exemplar | undefined {
    return this.cells.exemplar(cell, bucket)
  }

  exponential(cell: number): ExponentialValue | undefined {
    return this.cells instanceof SketchCells ? this.cells.exponential(cell) : undefined
  }

  summary(cell: number): SummaryValue {
    return (this.cells as SketchCells).summary(cell)!
  }

  percentileWindows(cell: number): readonly PercentileWindow[] | undefined {
    return this.cells instanceof SketchCells ? this.cells.percentileWindows(cell) : undefined
  }
}
