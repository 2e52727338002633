import type { RowChunk } from '../../metrics/data/row-source.js'
import type { BulkRowStore } from '../../metrics/store/bulk-row-store.js'
import { endOfEqual, labelIdsOf, overflowingOf, startTimesOf } from './chunk-columns.js'
import { damaged, type FrameError, overLimit } from '../frames/frame-error.js'
import type { FrameBuilder } from '../frames/frame-builder.js'
import type { LabelColumn, LabelReader } from '../frames/label-strings.js'
import { type MemberRows, NONE } from './member-rows.js'
import type { PayloadReader } from '../frames/payload-reader.js'

// A frame of new rows is written column by column, and then the values row by row. A process sends all its rows when most of its code is
// not compiled yet, and by column fewer functions run for each row.

/** Writes new rows without their values. */
export function writeNewRows(
  line: FrameBuilder,
  { family, keys }: { readonly family: number; readonly keys: number },
  chunk: RowChunk,
  cells: Int32Array,
  numbers: Int32Array,
): void {
  const writer = line.rows(family, numbers)
  const starts = startTimesOf(chunk, cells)
  for (let at = 0, next = 0; at < starts.length; at = next) {
    next = endOfEqual(starts, at)
    writer.varint(next - at).double(starts[at]!)
  }
  const overflowing = overflowingOf(chunk, cells)
  writer.varint(overflowing.length).varints(overflowing)
  for (let key = 0; key < keys; key++) line.labels(labelIdsOf(chunk, cells, key))
}

/** New rows without their values, by column. */
interface NewRows {
  readonly numbers: readonly number[]
  /** True if the numbers follow each other. */
  readonly isRun: boolean
  /** The indexes of rows that are overflow rows. */
  readonly overflowing: ReadonlySet<number>
  readonly startTimesUnixMs: Float64Array
  /** By label key. */
  readonly labels: LabelColumn[]
}

interface NewRowsOptions {
  /** The rows that the member has. */
  readonly rows: MemberRows
  /** Rows that the member may have. */
  readonly limit: number
  /** Rows that the member may still add. */
  readonly room: number
  readonly keys: number
  readonly strings: LabelReader
}

/** Reads what {@link writeNewRows} has written. @throws {@link FrameError} */
export function readNewRows(reader: PayloadReader, { rows, limit, room, keys, strings }: NewRowsOptions): NewRows {
  const count = reader.varintUpTo(Math.min(reader.remainingBytes, limit), 'the number of rows')
  const numbers = readNumbers(reader, count, limit)
  const isRun = count > 0 && numbers.every((number, at) => number === numbers[0]! + at)
  checkRoom(numbers, isRun && numbers[0]! >= rows.end, rows, room, limit)
  const startTimesUnixMs = readStartTimes(reader, count)
  const overflowing = new Set(
    reader.varints(reader.varintUpTo(count, 'the number of overflow rows'), count - 1, 'the place of an overflow row'),
  )
  return { numbers, isRun, overflowing, startTimesUnixMs, labels: strings.read(reader, keys, count) }
}

/** @param areNew True if the numbers are a run of rows that the member does not have. */
function checkRoom(numbers: readonly number[], areNew: boolean, rows: MemberRows, room: number, limit: number): void {
  let left = room
  if (areNew && numbers.length <= room) return
  for (const number of numbers) if (!rows.has(number) && --left < 0) throw tooManyRows(limit)
}

const tooManyRows = (limit: number): FrameError => overLimit(`a member has at most ${limit} rows`)

/** Reads runs of numbers that follow each other. See `FrameBuilder.rows`. */
function readNumbers(reader: PayloadReader, count: number, limit: number): number[] {
  const numbers: number[] = []
  let seen: Set<number> | undefined
  let number = 0
  let greatest = -1
  while (numbers.length < count) {
    number += reader.signed()
    if (number < 0) throw damaged(`row ${number} is out of range`)
    const end = number + reader.varintUpTo(count - numbers.length, 'a run of rows')
    if (end === number) throw damaged('a run of rows is empty')
    if (end > limit) throw tooManyRows(limit) // before the numbers are counted up, which would not end above 2^53
    if (number <= greatest) seen ??= new Set(numbers)
    if (seen !== undefined) addSeen(seen, number, end)
    while (number < end) numbers.push(number++)
    greatest = Math.max(greatest, number - 1)
  }
  return numbers
}

