import { isTagValue } from '../labels/all-tags.js'
import { labelOf, labelString } from '../labels/label-value.js'
import { Label } from '../labels/label-dictionary.js'
import { readLabel } from '../labels/label-access.js'
import { DENSE, findSparse, findWide, hashOf, insertSparse, insertWide, removeSparse, removeWide } from './row-hash.js'
import { rowsIn, slotOf, SPARSE, type TableForm, WIDE } from './row-hash.js'
import type { Labels } from '../labels/shared-tag-map.js'

/** Returned instead of a row if there is none. */
export const NO_ROW = -1
/** A value is an object, a function or a symbol: the record is dropped. */
export const REFUSED = -2

/** A dense table is always used up to this size. */
const SMALL_TABLE = 2_048
const KEYS_PER_ROW = 4
/** Bits of a key that is not wide, so that it is a non-negative small integer. */
const MAX_KEY_BITS = 30

/**
 * Finds the row of label values without building a string.
 *
 * Each value has a small number, its id. The row's key is the concatenation of the bits of its ids. The table has one of three forms:
 *
 * - `dense`, if there are few combinations or most are in use: the key is an index, without hash and comparison.
 * - `sparse`, the usual case of few out of many combinations: an open-addressed table of keys and their rows.
 * - `wide`, if a key has too many bits for a small integer: an open-addressed table of rows by the hash of their ids, which are compared
 *   one by one.
 *
 * In each form, different labels always have different rows. See bench/metrics/row-index.bench.js.
 */
export class RowIndex {
  readonly labels: readonly Label[]
  readonly maxValueLength: number
  /** Row + 1, or 0 if free; in the sparse form after its key. The size is a power of two. At most half full unless dense. */
  protected table: Int32Array = new Int32Array(16)
  protected form: TableForm = DENSE
  /** The ids of row r begin at r * labels.length. */
  rowIds: Int32Array = new Int32Array(0)
  protected used = 0
  /** The ids of the current look-up. */
  private readonly ids: Int32Array
  /** Rises with each use of `ids`, because a getter among the labels may call `record` while they are being read; so with each new row. */
  turn = 0
  /** Called for each value cut to the limit when its row was made. */
  private readonly onCut: () => void

  /** @param isRecorded False if only `findValues` is called. */
  constructor(keys: readonly string[], maxValueLength: number, onCut: () => void = () => {}, isRecorded = true) {
    this.labels = keys.map((key) => new Label(key, maxValueLength, isRecorded))
    this.maxValueLength = maxValueLength
    this.onCut = onCut
    this.ids = new Int32Array(keys.length)
    this.layOut()
  }

  /**
   * The row of these labels if each value is known in this form; otherwise NO_ROW, and `read` and `findValues` have to be called. Part of
   * the record path. One long function on purpose: V8 inlines none of more than 460 bytes of bytecode, so this one is compiled by itself
   * and has room for all that it calls. A short one was inlined into some callers, and then what it calls was not. So its loops over the
   * table are not calls of `findSparse` and `findWide`, which have the same ones.
   */
  find(labels: Labels): number {
    const known = this.labels
    const ids = this.ids
    if (this.form !== WIDE) {
      const table = this.table
      let key = 0
      for (let at = 0; at < known.length; at++) {
        const label = known[at]!
        const id = label.find(readLabel(labels, label.key, label.site))
        if (id === undefined) return NO_ROW
        key |= id << label.shift
      }
      if (table !== this.table) return NO_ROW // a getter among the labels called `record`, which changed the keys
      if (this.form === DENSE) return table[key]! - 1
      const mask = table.length - 1
      for (let at = slotOf(table, key); ; at = (at + 2) & mask) {
        const row = table[at + 1]! - 1
        if (row < 0 || table[at] === key) return row
      }
    }
    const turn = ++this.turn
    for (let at = 0; at < known.length; at++) {
      const label = known[at]!
      const id = label.find(readLabel(labels, label.key, label.site))
      if (id === undefined) return NO_ROW
      ids[at] = id
    }
    if (this.turn !== turn) return NO_ROW
    const { table, rowIds } = this
    const mask = table.length - 1
    const width = ids.length
    for (let slot = hashOf(ids) & mask; ; slot = (slot + 1) & mask) {
      const row = table[slot]! - 1
      if (row < 0) return NO_ROW
      let at = 0
      while (at < width && rowIds[row * width + at] === ids[at]) at++
      if (at === width) return row
    }
  }

