import type { Cells } from './cells.js'
import { ownLabels } from './label-value.js'
import type { Labels } from './shared-tag-map.js'
import type { RowStore } from './row-store.js'
import type { StoreChunk } from './store-chunk.js'

/** Where the row of a kept series is; found again if it was removed. */
export class SeriesRef {
  private readonly store: RowStore
  private readonly labels: Labels
  /** The engine's count of changes when the row was last seen to be in its place, and marked. */
  private seen = -1
  private createdIn = 0
  chunk!: StoreChunk
  cell = 0
  private isOverflow = false

  constructor(store: RowStore, labels: Labels) {
    this.store = store
    this.labels = ownLabels(labels, store.labelKeys)
    this.find()
  }

  /** Marks the row as active, for a change of it; makes it anew if it was removed. */
  locate(): void {
    if (this.seen !== this.store.epochs.changes) this.find()
    if (this.isOverflow) this.store.countOverflow()
  }

  /** Reads a number of the series, 0 if it was removed. Changes nothing. */
  read(value: (cells: Cells, cell: number) => number): number {
    if (this.isInPlace()) return value(this.chunk.columns[0]!, this.cell)
    const row = this.store.lookup(this.labels)
    if (row < 0) return 0
    const chunk = this.store.chunkOf(row)
    return value(chunk.columns[0]!, row - chunk.start)
  }

  /** A series in the overflow row may have found room since. */
  private isInPlace(): boolean {
    return !this.isOverflow && this.chunk.isSame(this.cell, this.createdIn)
  }

  private find(): void {
    const { epochs } = this.store
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
