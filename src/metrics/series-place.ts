import { ownLabels } from './label-text.js'
import type { Labels } from './row-index.js'
import type { RowStore, StoreChunk } from './row-store.js'

/** Where the row of a kept series is; found again when rows have been removed. */
export class SeriesPlace {
  readonly #store: RowStore
  readonly #labels: Labels
  #structure = -1
  chunk!: StoreChunk
  cell = 0

  constructor(store: RowStore, labels: Labels) {
    this.#store = store
    this.#labels = ownLabels(labels, store.labelKeys)
  }

  locate(): void {
    if (this.#structure === this.#store.epochs.structure) return
    const row = this.#store.find(this.#labels)
    this.chunk = this.#store.chunkOf(row)
    this.cell = row - this.chunk.start
    this.#structure = this.#store.epochs.structure
  }
}