function addSeen(seen: Set<number>, first: number, end: number): void {
  for (let number = first; number < end; number++) {
    if (seen.has(number)) throw damaged(`row ${number} is sent twice`)
    seen.add(number)
  }
}

/** Reads a start time for each run of rows that have the same one. */
function readStartTimes(reader: PayloadReader, count: number): Float64Array {
  const times = new Float64Array(count)
  for (let at = 0; at < count; ) {
    const end = at + reader.varintUpTo(count - at, 'a run of start times')
    if (end === at) throw damaged('a run of start times is empty')
    times.fill(reader.double(), at, end)
    at = end
  }
  return times
}

/** The id of a string that the family does not have, plus 1. */
const UNKNOWN = 0
const FIRST_KNOWN = 256

/**
 * Finds the merged rows of new rows by the numbers of their strings. Members usually have the same rows, so that most rows are there already,
 * and no string has to be hashed. It remembers the id of each string in the last family, until the family is another one, a number stands
 * for another string (`LabelReader.generation`), or the store has assigned new ids (`BulkRowIndex.idGeneration`).
 */
export class RowFinder {
  readonly #strings: LabelReader
  #store: BulkRowStore | undefined
  #generation = 0
  #idGeneration = 0
  /** By label: the id of each string, plus 1, by its number. */
  readonly #known: Int32Array[] = []

  constructor(strings: LabelReader) {
    this.#strings = strings
  }

  /**
   * Returns the merged row of each row, NONE if there is none; undefined if they have to be found by their strings.
   * @param makes True if merged rows may be made. None is made beyond a limit.
   */
  find(store: BulkRowStore, { labels, startTimesUnixMs }: NewRows, makes: boolean): Int32Array | undefined {
    const count = startTimesUnixMs.length
    if (labels.some(({ texts }) => texts !== undefined)) return undefined
    this.#forgetIfStale(store)
    const ids: Int32Array[] = []
    const canMake = makes && store.canMake(count)
    for (let at = 0; at < labels.length; at++) ids.push(this.#idsOf(store, at, labels[at]!.numbers, canMake))
    const rows = new Int32Array(count)
    store.findAll(ids, rows)
    if (canMake && rows.includes(NONE)) store.makeAll(ids, rows, startTimesUnixMs)
    return rows
  }

  #forgetIfStale(store: BulkRowStore): void {
    const { generation } = this.#strings
    const { idGeneration } = store.index
    if (store === this.#store && generation === this.#generation && idGeneration === this.#idGeneration) return
    this.#store = store
    this.#generation = generation
    this.#idGeneration = idGeneration
    for (const known of this.#known) known.fill(UNKNOWN)
  }

  #idsOf(store: BulkRowStore, label: number, numbers: readonly number[], makes: boolean): Int32Array {
    const ids = new Int32Array(numbers.length)
    let known = this.#known[label] ?? new Int32Array(FIRST_KNOWN)
    for (let at = setKnown(ids, numbers, known, 0); at < numbers.length; at = setKnown(ids, numbers, known, at + 1)) {
      const number = numbers[at]!
      if (number >= known.length) known = grown(known, number)
      const text = this.#strings.text(number)
      let id = store.index.idOf(label, text) + 1
      if (id === UNKNOWN && makes) id = store.index.internId(label, text!) + 1
      known[number] = id
      ids[at] = id - 1
    }
    this.#known[label] = known
    return ids
  }

  forget(): void {
    this.#store = undefined
    this.#known.length = 0
  }
}

/** Sets the ids from index `at` on, up to a number whose id is unknown. Returns its index. */
function setKnown(ids: Int32Array, numbers: readonly number[], known: Int32Array, at: number): number {
  for (; at < numbers.length; at++) {
    const number = numbers[at]!
    if (number >= known.length || known[number] === UNKNOWN) return at
    ids[at] = known[number]! - 1
  }
  return at
}

function grown(known: Int32Array, number: number): Int32Array {
  const larger = new Int32Array(Math.max(2 * known.length, number + 1))
  larger.set(known)
  return larger
}
