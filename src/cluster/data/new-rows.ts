import type { RowChunk } from '../../metrics/data/row-source.js'
import { damaged, overLimit } from './frame-error.js'
import type { FrameBuilder } from './frame-builder.js'
import type { LabelReader } from './label-strings.js'
import type { MemberRows } from './member-rows.js'
import type { PayloadReader } from './payload-reader.js'

// A frame of new rows is written column by column, and then the values row by row. A process sends all its rows when most of its code is
// not compiled yet, and by column fewer functions run for each row.

/** Writes new rows without their values. */
export function writeNewRows(
  line: FrameBuilder,
  { family, keys }: { readonly family: number; readonly keys: number },
  chunk: RowChunk,
  cells: readonly number[],
  numbers: readonly number[],
): void {
  const writer = line.rows(family, numbers)
  const overflowing: number[] = []
  for (let at = 0, next = 0; at < cells.length; at = next) {
    const start = chunk.startTimeUnixMs(cells[at]!)
    for (next = at; next < cells.length && Object.is(chunk.startTimeUnixMs(cells[next]!), start); next++) {
      if (chunk.isOverflow(cells[next]!)) overflowing.push(next)
    }
    writer.varint(next - at).double(start)
  }
  writer.varint(overflowing.length).varints(overflowing)
  for (let key = 0; key < keys; key++) {
    const texts: (string | undefined)[] = []
    for (let at = 0; at < cells.length; at++) texts.push(chunk.labelValue(cells[at]!, key))
    line.labels(texts)
  }
}

/** New rows without their values, by column. */
interface NewRows {
  readonly numbers: readonly number[]
  /** The indexes of rows that are overflow rows. */
  readonly overflowing: ReadonlySet<number>
  readonly startTimesUnixMs: readonly number[]
  /** By label key. */
  readonly labels: (string | undefined)[][]
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
  const numbers = readNumbers(reader, count)
  let left = room
  for (const number of numbers) {
    if (!rows.has(number) && (number >= limit || --left < 0)) throw overLimit(`a member has at most ${limit} rows`)
  }
  const startTimesUnixMs = readStartTimes(reader, count)
  const overflowing = new Set(
    reader.varints(reader.varintUpTo(count, 'the number of overflow rows'), count - 1, 'the place of an overflow row'),
  )
  const labels: (string | undefined)[][] = []
  while (labels.length < keys) labels.push(strings.read(reader, count))
  return { numbers, overflowing, startTimesUnixMs, labels }
}

/** Reads runs of numbers that follow each other. See `FrameBuilder.rows`. */
function readNumbers(reader: PayloadReader, count: number): number[] {
  const numbers: number[] = []
  let seen: Set<number> | undefined
  let [number, greatest] = [0, -1]
  while (numbers.length < count) {
    number += reader.signed()
    if (number < 0) throw damaged(`row ${number} is out of range`)
    const end = number + reader.varintUpTo(count - numbers.length, 'a run of rows')
    if (end === number) throw damaged('a run of rows is empty')
    if (number <= greatest) seen ??= new Set(numbers)
    for (; number < end; number++) {
      if (seen?.has(number) === true) throw damaged(`row ${number} is sent twice`)
      seen?.add(number)
      numbers.push(number)
    }
    greatest = Math.max(greatest, number - 1)
  }
  return numbers
}

/** Reads a start time for each run of rows that have the same one. */
function readStartTimes(reader: PayloadReader, count: number): number[] {
  const times = new Array<number>(count)
  for (let at = 0; at < count; ) {
    const end = at + reader.varintUpTo(count - at, 'a run of start times')
    if (end === at) throw damaged('a run of start times is empty')
    const time = reader.double()
    while (at < end) times[at++] = time
  }
  return times
}
