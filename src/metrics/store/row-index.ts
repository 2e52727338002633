import { isAbsent, isTagValue, labelOf, labelText } from './label-value.js'
import { Label } from './label-dictionary.js'
import { readLabel } from './label-access.js'
import { findSparse, hashOf, removeSparse, removeWide, rowsIn, slotOf } from './row-hash.js'
import type { Labels } from './shared-tag-map.js'

/** Answers that are no row. */
export const NO_ROW = -1
/** A value is an object, a function or a symbol: the record is dropped. */
export const REFUSED = -2

/** A table by ids alone is used up to this size in any case, and up to this many places a row. */
const SMALL_TABLE = 2_048
const PLACES_PER_ROW = 4
/** Bits of a place that is not wide: it stays a whole number that is not negative. */
const MAX_PLACE_BITS = 30
/** The forms of the table. */
const DENSE = 0
const SPARSE = 1
const WIDE = 2

/**
 * From label values to a row, without building a string.
 *
 * Each value has a small number, its id, and the ids' bits side by side are the row's place. How a place leads to its row:
 *
 * - `dense`, while there are few combinations or most of them are in use: the place is an index. No hash, nothing to compare.
 * - `sparse`, the usual case of few out of many combinations: an open-addressed table of places and their rows.
 * - `wide`, where the bits of a place are too many for a whole number: an open-addressed table of rows by a hash of their
 *   ids, which are compared one by one.
 *
 * In each no two rows can be taken for each other. See bench/metrics/row-index.bench.js.
 */
export class RowIndex {
  private readonly labels: readonly Label[]
  private readonly maxValueLength: number
  /** Row + 1, 0 where free; when sparse after the place it belongs to. A power of two in size, at most half full unless dense. */
  private table = new Int32Array(16)
  private form: typeof DENSE | typeof SPARSE | typeof WIDE = DENSE
  /** The ids of row r stand at r * labels.length and after. */
  private rowIds = new Int32Array(0)
  private used = 0
  /** The ids at hand. */
  private readonly ids: Int32Array
  /** Rises with each use of `ids`: a getter among the labels may come back while they are being read. */
  private turn = 0
  /** Called for each value cut to the limit when its row was made. */
  private readonly onCut: () => void

  constructor(keys: readonly string[], maxValueLength: number, onCut: () => void = () => {}) {
    this.labels = keys.map((key) => new Label(key, maxValueLength))
    this.maxValueLength = maxValueLength
    this.onCut = onCut
    this.ids = new Int32Array(keys.length)
    this.layOut()
  }

  /**
   * The row of these labels, where each value was seen before in this very form; NO_ROW where that is not so,
   * and `read` and `findValues` have to look more closely. This is the record path.
   */
  find(labels: Labels): number {
    if (this.form === WIDE) return this.findWide(labels)
    const known = this.labels
    const table = this.table
    let place = 0
    for (let at = 0; at < known.length; at++) {
      const label = known[at]!
      const id = label.find(readLabel(labels, label.key, label.place))
      if (id === undefined) return NO_ROW
      place |= id << label.shift
    }
    if (table !== this.table) return NO_ROW // a getter among the labels came back and changed the places
    return this.form === DENSE ? table[place]! - 1 : findSparse(table, place)
  }

  private findWide(labels: Labels): number {
    const known = this.labels
    const ids = this.ids
    const turn = ++this.turn
    for (let at = 0; at < known.length; at++) {
      const label = known[at]!
      const id = label.find(readLabel(labels, label.key, label.place))
      if (id === undefined) return NO_ROW
      ids[at] = id
    }
    return this.turn === turn ? this.findIds() : NO_ROW
  }

  /** As `find`, with the labels from number `split` on read from `others`. */
  findInTwo(labels: Labels, others: Labels, split: number): number {
    const known = this.labels
    const ids = this.ids
    const turn = ++this.turn
    let place = 0
    for (let at = 0; at < known.length; at++) {
      const label = known[at]!
      const id = label.find(readLabel(at < split ? labels : others, label.key, label.place))
      if (id === undefined) return NO_ROW
      ids[at] = id
      place |= id << label.shift
    }
    if (this.turn !== turn) return NO_ROW // a getter among the labels came back
    if (this.form === WIDE) return this.findIds()
    return this.form === DENSE ? this.table[place]! - 1 : findSparse(this.table, place)
  }

  /** The row of the ids at hand by their hash. */
  private findIds(): number {
    const ids = this.ids
    const rowIds = this.rowIds
    const width = ids.length
    const table = this.table
    const mask = table.length - 1
    for (let place = hashOf(ids) & mask; ; place = (place + 1) & mask) {
      const row = table[place]! - 1
      if (row < 0) return NO_ROW
      let at = 0
      while (at < width && rowIds[row * width + at] === ids[at]) at++
      if (at === width) return row
    }
  }

  // From here on: the rare paths.

  /** The values of these labels, from number `split` on of `others`. Each is read once and in no other place: what a getter returns, or does, is settled with it. */
  read(labels: Labels, others: Labels = labels, split: number = this.labels.length): unknown[] {
    const known = this.labels
    const values = new Array<unknown>(known.length)
    for (let at = 0; at < known.length; at++) values[at] = labelOf(at < split ? labels : others, known[at]!.key)
    return values
  }

