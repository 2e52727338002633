import type { RowStore } from './row-store.js'
import type { StoreChunk } from './store-chunk.js'

/** Base class of row chunks that read a chunk of a store: labels, epochs and start times. */
export abstract class StoredRows {
  protected readonly chunk: StoreChunk
  protected readonly store: RowStore

  constructor(chunk: StoreChunk, store: RowStore) {
    this.chunk = chunk
    this.store = store
  }

  get size(): number {
    return this.chunk.size
  }

  get version(): number {
    return this.chunk.version
  }

  get newestGeneration(): number {
    return this.chunk.newestGeneration
  }

  createdIn(cell: number): number {
    return this.chunk.createdIn(cell)
  }

  isLive(cell: number): boolean {
    return this.chunk.lastEpochs[cell] !== 0
  }

  isOverflow(cell: number): boolean {
    return this.store.isOverflow(this.chunk.start + cell)
  }

  labelValue(cell: number, key: number): string | undefined {
    return this.store.labelText(this.chunk.start + cell, key)
  }

  lastEpoch(cell: number): number {
    return this.chunk.lastEpochs[cell]!
  }

  startTimeUnixMs(cell: number): number {
    return this.chunk.startTimesUnixMs[cell]!
  }
}
