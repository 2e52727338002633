import { DENSE, findSparse, findWide, insertSparse, insertWide, SPARSE } from './row-hash.js'
import { NO_ROW, RowIndex } from './row-index.js'

/** Stands for the id of an unknown string. */
const NO_ID = -1

/**
 * An index that finds and inserts many rows at once, by the ids of their label values. Each step is one loop over a column: a group receives
 * most of its rows when most of its process is not compiled yet, and for calls per row V8 would compile far more code.
 */
export class BulkRowIndex extends RowIndex {
  /** Rises when strings get other ids. */
  idGeneration = 0

  /** The id of a string of a label, or NO_ID. */
  idOf(label: number, text: string | undefined): number {
    return this.labels[label]!.idOf(text) ?? NO_ID
  }

  /** The id of a string of a label, which is made if there is none. It must be well-formed, and within the limit of the length. */
  internId(label: number, text: string): number {
    return this.labels[label]!.intern(text)
  }

  protected override forgetUnused(rows: readonly number[]): void {
    this.idGeneration++
    super.forgetUnused(rows)
  }

  /**
   * Sets `rows[i]` to the row of `ids[0][i]`, `ids[1][i]` and so on, or to NO_ROW. An id may be NO_ID.
   * @param end A number above those of all rows.
   */
  findAll(ids: readonly Int32Array[], rows: Int32Array, end: number): void {
    this.reserve(0, end) // because new ids may need more bits
    const { form, table, rowIds } = this
    const shifts = Int32Array.from(this.labels, ({ shift }) => shift)
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
  insertAll(ids: readonly Int32Array[], rows: Int32Array, next: number): Int32Array {
    let missing = 0
    for (let row = 0; row < rows.length; row++) if (rows[row] === NO_ROW) missing++
    this.reserve(missing, next + missing)
    const { form, table, rowIds } = this
    const width = this.labels.length
    const shifts = Int32Array.from(this.labels, ({ shift }) => shift)
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
    this.used += made
    return places.subarray(0, made)
  }
}
