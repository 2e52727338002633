import { isAbsent, isTagValue, labelText, ownText } from './label-text.js'

/** Answers of `find` that are no row. */
export const NO_ROW = -1
/** A value is an object, a function or a symbol: the record is dropped. */
export const REFUSED = -2

/** Any object whose own properties are read as labels; TagMap hands in its plain record. */
export type Labels = { readonly [key: string]: unknown }

/**
 * From label values to a row, without building a string.
 *
 * Each label has a Map from value to a small number, its id; id 0 stands for "not set". The ids of a row
 * together are looked up in an open-addressed table of row numbers, whose entries are compared in full, so
 * that no two rows can be taken for each other. It costs 12 bytes a row beside the ids, about a quarter of
 * nested Maps, at the same speed; see bench/metrics/row-index.bench.js.
 */
export class RowIndex {
  readonly keys: readonly string[]
  readonly #maxValueLength: number
  readonly #ids: Map<unknown, number>[]
  readonly #texts: (string | undefined)[][]
  /** The ids of row r stand at r * keys.length and after. */
  #rowIds = new Int32Array(0)
  /** Row + 1, or 0 where free. A power of two in size, at most half full. */
  #table = new Int32Array(16)
  #used = 0
  /** The value last read of each label, and its id: repeated values need no look-up. */
  readonly #lastValues: unknown[]
  readonly #lastIds: Int32Array
  /** The row of exactly these, or NO_ROW. */
  #lastRow = NO_ROW
  /** Ids of the labels at hand on the rare paths. */
  readonly #scratch: Int32Array
  /** Counts values that were cut to the limit when their row was made. */
  readonly #onCut: () => void

  constructor(keys: readonly string[], maxValueLength: number, onCut: () => void = () => {}) {
    this.keys = keys
    this.#maxValueLength = maxValueLength
    this.#onCut = onCut
    this.#ids = keys.map(absentIds)
    this.#texts = keys.map(() => [undefined])
    this.#lastValues = keys.map(() => undefined)
    this.#lastIds = new Int32Array(keys.length)
    this.#scratch = new Int32Array(keys.length)
  }

