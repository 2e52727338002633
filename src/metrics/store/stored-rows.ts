import type { RowIndex } from './row-index.js'
import type { RowStore } from './row-store.js'
import type { StoreChunk } from './store-chunk.js'

/** The values of one label of some rows: `strings[ids[i]]` is that of row i, undefined if it is not set. */
export interface LabelIds {
  readonly ids: Int32Array
  /** Not changed, but for strings that are added at its end. */
  readonly strings: readonly (string | undefined)[]
}

/**
 * Base class of row chunks that read a chunk of a store: labels, epochs and start times. Also by column, for readers of many rows: a call
 * for each value of each row is expensive in a process that has just started, because V8 has to compile all that is called.
 */
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

  /** The start time of each cell. */
  get startTimesUnixMs(): Float64Array {
    return this.chunk.startTimesUnixMs
  }

  /** The epoch of each cell's newest value, 0 for a hole. Undefined if only `lastEpoch` and `isLive` return it. */
  get lastEpochs(): Int32Array | undefined {
    return undefined
  }

  /** True if `isLive` may be false for a cell that is no hole. */
  get hidesRows(): boolean {
    return false
  }

  /** The cell of the overflow row. No cell has this number if the row is in another chunk, or there is none. */
  get overflowCell(): number {
    return this.store.overflowRow - this.chunk.start
  }

  /** False if no row has an exemplar. */
  get hasExemplars(): boolean {
    return true
  }

  /** The values of label `key` in these cells. */
  labelIds(cells: Int32Array, key: number): LabelIds {
    const { index } = this.store
    const ids = rowIdsOf(index, this.chunk.start, cells, key)
    const overflow = cells.indexOf(this.overflowCell)
    if (overflow >= 0) ids[overflow] = 0
    return { ids, strings: index.labels[key]!.strings }
  }
}

/** The ids of label `key` of the rows `start + cells[i]`. */
function rowIdsOf({ rowIds, labels }: RowIndex, start: number, cells: Int32Array, key: number): Int32Array {
  const width = labels.length
  const first = start * width + key
  const ids = new Int32Array(cells.length)
  for (let at = 0; at < cells.length; at++) ids[at] = rowIds[first + cells[at]! * width]!
  return ids
}
