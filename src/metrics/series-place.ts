import { ownLabels } from './label-text.js'
import type { Labels } from './row-index.js'
import type { RowStore, StoreChunk } from './row-store.js'

/** Where the row of a kept series is; found again when rows have been removed. */
export class SeriesPlace {
  readonly #store: RowStore
  readonly #labels: Labels
  #epoch = -1
  #structure = -1
  chunk!: StoreChunk
  cell = 0

  constructor(store: RowStore, labels: Labels) {
    this.#store = store
    this.#labels = ownLabels(labels, store.labelKeys)
  }

  /** Marks the row as active; where rows have moved, finds it first. Nothing to do twice within an epoch. */
  locate(): void {
    const { epochs } = this.#store
    if (this.#epoch === epochs.current) return
    if (this.#structure !== epochs.structure) {
      const row = this.#store.find(this.#labels)
      this.chunk = this.#store.chunkOf(row)
      this.cell = row - this.chunk.start
      this.#structure = epochs.structure
    }
    this.chunk.marks[this.cell] = epochs.current
    this.#epoch = epochs.current
  }
}
