import { BulkRowIndex } from './bulk-row-index.js'
import { chunkOf } from './chunk-layout.js'
import { RowStore, type RowStoreOptions } from './row-store.js'

/** A store that finds and makes many rows at once, by the ids of their label values. */
export class BulkRowStore extends RowStore {
  declare readonly index: BulkRowIndex

  constructor(options: RowStoreOptions) {
    super(options, BulkRowIndex)
  }

  /** Sets `rows[i]` to the row of `ids[0][i]`, `ids[1][i]` and so on, or to NO_ROW. */
  findAll(ids: readonly Int32Array[], rows: Int32Array): void {
    this.index.findAll(ids, rows, this.next)
  }

  /** True if so many rows can be made by {@link makeAll}. */
  canMake(rows: number): boolean {
    return this.free.length === 0 && !this.share.isFull(this.rowLimit, rows)
  }

  /**
   * Makes a row for each NO_ROW in `rows`, one for equal ids. Call only if {@link canMake} returns true for as many.
   * @param startTimesUnixMs By index in `rows`.
   */
  makeAll(ids: readonly Int32Array[], rows: Int32Array, startTimesUnixMs: Float64Array): void {
    const places = this.index.insertAll(ids, rows, this.next)
    const end = this.next + places.length
    for (let made = 0; this.next < end; ) {
      const at = chunkOf(this.next)
      while (this.chunks.length <= at) this.addChunk()
      const chunk = this.chunks[at]!
      const from = this.next - chunk.start
      const to = Math.min(from + end - this.next, chunk.rows)
      chunk.size = to
      chunk.lastEpochs.fill(this.epochs.current, from, to)
      chunk.version++
      for (let cell = from; cell < to; cell++) {
        chunk.created(cell, this.generation)
        chunk.startTimesUnixMs[cell] = startTimesUnixMs[places[made++]!]!
      }
      this.next += to - from
    }
    this.share.add(places.length)
  }
}
