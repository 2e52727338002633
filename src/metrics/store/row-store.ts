import { internalCount, type InternalCount, internalCounter } from '../../base/internal-metrics.js'
import { DistributionBackedCells, type DistributionPart } from '../cells/distribution-backed-cells.js'
import type { Cells, Epochs } from '../cells/cells.js'
import { chunkOf } from './chunk-layout.js'
import { DistributionCells } from '../cells/distribution-cells.js'
import { NO_ROW, RowIndex } from './row-index.js'
import { reportFull } from '../labels/label-notices.js'
import { labelEntries, labelsOfValues, storedString } from '../labels/label-value.js'
import { RowShare, type StoreHome } from './limits.js'
import { labelsOf, type Labels } from '../labels/shared-tag-map.js'
import { StoreChunk } from './store-chunk.js'

/** Makes a column's cells for a new chunk of `rows` rows. */
export type CellsFactory = (rows: number) => Cells

interface Column {
  readonly make: CellsFactory
  readonly part: DistributionPart | undefined
  readonly buckets: number
}

export interface RowStoreOptions extends StoreHome {
  /** Name of the view or instrument, for internal metrics. */
  readonly name: string
  readonly labelKeys: readonly string[]
  /** Buckets that a row has outside of its columns. Default 0. */
  readonly buckets?: number
  /** False if rows are found by `findOrCreateByValues` alone. Default true. */
  readonly isRecorded?: boolean
  /** True if the cells are {@link SketchCells}. Default false. */
  readonly sketched?: boolean
  /** Called with the labels before a row is made. */
  readonly onNewRow?: (labels: Labels) => void
}

const OVERFLOWED = internalCounter(
  'tallyscope_overflowed_records_total',
  'Records that went to the overflow row because a limit of rows was reached.',
  'store',
)
const CUT = internalCounter('tallyscope_cut_tag_values_total', 'Tag values longer than the limit, cut when their row was made.', 'store')

/**
 * The rows of one or more columns with the same labels: all views of a measure with the same tag keys, or one instrument. A row is a
 * number; its cell is its index in a chunk of typed arrays that never move.
 */
export class RowStore {
  readonly labelKeys: readonly string[]
  readonly epochs: Epochs
  readonly sketched: boolean
  readonly chunks: StoreChunk[] = []
  /** Rises when rows are removed. Later rows may have the same labels as a removed one, or its cell. */
  generation = 0
  readonly index: RowIndex
  private readonly columns: Column[] = []
  protected readonly share: RowShare
  rowLimit: number
  private readonly name: string
  private readonly onNewRow: ((labels: Labels) => void) | undefined
  private readonly overflowed: InternalCount
  protected readonly free: number[] = []
  /** The number of the next new row, unless a removed one is used again. */
  protected next = 0
  /** NO_ROW while there is none. */
  overflowRow: number = NO_ROW

  constructor(options: RowStoreOptions, Index: typeof RowIndex = RowIndex) {
    this.name = options.name
    this.onNewRow = options.onNewRow
    this.labelKeys = options.labelKeys
    this.epochs = options.epochs
    this.sketched = options.sketched ?? false
    this.share = new RowShare(options.budget)
    this.share.widen(options.buckets ?? 0)
    this.rowLimit = options.rowLimit
    this.overflowed = internalCount(OVERFLOWED, options.name)
    const onCut = (): void => void internalCount(CUT, options.name).value++
    this.index = new Index(options.labelKeys, options.valueLength, onCut, options.isRecorded)
  }

  /** Rows in use, without the overflow row. */
  get size(): number {
    return this.share.rows
  }

  chunkOf(row: number): StoreChunk {
    return this.chunks[chunkOf(row)]!
  }

  /**
   * Adds a cell to every row; returns the column's number.
   * @param part The part of a distribution that is the column's data: if the store has a distribution, it backs the column.
   * @param buckets How many a row has: many count as more rows in the limit of all.
   */
  addColumn(make: CellsFactory, part?: DistributionPart, buckets = 0): number {
    this.columns.push({ make, part, buckets })
    this.share.widen(buckets)
    for (const chunk of this.chunks) chunk.addColumn(make(chunk.rows))
    return this.columns.length - 1
  }