  /** The row of these labels, NO_ROW where there is none yet, or REFUSED. This is the record path. */
  find(labels: Labels): number {
    const keys = this.keys
    const lastValues = this.#lastValues
    const ids = this.#lastIds
    let hash = 0
    for (let key = 0; key < keys.length; key++) {
      const value = labels[keys[key]!]
      if (value !== lastValues[key]) {
        const id = this.#ids[key]!.get(value)
        if (id === undefined) return this.#findByText(labels)
        this.#lastRow = NO_ROW // first: a getter among the labels may throw before the end
        lastValues[key] = value
        ids[key] = id
      }
      hash = mix(hash, ids[key]!)
    }
    if (this.#lastRow < 0) this.#lastRow = this.#lookUp(hash, ids)
    return this.#lastRow
  }

  #lookUp(hash: number, ids: Int32Array): number {
    const table = this.#table
    const mask = table.length - 1
    const rowIds = this.#rowIds
    const width = ids.length
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const row = table[slot]! - 1
      if (row < 0) return NO_ROW
      let key = 0
      while (key < width && rowIds[row * width + key] === ids[key]) key++
      if (key === width) return row
    }
  }

  /** The rare path: some value was never seen in this form. Its text may still be known. */
  #findByText(labels: Labels): number {
    this.#lastRow = NO_ROW
    let known = true
    for (let key = 0; key < this.keys.length; key++) {
      const id = this.#idOf(key, ownValue(labels, this.keys[key]!))
      if (id === REFUSED) return REFUSED
      if (id === NO_ROW) known = false
      else this.#scratch[key] = id
    }
    return known ? this.#lookUp(this.#hashOfScratch(), this.#scratch) : NO_ROW
  }

  #idOf(key: number, value: unknown): number {
    if (isAbsent(value)) return 0
    if (!isTagValue(value)) return REFUSED
    const ids = this.#ids[key]!
    const text = labelText(value, this.#maxValueLength)
    const id = ids.get(text)
    if (id === undefined) return NO_ROW
    // The other form of a known value, such as 200 for '200'; there are few of these for each text.
    if (typeof value === 'number' || typeof value === 'boolean') ids.set(value, id)
    return id
  }

  #hashOfScratch(): number {
    let hash = 0
    for (const id of this.#scratch) hash = mix(hash, id)
    return hash
  }

  /** Enters these labels as `row`. The caller knows that `find` gave NO_ROW and that there is room. */
  insert(labels: Labels, row: number): void {
    const width = this.keys.length
    for (let key = 0; key < width; key++) this.#scratch[key] = this.#intern(key, ownValue(labels, this.keys[key]!))
    this.#enter(row)
  }

  #enter(row: number): void {
    const width = this.keys.length
    if ((row + 1) * width > this.#rowIds.length) {
      const grown = new Int32Array(Math.max(32 * width, this.#rowIds.length * 2, (row + 1) * width))
      grown.set(this.#rowIds)
      this.#rowIds = grown
    }
    this.#rowIds.set(this.#scratch, row * width)
    this.#used++
    if (this.#used * 2 > this.#table.length) this.#grow()
    this.#place(row)
    this.#lastRow = NO_ROW
  }

  #intern(key: number, value: unknown): number {
    if (isAbsent(value)) return 0
    if (!isTagValue(value)) throw new Error('BUG: a refused value was to become a row')
    const ids = this.#ids[key]!
    const text = labelText(value, this.#maxValueLength)
    let id = ids.get(text)
    if (id === undefined) {
      if (typeof value === 'string' && text.length < value.length) this.#onCut()
      const texts = this.#texts[key]!
      id = texts.length
      const own = ownText(text)
      texts.push(own)
      ids.set(own, id)
    }
    if (typeof value === 'number' || typeof value === 'boolean') ids.set(value, id)
    return id
  }

  #place(row: number): void {
    const mask = this.#table.length - 1
    let slot = this.#hashOfScratch() & mask
    while (this.#table[slot] !== 0) slot = (slot + 1) & mask
    this.#table[slot] = row + 1
  }

  #grow(): void {
    const rows = this.#table.filter((entry) => entry !== 0)
    this.#table = new Int32Array(this.#table.length * 2)
    this.#refill(rows)
  }

  #refill(entries: Int32Array): void {
    const kept = this.#scratch.slice()
    for (const entry of entries) {
      this.#loadScratch(entry - 1)
      this.#place(entry - 1)
    }
    this.#scratch.set(kept)
  }

  #loadScratch(row: number): void {
    const width = this.keys.length
    this.#scratch.set(this.#rowIds.subarray(row * width, (row + 1) * width))
  }

  /** The text of label `key` of a row, undefined where it is not set. */
  text(row: number, key: number): string | undefined {
    return this.#texts[key]![this.#rowIds[row * this.keys.length + key]!]
  }

  /** Takes rows out; texts that no row uses any more are forgotten when they are the greater part. */
  remove(rows: ReadonlySet<number>): void {
    this.#removeFromTable((row) => rows.has(row))
    this.#used -= rows.size
    this.#lastRow = NO_ROW
    if (this.#texts.some((texts) => texts.length > 64 && texts.length > this.#used * 2)) this.#forgetUnused()
  }

  #removeFromTable(isRemoved: (row: number) => boolean): void {
    const kept = this.#table.filter((entry) => entry !== 0 && !isRemoved(entry - 1))
    this.#table.fill(0)
    this.#refill(kept)
  }

  /** Gives the texts still in use new ids, so that rows that come and go for ever keep memory flat. */
  #forgetUnused(): void {
    const width = this.keys.length
    const entries = this.#table.filter((entry) => entry !== 0)
    for (let key = 0; key < width; key++) {
      const old = this.#texts[key]!
      const texts: (string | undefined)[] = [undefined]
      const ids = absentIds()
      for (const entry of entries) {
        const place = (entry - 1) * width + key
        const text = old[this.#rowIds[place]!]
        if (text === undefined) continue
        let id = ids.get(text)
        if (id === undefined) {
          id = texts.length
          texts.push(text)
          ids.set(text, id)
        }
        this.#rowIds[place] = id
      }
      this.#texts[key] = texts
      this.#ids[key] = ids
    }
    this.#table.fill(0)
    this.#refill(entries)
    this.#lastValues.fill(undefined)
    this.#lastIds.fill(0)
  }
}

function mix(hash: number, id: number): number {
  const mixed = Math.imul(hash ^ id, 0x9e3779b1)
  return mixed ^ (mixed >>> 15)
}

/** An own property only: `constructor` as a label key must not find what every object inherits. */
function ownValue(labels: Labels, key: string): unknown {
  return Object.hasOwn(labels, key) ? labels[key] : undefined
}

/** What counts as "not set" has id 0 from the start, so that the record path need not ask. */
function absentIds(): Map<unknown, number> {
  return new Map<unknown, number>([
    [undefined, 0],
    [null, 0],
    ['', 0],
    [Number.NaN, 0],
  ])
}
