import { isAbsent, labelOf, isTagValue, labelText, ownText } from './label-text.js'

/** Answers that are no row. */
export const NO_ROW = -1
/** A value is an object, a function or a symbol: the record is dropped. */
export const REFUSED = -2

/** Any object whose own properties are read as labels. */
export type Labels = { readonly [key: string]: unknown }

/** Where an object keeps its labels apart from its other properties: a TagMap, of whichever copy of this package. */
export const LABELS: unique symbol = Symbol.for('tallyscope.labels')

/** A table by ids alone is used up to this size in any case, and up to this many places a row. */
const SMALL_TABLE = 2_048
const PLACES_PER_ROW = 4
/** One find in so many is remembered (a mask): to remember each would make fresh objects dear to collect. */
const KEEP_EACH = 63

/** One label: its key, and the small numbers that stand for its values. */
class Label {
  readonly key: string
  /** Texts to their id; what counts as "not set" is id 0. An object, since it answers sooner than a map: see the bench below. */
  byText: { [text: string]: number } = emptyTexts()
  /** Other forms of values seen, such as 200 for '200', and those of "not set". */
  byForm: Map<unknown, number> = absentForms()
  /** The text of each id. */
  texts: (string | undefined)[] = [undefined]
  /** Where the id's bits go in a place of the dense table. */
  shift = 0
  /** The value in the labels that the index keeps. */
  keptValue: unknown = undefined

  constructor(key: string) {
    this.key = key
  }

  /** The id of a known text, made where there is none. */
  intern(text: string): number {
    let id = this.byText[text]
    if (id === undefined) {
      const own = ownText(text)
      id = this.texts.push(own) - 1
      this.byText[own] = id
    }
    return id
  }

  forgetTexts(): void {
    this.texts = [undefined]
    this.byText = emptyTexts()
    this.byForm = absentForms()
  }
}

/**
 * From label values to a row, without building a string.
 *
 * Each value has a small number, its id. While there are few combinations, or most of them are in use, the
 * ids' bits together are the row's place in a table: no hash, nothing to compare. Otherwise the table is
 * open-addressed by a hash of the ids, and the ids of the row it leads to are compared in full, so that no
 * two rows can be taken for each other. See bench/metrics/row-index.bench.js.
 */
export class RowIndex {
  readonly #labels: readonly Label[]
  readonly #maxValueLength: number
  /** Row + 1 at each place, 0 where free; a power of two in size, when hashed at most half full. */
  #table = new Int32Array(16)
  #dense = true
  /** The ids of row r stand at r * labels.length and after. */
  #rowIds = new Int32Array(0)
  #used = 0
  /** The labels found now and then, and their row: most likely an object that is given again and again. */
  #keptLabels: Labels | undefined
  #keptRow = NO_ROW
  #finds = 0
  /** The ids at hand. */
  readonly #ids: Int32Array
  /** Rises with each use of `#ids`: a getter among the labels may come back while they are being read. */
  #turn = 0
  /** Called for each value cut to the limit when its row was made. */
  readonly #onCut: () => void

  constructor(keys: readonly string[], maxValueLength: number, onCut: () => void = () => {}) {
    this.#labels = keys.map((key) => new Label(key))
    this.#maxValueLength = maxValueLength
    this.#onCut = onCut
    this.#ids = new Int32Array(keys.length)
    this.#layOut()
  }