  /** Removes a column; later columns shift down by one. */
  removeColumn(column: number): void {
    for (const { buckets } of this.columns.splice(column, 1)) this.share.widen(-buckets)
    for (const chunk of this.chunks) chunk.removeColumn(column)
  }

  /** The row of these labels if they were recorded in this form before; otherwise NO_ROW, also if there is a row. */
  existing(labels: Labels): number {
    return typeof labels === 'object' && labels !== null ? this.index.find(labelsOf(labels)) : NO_ROW
  }

  /** The existing row of these labels, NO_ROW or REFUSED. */
  lookup(labels: Labels): number {
    const row = this.index.find(labels)
    return row === NO_ROW ? this.index.findValues(this.index.read(labels)) : row
  }

  /**
   * The row of these labels, which is made if there is none; the overflow row at the limit; or REFUSED. If a getter among the labels
   * throws, its error is thrown and nothing has changed.
   */
  find(labels: Labels): number {
    const row = this.index.find(labels)
    return row === NO_ROW ? this.findSlowly(labels) : row
  }

  /** Like `find`, but reads the labels from number `split` on from `others`. */
  findInTwo(labels: Labels, others: Labels, split: number): number {
    const row = this.index.findInTwo(labels, others, split)
    return row === NO_ROW ? this.findSlowly(labels, others, split) : row
  }

  private findSlowly(labels: Labels, others?: Labels, split?: number): number {
    const row = this.findOrCreate(labels, others, split)
    if (row === this.overflowRow) this.countOverflow()
    return row
  }

  /** Like `find`, for a handle that keeps the row: nothing is recorded yet, so the overflow row is not counted. */
  findOrCreate(labels: Labels, others?: Labels, split?: number): number {
    return this.findOrCreateByValues(this.index.read(labels, others, split), labels)
  }

  /** Like `findOrCreate`, for values in the order of the keys. */
  findOrCreateByValues(values: readonly unknown[], labels?: Labels): number {
    let row = this.index.findValues(values)
    if (row === NO_ROW && this.onNewRow !== undefined && !this.share.isFull(this.rowLimit)) {
      const { turn } = this.index
      this.onNewRow(labels ?? labelsOfValues(this.labelKeys, values))
      if (turn !== this.index.turn) row = this.index.findValues(values) // a proxy recorded the same labels when its keys were listed
    }
    if (row !== NO_ROW) return row
    return this.share.isFull(this.rowLimit) ? this.findOverflow() : this.insert(values)
  }

  /** Counts a record that went to the overflow row, unless the store was disposed of. */
  countOverflow(): void {
    if (this.rowLimit > 0) this.overflowed.value++
  }

  private insert(values: readonly unknown[]): number {
    const row = this.allocate()
    this.index.insert(values, row)
    this.share.add(1)
    return row
  }

  /** The overflow row, which is made if there is none. */
  findOverflow(): number {
    this.index.close()
    if (this.overflowRow === NO_ROW) {
      this.overflowRow = this.allocate()
      if (this.rowLimit > 0) this.reportFull()
    }
    return this.overflowRow
  }

  private reportFull(): void {
    const counts = this.labelKeys.map((_, at) => this.index.valueCount(at))
    reportFull(this.name, this.share.rows >= this.rowLimit ? this.rowLimit : undefined, this.share.limit, this.labelKeys, counts)
  }

  private allocate(): number {
    const row = this.free.pop() ?? this.next++
    const at = chunkOf(row)
    while (this.chunks.length <= at) this.addChunk()
    const chunk = this.chunks[at]!
    const cell = row - chunk.start
    if (cell >= chunk.size) chunk.size = cell + 1
    chunk.lastEpochs[cell] = this.epochs.current
    chunk.startTimesUnixMs[cell] = this.epochs.clock.unixMs()
    chunk.created(cell, this.generation)
    chunk.version++
    return row
  }

