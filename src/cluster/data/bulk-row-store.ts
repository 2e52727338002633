import { chunkOf } from '../../metrics/store/chunk-layout.js'
import { DENSE, findSparse, findWide, insertSparse, insertWide, SPARSE } from '../../metrics/store/row-hash.js'
import { NO_ROW, type RowIndex } from '../../metrics/store/row-index.js'
import { RowStore } from '../../metrics/store/row-store.js'

/** Stands for the id of an unknown string. */
const NO_ID = -1

/**
 * A store that finds and makes many rows at once, by the ids of their label values. Each step is one loop over a column: a group receives
 * most of its rows when most of its process is not compiled yet, and for calls per row V8 would compile far more code.
 */
export class BulkRowStore extends RowStore {
  /** Rises when strings get other ids. */
  get idGeneration(): number {
    return this.index.idGeneration
  }

  /** The id of a string of a label, or NO_ID. */
  idOf(label: number, text: string | undefined): number {
    return this.index.labels[label]!.idOf(text) ?? NO_ID
  }

  /** The id of a string of a label, which is made if there is none. It must be well-formed, and within the limit of the length. */
  internId(label: number, text: string): number {
    return this.index.labels[label]!.intern(text)
  }

  /** Sets `rows[i]` to the row of `ids[0][i]`, `ids[1][i]` and so on, or to NO_ROW. An id may be NO_ID. */
  findAll(ids: readonly Int32Array[], rows: Int32Array): void {
    this.index.reserve(0, this.next) // because new ids may need more bits
    findRows(this.index, ids, rows)
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
    const places = insertRows(this.index, ids, rows, this.next)
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

/** Sets `rows[i]` to the row of `ids[0][i]`, `ids[1][i]` and so on, or to NO_ROW. An id may be NO_ID. */
function findRows({ form, table, rowIds, labels }: RowIndex, ids: readonly Int32Array[], rows: Int32Array): void {
  const shifts = Int32Array.from(labels, ({ shift }) => shift)
  const own = new Int32Array(shifts.length)
  for (let row = 0; row < rows.length; row++) {
    let key = 0
    let isKnown = true
    for (let at = 0; at < own.length; at++) {
      const id = ids[at]![row]!
      if (id === NO_ID) isKnown = false
      own[at] = id
      key |= id << shifts[at]!
    }
    if (!isKnown) rows[row] = NO_ROW
    else if (form === SPARSE) rows[row] = findSparse(table, key)
    else rows[row] = form === DENSE ? table[key]! - 1 : findWide(table, own, rowIds)
  }
}

/** Inserts a row, from number `next` on, for each NO_ROW in `rows`, one for equal ids. Returns the index in `rows` of each. */
function insertRows(index: RowIndex, ids: readonly Int32Array[], rows: Int32Array, next: number): Int32Array {
  let missing = 0
  for (let row = 0; row < rows.length; row++) if (rows[row] === NO_ROW) missing++
  index.reserve(missing, next + missing)
  const { form, table, rowIds, labels } = index
  const width = labels.length
  const shifts = Int32Array.from(labels, ({ shift }) => shift)
  const own = new Int32Array(width)
  const places = new Int32Array(missing)
  let made = 0
  for (let row = 0; row < rows.length; row++) {
    if (rows[row] !== NO_ROW) continue
    let key = 0
    for (let at = 0; at < width; at++) {
      own[at] = ids[at]![row]!
      key |= own[at]! << shifts[at]!
    }
    let found = form === SPARSE ? findSparse(table, key) : form === DENSE ? table[key]! - 1 : findWide(table, own, rowIds)
    if (found === NO_ROW) {
      found = next + made
      places[made++] = row
      rowIds.set(own, found * width)
      if (form === SPARSE) insertSparse(table, key, found)
      else if (form === DENSE) table[key] = found + 1
      else insertWide(table, own, found)
    }
    rows[row] = found
  }
  index.used += made
  return places.subarray(0, made)
}