  /**
   * The row of these labels, where each value was seen before in this very form; NO_ROW where that is not so,
   * and `read` and `findValues` have to look more closely. This is the record path.
   */
  find(labels: Labels): number {
    // An object that is kept and given again still has to be read, since it may have changed, but not looked up.
    if (labels === this.#keptLabels && this.#isUnchanged(labels)) return this.#keptRow
    if (!this.#dense) return this.#findHashed(labels)
    const known = this.#labels
    let place = 0
    for (let at = 0; at < known.length; at++) {
      const label = known[at]!
      const value = labels[label.key]
      const id = typeof value === 'string' ? label.byText[value] : label.byForm.get(value)
      if (id === undefined) return NO_ROW
      place |= id << label.shift
    }
    const row = this.#table[place]! - 1
    this.#finds = (this.#finds + 1) & KEEP_EACH
    if (this.#finds === 0) this.#keep(labels, row)
    return row
  }

  #isUnchanged(labels: Labels): boolean {
    const known = this.#labels
    for (let at = 0; at < known.length; at++) {
      const label = known[at]!
      if (labels[label.key] !== label.keptValue) return false
    }
    return true
  }

  #keep(labels: Labels, row: number): void {
    this.#keptLabels = row === NO_ROW ? undefined : labels
    this.#keptRow = row
    for (const label of this.#labels) label.keptValue = labels[label.key]
  }

  #findHashed(labels: Labels): number {
    const known = this.#labels
    const ids = this.#ids
    const turn = ++this.#turn
    for (let at = 0; at < known.length; at++) {
      const label = known[at]!
      const value = labels[label.key]
      const id = typeof value === 'string' ? label.byText[value] : label.byForm.get(value)
      if (id === undefined) return NO_ROW
      ids[at] = id
    }
    return this.#turn === turn ? this.#findIds() : NO_ROW
  }

  /** The row of the ids at hand by their hash. */
  #findIds(): number {
    const ids = this.#ids
    const rowIds = this.#rowIds
    const width = ids.length
    const table = this.#table
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

  /** The values of these labels, each read once and in no other place: what a getter answers, or does, is settled with it. */
  read(labels: Labels): unknown[] {
    const own = (labels as { readonly [LABELS]?: Labels })[LABELS] ?? labels
    return this.#labels.map(({ key }) => labelOf(own, key))
  }

  /** The row of these values by their texts, NO_ROW where there is none yet, or REFUSED. */
  findValues(values: readonly unknown[]): number {
    this.#turn++
    let known = true
    for (const [at, label] of this.#labels.entries()) {
      const value = values[at]
      if (isAbsent(value)) {
        this.#ids[at] = 0
        continue
      }
      if (!isTagValue(value)) return REFUSED
      const text = labelText(value, this.#maxValueLength)
      const id = label.byText[text]
      if (id === undefined) known = false
      else {
        this.#ids[at] = id
        rememberForm(label, value, text, id)
      }
    }
    if (!known) return NO_ROW
    return this.#dense ? this.#table[this.#densePlace()]! - 1 : this.#findIds()
  }

  /** Enters these values as `row`. The caller knows that `findValues` gave NO_ROW. */
  insert(values: readonly unknown[], row: number): void {
    this.#turn++
    for (const [at, label] of this.#labels.entries()) this.#ids[at] = this.#intern(label, values[at])
    const width = this.#labels.length
    if ((row + 1) * width > this.#rowIds.length) {
      const grown = new Int32Array(Math.max(32 * width, this.#rowIds.length * 2, (row + 1) * width))
      grown.set(this.#rowIds)
      this.#rowIds = grown
    }
    this.#rowIds.set(this.#ids, row * width)
    this.#used++
    const fits = this.#dense ? this.#fitsDense() : this.#used * 2 <= this.#table.length
    if (fits) this.#put(row)
    else this.#rebuild([...this.#rows(), row])
  }

  #intern(label: Label, value: unknown): number {
    if (isAbsent(value)) return 0
    if (!isTagValue(value)) throw new Error('BUG: a refused value was to become a row')
    const text = labelText(value, this.#maxValueLength)
    if (typeof value === 'string' && text.length < value.length) this.#onCut()
    const id = label.intern(text)
    rememberForm(label, value, text, id)
    return id
  }

  #fitsDense(): boolean {
    return this.#labels.every((label, at) => label.texts.length <= 1 << this.#bitsOf(at))
  }

  /** How many bits the dense table has for a label: up to where the next one's begin. */
  #bitsOf(at: number): number {
    const end = this.#labels[at + 1]?.shift ?? Math.log2(this.#table.length)
    return end - this.#labels[at]!.shift
  }

  /** Chooses the form of an empty table that is right for the labels' values and the number of rows. */
  #layOut(): void {
    let bits = 0
    for (const label of this.#labels) {
      label.shift = bits
      bits += 32 - Math.clz32(label.texts.length - 1)
    }
    const most = Math.max(SMALL_TABLE, this.#used * PLACES_PER_ROW)
    this.#dense = bits < 31 && 1 << bits <= most
    const size = this.#dense ? 1 << bits : 2 ** Math.ceil(Math.log2(Math.max(16, this.#used * 2 + 2)))
    this.#table = new Int32Array(size)
  }

  #rebuild(rows: readonly number[]): void {
    this.#layOut()
    const width = this.#labels.length
    for (const row of rows) {
      this.#ids.set(this.#rowIds.subarray(row * width, (row + 1) * width))
      this.#put(row)
    }
  }

  /** Enters the ids at hand, which are not in the table. */
  #put(row: number): void {
    if (this.#dense) {
      this.#table[this.#densePlace()] = row + 1
      return
    }
    const mask = this.#table.length - 1
    let place = hashOf(this.#ids) & mask
    while (this.#table[place] !== 0) place = (place + 1) & mask
    this.#table[place] = row + 1
  }

  #densePlace(): number {
    return this.#labels.reduce((place, label, at) => place | (this.#ids[at]! << label.shift), 0)
  }

  #rows(): number[] {
    const rows: number[] = []
    for (const entry of this.#table) if (entry !== 0) rows.push(entry - 1)
    return rows
  }

  /** The text of label number `at` of a row, undefined where it is not set. */
  text(row: number, at: number): string | undefined {
    return this.#labels[at]!.texts[this.#rowIds[row * this.#labels.length + at]!]
  }

  /** The text that a value has in a row, undefined where it counts as not set, or REFUSED. */
  textOf(value: unknown): string | undefined | typeof REFUSED {
    if (isAbsent(value)) return undefined
    return isTagValue(value) ? labelText(value, this.#maxValueLength) : REFUSED
  }

  /** Takes rows out; texts that no row uses any more are forgotten when they are the greater part. */
  remove(removed: ReadonlySet<number>): void {
    this.#keptLabels = undefined
    this.#turn++
    const rows = this.#rows().filter((row) => !removed.has(row))
    this.#used = rows.length
    if (this.#labels.some(({ texts }) => texts.length > 64 && texts.length > rows.length * 2)) this.#forgetUnused(rows)
    this.#rebuild(rows)
  }

  /** Gives the texts still in use new ids, so that rows that come and go for ever keep memory flat. */
  #forgetUnused(rows: readonly number[]): void {
    for (const [at, label] of this.#labels.entries()) {
      const old = label.texts
      label.forgetTexts()
      for (const row of rows) {
        const place = row * this.#labels.length + at
        const text = old[this.#rowIds[place]!]
        this.#rowIds[place] = text === undefined ? 0 : label.intern(text)
      }
    }
  }
}

/** The other form of a known text, such as 200 for '200'; a text that was cut would have forms without end. */
function rememberForm(label: Label, value: unknown, text: string, id: number): void {
  if ((typeof value === 'number' || typeof value === 'boolean') && text === String(value)) label.byForm.set(value, id)
}

// What counts as "not set" has id 0 from the start, so that the record path need not ask.

function emptyTexts(): { [text: string]: number } {
  const none: { [text: string]: number } = Object.create(null)
  none[''] = 0
  return none
}

function absentForms(): Map<unknown, number> {
  return new Map<unknown, number>([
    [undefined, 0],
    [null, 0],
    [Number.NaN, 0],
  ])
}

function hashOf(ids: Int32Array): number {
  let hash = 0
  for (let at = 0; at < ids.length; at++) {
    hash = Math.imul(hash ^ ids[at]!, 0x9e3779b1)
    hash ^= hash >>> 15
  }
  return hash
}