  protected addChunk(): void {
    const chunk = new StoreChunk(this.chunks.length, this.epochs, this.sketched, this.generation)
    const own = this.columns.map(({ make, part }) => (part === undefined ? make(chunk.rows) : undefined))
    const distribution = own.find((cells) => cells instanceof DistributionCells)
    for (const [at, { make, part }] of this.columns.entries()) {
      const backed = distribution === undefined || part === undefined ? undefined : new DistributionBackedCells(distribution, part)
      chunk.addColumn(own[at] ?? backed ?? make(chunk.rows))
    }
    this.chunks.push(chunk)
  }

  isOverflow(row: number): boolean {
    return row === this.overflowRow
  }

  /** The value of label `key` of a row; the overflow row has none. */
  labelText(row: number, key: number): string | undefined {
    return row === this.overflowRow ? undefined : this.index.text(row, key)
  }

  /** The values of all labels of a row, in the order of the keys. */
  labelTexts(row: number): (string | undefined)[] {
    return this.labelKeys.map((_, at) => this.labelText(row, at))
  }

  /** Calls `visit` with each row, in the order of their numbers. */
  forEachRow(visit: (row: number, chunk: StoreChunk, cell: number) => void): void {
    for (const chunk of this.chunks) {
      for (let cell = 0; cell < chunk.size; cell++) {
        if (chunk.lastEpochs[cell] !== 0) visit(chunk.start + cell, chunk, cell)
      }
    }
  }

  /** All rows for which `matches` is true, without the overflow row. */
  rowsWhere(matches: (row: number, chunk: StoreChunk, cell: number) => boolean): ReadonlySet<number> {
    const rows = new Set<number>()
    this.forEachRow((row, chunk, cell) => {
      if (row !== this.overflowRow && matches(row, chunk, cell)) rows.add(row)
    })
    return rows
  }

  /** Removes these rows, which must exist; returns their number. */
  remove(rows: ReadonlySet<number>): number {
    if (rows.size === 0) return 0
    this.index.remove(rows)
    for (const row of rows) this.release(row)
    this.beginGeneration()
    this.share.add(-rows.size)
    return rows.size
  }

  private beginGeneration(): void {
    this.generation++
    this.epochs.countChange()
  }

  /** The rows whose labels match all given ones, in any form; none if the store does not have one of the keys, or labels cannot be read. */
  matching(labels: Labels): ReadonlySet<number> {
    const { maxValueLength: max } = this.index
    const wanted = labelEntries(labels)?.map(([key, value]) => [this.labelKeys.indexOf(key), storedString(value, max)] as const)
    if (wanted === undefined || wanted.some(([at, text]) => at < 0 || text === null)) return new Set()
    return this.rowsWhere((row) => wanted.every(([at, text]) => this.labelText(row, at) === text))
  }

  /** Removes every row, including the overflow row. */
  clear(): void {
    this.remove(this.rowsWhere(() => true))
    if (this.overflowRow === NO_ROW) return
    this.release(this.overflowRow)
    this.beginGeneration()
    this.overflowRow = NO_ROW
  }

  private release(row: number): void {
    const chunk = this.chunkOf(row)
    const cell = row - chunk.start
    chunk.lastEpochs[cell] = 0
    chunk.version++
    for (const cells of chunk.columns) cells.clear(cell)
    this.free.push(row)
  }

  /** Returns the rows to the engine's budget. Handles that are still in use get no new rows. */
  dispose(): void {
    this.share.leave()
    this.rowLimit = 0
    this.epochs.countChange() // handles of overflow rows may get rows of their own
  }

  /** Copies one column with its rows into another, empty store. Limits do not apply, so that nothing is lost. */
  copyColumn(column: number, into: RowStore): void {
    this.forEachRow((row, chunk, cell) => {
      const to = row === this.overflowRow ? into.findOverflow() : into.insert(this.labelTexts(row))
      const target = into.chunkOf(to)
      const targetCell = to - target.start
      target.columns[0]!.copy(targetCell, chunk.columns[column]!, cell)
      target.lastEpochs[targetCell] = chunk.lastEpochs[cell]!
      target.startTimesUnixMs[targetCell] = chunk.startTimesUnixMs[cell]!
    })
  }
}
