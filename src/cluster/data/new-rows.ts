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
  const overflowing = [...cells.keys()].filter((at) => chunk.isOverflow(cells[at]!))
  writer.varint(overflowing.length)
  for (const at of overflowing) writer.varint(at)
  for (let at = 0, next = 0; at < cells.length; at = next) {
    const start = chunk.startTimeUnixMs(cells[at]!)
    for (next = at + 1; next < cells.length && Object.is(chunk.startTimeUnixMs(cells[next]!), start); ) next++
    writer.varint(next - at).double(start)
  }
  for (let key = 0; key < keys; key++) {
    for (let at = 0; at < cells.length; at++) line.label(chunk.labelValue(cells[at]!, key))
  }
}

/** New rows without their values, by column. */
export interface NewRows {
  readonly numbers: readonly number[]
  /** The indexes of rows that are overflow rows. */
  readonly overflowing: ReadonlySet<number>
  readonly startTimesUnixMs: readonly number[]
  /** By label key. */
  readonly labels: (string | undefined)[][]
}

export interface NewRowsOptions {
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
  const overflowing = new Set<number>()
  for (let more = reader.varintUpTo(count, 'the number of overflow rows'); more > 0; more--) {
    overflowing.add(reader.varintUpTo(count - 1, 'the place of an overflow row'))
  }
  const startTimesUnixMs = readStartTimes(reader, count)
  const labels: (string | undefined)[][] = []
  while (labels.length < keys) {
    const column = new Array<string | undefined>(count)
    for (let at = 0; at < count; at++) column[at] = strings.read(reader)
    labels.push(column)
  }
  return { numbers, overflowing, startTimesUnixMs, labels }
}

function readNumbers(reader: PayloadReader, count: number): number[] {
  const numbers = new Array<number>(count)
  let seen: Set<number> | undefined
  let [number, greatest] = [0, -1]
  for (let at = 0; at < count; at++) {
    number += reader.signed()
    if (number < 0) throw damaged(`row ${number} is out of range`)
    if (number <= greatest) {
      seen ??= new Set(numbers.slice(0, at))
      if (seen.has(number)) throw damaged(`row ${number} is sent twice`)
    }
    seen?.add(number)
    greatest = Math.max(greatest, number)
    numbers[at] = number
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