  /** The row of these values by their texts, NO_ROW where there is none yet, or REFUSED. */
  findValues(values: readonly unknown[]): number {
    this.turn++
    let known = true
    for (let at = 0; at < values.length; at++) {
      const label = this.labels[at]!
      const value = values[at]
      if (isAbsent(value)) {
        this.ids[at] = 0
        continue
      }
      if (!isTagValue(value)) return REFUSED
      const text = labelText(value, this.maxValueLength)
      const id = label.idOfText(text)
      if (id === undefined) known = false
      else {
        this.ids[at] = id
        label.rememberForm(value, text, id)
      }
    }
    if (!known) return NO_ROW
    if (this.form === WIDE) return this.findIds()
    return this.form === DENSE ? this.table[this.place()]! - 1 : findSparse(this.table, this.place())
  }

  /** Enters these values as `row`. The caller knows that `findValues` gave NO_ROW. */
  insert(values: readonly unknown[], row: number): void {
    this.turn++
    for (const [at, label] of this.labels.entries()) this.ids[at] = this.intern(label, values[at])
    const width = this.labels.length
    if ((row + 1) * width > this.rowIds.length) {
      const grown = new Int32Array(Math.max(32 * width, this.rowIds.length * 2, (row + 1) * width))
      grown.set(this.rowIds)
      this.rowIds = grown
    }
    this.rowIds.set(this.ids, row * width)
    this.used++
    if (this.fits()) this.put(row)
    else this.rebuild([...rowsIn(this.table, this.stride()), row])
  }

  private intern(label: Label, value: unknown): number {
    if (isAbsent(value)) return 0
    if (!isTagValue(value)) throw new Error('BUG: a refused value was to become a row')
    const text = labelText(value, this.maxValueLength)
    if (typeof value === 'string' && text.length < value.length) this.onCut()
    const id = label.intern(text)
    label.rememberForm(value, text, id)
    return id
  }

  private fits(): boolean {
    const hasRoom = this.form === DENSE || this.used * 2 * this.stride() <= this.table.length
    return hasRoom && (this.form === WIDE || this.labels.every((label) => label.fits))
  }

  /** Words that a row takes in the table. */
  private stride(): number {
    return this.form === SPARSE ? 2 : 1
  }

  /** Chooses the form of an empty table that is right for the labels' values and the number of rows. */
  private layOut(): void {
    let bits = 0
    for (const label of this.labels) {
      label.shift = bits
      label.bits = 32 - Math.clz32(label.texts.length - 1)
      bits += label.bits
    }
    const most = Math.max(SMALL_TABLE, this.used * PLACES_PER_ROW)
    if (bits > MAX_PLACE_BITS) this.form = WIDE
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

  /** Enters the ids at hand, which are not in the table. */
  private put(row: number): void {
    const table = this.table
    const mask = table.length - 1
    if (this.form === DENSE) {
      table[this.place()] = row + 1
    } else if (this.form === SPARSE) {
      const place = this.place()
      let at = slotOf(table, place)
      while (table[at + 1] !== 0) at = (at + 2) & mask
      table[at] = place
      table[at + 1] = row + 1
    } else {
      let at = hashOf(this.ids) & mask
      while (table[at] !== 0) at = (at + 1) & mask
      table[at] = row + 1
    }
  }

  /** The place of the ids at hand. */
  private place(): number {
    return this.labels.reduce((place, label, at) => place | (this.ids[at]! << label.shift), 0)
  }

  /** How many values label number `at` has. */
  valueCount(at: number): number {
    return this.labels[at]!.texts.length - 1
  }

  /** The text of label number `at` of a row, undefined where it is not set. */
  text(row: number, at: number): string | undefined {
    return this.labels[at]!.texts[this.rowIds[row * this.labels.length + at]!]
  }

  /** The text that a value has in a row, undefined where it counts as not set, or REFUSED. */
  textOf(value: unknown): string | undefined | typeof REFUSED {
    if (isAbsent(value)) return undefined
    return isTagValue(value) ? labelText(value, this.maxValueLength) : REFUSED
  }

  /**
   * Takes rows out, each in the same time however many there are. Strings that no row uses any more are forgotten once they are
   * the greater part, which is rare: as many rows must have gone as are left.
   */
  remove(removed: ReadonlySet<number>): void {
    this.turn++
    for (const row of removed) if (this.takeOut(row)) this.used--
    for (const label of this.labels) label.useObject()
    if (!this.labels.some(({ texts }) => texts.length > 64 && texts.length > this.used * 2)) return
    const rows = rowsIn(this.table, this.stride())
    this.forgetUnused(rows)
    this.rebuild(rows)
  }

  private takeOut(row: number): boolean {
    this.loadIds(row)
    if (this.form === SPARSE) return removeSparse(this.table, this.place())
    if (this.form === WIDE) return removeWide(this.table, row, hashOf(this.ids), (other) => hashOf(this.loadIds(other)))
    const place = this.place()
    if (this.table[place] !== row + 1) return false
    this.table[place] = 0
    return true
  }

  /** Makes the ids of a row those at hand. */
  private loadIds(row: number): Int32Array {
    const width = this.labels.length
    for (let at = 0; at < width; at++) this.ids[at] = this.rowIds[row * width + at]!
    return this.ids
  }

  /** Says that there is room for no more rows, until some are removed: what is not known is to be found out cheaply. */
  close(): void {
    for (const label of this.labels) label.useMap()
  }

  /** Gives the texts still in use new ids, so that rows that come and go for ever keep memory flat. */
  private forgetUnused(rows: readonly number[]): void {
    for (const [at, label] of this.labels.entries()) {
      const old = label.texts
      label.reset()
      for (const row of rows) {
        const place = row * this.labels.length + at
        const text = old[this.rowIds[place]!]
        this.rowIds[place] = text === undefined ? 0 : label.intern(text)
      }
    }
  }
}