  /** Like `find`, but reads the labels from index `split` on from `others`. */
  findInTwo(labels: Labels, others: Labels, split: number): number {
    const known = this.labels
    const ids = this.ids
    const turn = ++this.turn
    let key = 0
    for (let at = 0; at < known.length; at++) {
      const label = known[at]!
      const id = label.find(readLabel(at < split ? labels : others, label.key, label.site))
      if (id === undefined) return NO_ROW
      ids[at] = id
      key |= id << label.shift
    }
    if (this.turn !== turn) return NO_ROW // a getter among the labels called `record`
    if (this.form === WIDE) return findWide(this.table, this.ids, this.rowIds)
    return this.form === DENSE ? this.table[key]! - 1 : findSparse(this.table, key)
  }

  // The rare paths follow.

  /** Reads the values of these labels, from index `split` on those of `others`. Each is read only here, so that a getter runs once. */
  read(labels: Labels, others: Labels = labels, split: number = this.labels.length): unknown[] {
    const known = this.labels
    const values = new Array<unknown>(known.length)
    for (let at = 0; at < known.length; at++) values[at] = labelOf(at < split ? labels : others, known[at]!.key)
    return values
  }

  /** The row of these values by their strings, NO_ROW if there is none yet, or REFUSED. */
  findValues(values: readonly unknown[]): number {
    this.turn++
    let known = true
    for (let at = 0; at < values.length; at++) {
      const label = this.labels[at]!
      const value = values[at]
      let id = label.idOf(value)
      if (id === undefined) {
        if (!isTagValue(value)) return REFUSED
        id = label.idByString(value)
      }
      if (id === undefined) known = false
      else this.ids[at] = id
    }
    if (!known) return NO_ROW
    if (this.form === WIDE) return findWide(this.table, this.ids, this.rowIds)
    return this.form === DENSE ? this.table[this.key()]! - 1 : findSparse(this.table, this.key())
  }

  /** Inserts these values as `row`. Call it only after `findValues` has returned NO_ROW. */
  insert(values: readonly unknown[], row: number): void {
    this.turn++
    const width = this.labels.length
    for (let at = 0; at < width; at++) this.ids[at] = this.intern(this.labels[at]!, values[at])
    this.growIds(row + 1)
    this.rowIds.set(this.ids, row * width)
    this.used++
    if (this.fits()) this.put(row)
    else this.rebuild([...rowsIn(this.table, this.stride()), row])
  }

  private growIds(rows: number): void {
    const length = rows * this.labels.length
    if (length <= this.rowIds.length) return
    const grown = new Int32Array(Math.max(32 * this.labels.length, this.rowIds.length * 2, length))
    grown.set(this.rowIds)
    this.rowIds = grown
  }

  /** Makes room for `count` more rows, numbers below `end`. */
  protected reserve(count: number, end: number): void {
    this.turn++
    this.growIds(end)
    this.used += count
    if (!this.fits()) this.rebuild(rowsIn(this.table, this.stride()))
    this.used -= count
  }

  private intern(label: Label, value: unknown): number {
    const seen = label.idOf(value)
    if (seen !== undefined) return seen
    if (!isTagValue(value)) throw new Error('BUG: a row with a refused value')
    const text = labelString(value, this.maxValueLength)
    if (text.length < String(value).length) this.onCut()
    const id = label.intern(text)
    label.rememberForm(value, text, id)
    return id
  }

