import { ownLabels } from './label-value.js'
import type { Labels } from './shared-tag-map.js'
import type { RowStore } from './row-store.js'
import type { StoreChunk } from './store-chunk.js'

/** Where the row of a kept series is; found again when rows have been removed. */
export class SeriesPlace {
  private readonly store: RowStore
  private readonly labels: Labels
  private epoch = -1
  private structure = -1
  chunk!: StoreChunk
  cell = 0
  private isOverflow = false

  constructor(store: RowStore, labels: Labels) {
    this.store = store
    this.labels = ownLabels(labels, store.labelKeys)
  }

  /** Marks the row as active, for a change of it; where rows have moved, finds it first. Nothing to do twice within an epoch. */
  locate(): void {
    this.find()
    if (this.isOverflow) this.store.countOverflow()
  }

  /** As `locate`, for who only reads. */
  find(): void {
    const { epochs } = this.store
    if (this.epoch === epochs.current) return
    if (this.structure !== epochs.structure) {
      const row = this.store.place(this.labels)
      this.isOverflow = this.store.isOverflow(row)
      this.chunk = this.store.chunkOf(row)
      this.cell = row - this.chunk.start
      this.structure = epochs.structure
    }
    this.chunk.marks[this.cell] = epochs.current
    this.epoch = epochs.current
  }
}
