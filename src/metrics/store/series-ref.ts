import type { Cells, Epochs } from './cells.js'
import { ownLabels } from './label-value.js'
import type { Labels } from './shared-tag-map.js'
import type { RowStore } from './row-store.js'
import type { StoreChunk } from './store-chunk.js'

/** A reference to the row of a series. If the row was removed, it is found or made again. */
export class SeriesRef {
  private readonly store: RowStore
  private readonly labels: Labels
  private readonly epochs: Epochs
  /** `Epochs.changes` when the row was last found and its last epoch set. */
  private seen = -1
  private createdIn = 0
  chunk!: StoreChunk
  cell = 0
  private isOverflow = false

  constructor(store: RowStore, labels: Labels) {
    this.store = store
    this.epochs = store.epochs
    this.labels = ownLabels(labels, store.labelKeys)
    this.find()
  }

  /** True if `chunk` and `cell` are current: nothing has changed since the row was found and its last epoch set. */
  isCurrent(): boolean {
    return this.seen === this.epochs.changes && !this.isOverflow
  }

  /** Sets the row's last epoch, before a change; makes the row again if it was removed. */
  locate(): void {
    if (this.seen !== this.epochs.changes) this.find()
    if (this.isOverflow) this.store.countOverflow()
  }

  /** Reads a number of the series; 0 if the row was removed. Changes nothing. */
  read(value: (cells: Cells, cell: number) => number): number {
    if (this.isInPlace()) return value(this.chunk.columns[0]!, this.cell)
    const row = this.store.lookup(this.labels)
    if (row < 0) return 0
    const chunk = this.store.chunkOf(row)
    return value(chunk.columns[0]!, row - chunk.start)
  }

  /** True if the row still belongs to the series. A series in the overflow row may get its own row later. */
  private isInPlace(): boolean {
    return !this.isOverflow && this.chunk.isSame(this.cell, this.createdIn)
  }

  private find(): void {
    const { epochs } = this
    if (this.seen < 0 || !this.isInPlace()) {
      const row = this.store.findOrCreate(this.labels)
      this.isOverflow = this.store.isOverflow(row)
      this.chunk = this.store.chunkOf(row)
      this.cell = row - this.chunk.start
      this.createdIn = this.chunk.createdIn(this.cell)
    }
    this.chunk.lastEpochs[this.cell] = epochs.current
    this.seen = epochs.changes
  }
}