  private fits(): boolean {
    const hasRoom = this.form === DENSE || this.used * 2 * this.stride() <= this.table.length
    return hasRoom && (this.form === WIDE || this.labels.every((label) => label.fits))
  }

  /** The number of words of an entry in the table. */
  private stride(): number {
    return this.form === SPARSE ? 2 : 1
  }

  /** Chooses the form of an empty table by the number of label values and of rows. */
  private layOut(): void {
    let bits = 0
    for (const label of this.labels) {
      label.shift = bits
      label.bits = 32 - Math.clz32(label.strings.length - 1)
      bits += label.bits
    }
    const most = Math.max(SMALL_TABLE, this.used * KEYS_PER_ROW)
    if (bits > MAX_KEY_BITS) this.form = WIDE
    else this.form = 1 << bits <= most ? DENSE : SPARSE
    const rows = 2 ** Math.ceil(Math.log2(Math.max(16, this.used * 2 + 2)))
    this.table = new Int32Array(this.form === DENSE ? 1 << bits : rows * this.stride())
  }

  private rebuild(rows: readonly number[]): void {
    this.layOut()
    for (const row of rows) {
      this.loadIds(row)
      this.put(row)
    }
  }

  /** Inserts the current ids, which are not in the table. */
  private put(row: number): void {
    const table = this.table
    if (this.form === DENSE) table[this.key()] = row + 1
    else if (this.form === SPARSE) insertSparse(table, this.key(), row)
    else insertWide(table, this.ids, row)
  }

  /** The key of the current ids. */
  private key(): number {
    let key = 0
    for (let at = 0; at < this.labels.length; at++) key |= this.ids[at]! << this.labels[at]!.shift
    return key
  }

  /** The number of values of label `at`. */
  valueCount(at: number): number {
    return this.labels[at]!.strings.length - 1
  }

  /** The value of label `at` of a row; undefined if it is not set. */
  text(row: number, at: number): string | undefined {
    return this.labels[at]!.strings[this.rowIds[row * this.labels.length + at]!]
  }

  /**
   * Removes rows, each in constant time. Unused strings are dropped once most are unused, which is rare: as many rows must have been
   * removed as are left.
   */
  remove(removed: ReadonlySet<number>): void {
    this.turn++
    for (const row of removed) if (this.takeOut(row)) this.used--
    for (const label of this.labels) label.useObject()
    if (!this.labels.some(({ strings }) => strings.length > 64 && strings.length > this.used * 2)) return
    const rows = rowsIn(this.table, this.stride())
    this.forgetUnused(rows)
    this.rebuild(rows)
  }

  private takeOut(row: number): boolean {
    this.loadIds(row)
    if (this.form === SPARSE) return removeSparse(this.table, this.key())
    if (this.form === WIDE) return removeWide(this.table, row, hashOf(this.ids), (other) => hashOf(this.loadIds(other)))
    const isThere = this.table[this.key()] === row + 1
    if (isThere) this.table[this.key()] = 0
    return isThere
  }

  /** Makes the ids of a row the current ones. */
  private loadIds(row: number): Int32Array {
    const width = this.labels.length
    for (let at = 0; at < width; at++) this.ids[at] = this.rowIds[row * width + at]!
    return this.ids
  }

  /** Call if no row can be added until some are removed: unknown values are then recognized quickly. */
  close(): void {
    for (const label of this.labels) label.useMap()
  }

  /** Assigns new ids to the strings in use, so that memory stays constant if rows are added and removed forever. */
  protected forgetUnused(rows: readonly number[]): void {
    for (const [at, label] of this.labels.entries()) {
      const old = label.strings
      label.reset()
      for (const row of rows) {
        const index = row * this.labels.length + at
        const text = old[this.rowIds[index]!]
        this.rowIds[index] = text === undefined ? 0 : label.intern(text)
      }
    }
  }
}
