import type { RowChunk } from '../../metrics/data/row-source.js'
import { type LabelIds, StoredRows } from '../../metrics/store/stored-rows.js'

// Columns of a chunk. Those of a store are read from its arrays, in loops without calls: a process sends all its rows when most of its code
// is not compiled yet, and to compile what is called for each row takes longer than all else. Others are read row by row.

/** Returns the cells whose `numbers` are 0, at most so many. Holes are not among them. */
export function cellsWithoutNumber(chunk: RowChunk, numbers: Int32Array, most: number): Int32Array {
  const cells = new Int32Array(Math.min(most, numbers.length))
  const epochs = lastEpochsOf(chunk, numbers.length)
  let count = 0
  for (let cell = 0; cell < numbers.length && count < cells.length; cell++) {
    if (numbers[cell] === 0 && epochs[cell] !== 0) cells[count++] = cell
  }
  return cells.subarray(0, count)
}

/** Returns the first cell from this one on that has a number above 0 and may have changed since an epoch; `numbers.length` if there is none. */
export function nextChanged(chunk: RowChunk, numbers: Int32Array, cell: number, epoch: number): number {
  const epochs = chunk instanceof StoredRows ? chunk.lastEpochs : undefined
  if (epochs === undefined) while (cell < numbers.length && (numbers[cell]! <= 0 || chunk.lastEpoch(cell) < epoch)) cell++
  else while (cell < numbers.length && (numbers[cell]! <= 0 || epochs[cell]! < epoch)) cell++
  return cell
}

/** Returns an array that is 0 at holes. */
function lastEpochsOf(chunk: RowChunk, length: number): Int32Array {
  const stored = chunk instanceof StoredRows && !chunk.hidesRows ? chunk.lastEpochs : undefined
  if (stored !== undefined) return stored
  const epochs = new Int32Array(length)
  for (let cell = 0; cell < length; cell++) if (chunk.isLive(cell)) epochs[cell] = 1
  return epochs
}

export function startTimesOf(chunk: RowChunk, cells: Int32Array): Float64Array {
  const times = new Float64Array(cells.length)
  if (!(chunk instanceof StoredRows)) {
    for (let at = 0; at < cells.length; at++) times[at] = chunk.startTimeUnixMs(cells[at]!)
    return times
  }
  const { startTimesUnixMs } = chunk
  for (let at = 0; at < cells.length; at++) times[at] = startTimesUnixMs[cells[at]!]!
  return times
}

/** Returns the index after the numbers from index `at` on that are equal, NaN included. */
export function endOfEqual(values: Float64Array, at: number): number {
  const value = values[at]!
  let next = at + 1
  while (next < values.length && (values[next] === value || Object.is(values[next], value))) next++
  return next
}

/** Returns the indexes of cells with an overflow row. */
export function overflowingOf(chunk: RowChunk, cells: Int32Array): Int32Array {
  if (chunk instanceof StoredRows) {
    const at = cells.indexOf(chunk.overflowCell)
    return Int32Array.from(at < 0 ? [] : [at])
  }
  const overflowing: number[] = []
  for (let at = 0; at < cells.length; at++) if (chunk.isOverflow(cells[at]!)) overflowing.push(at)
  return Int32Array.from(overflowing)
}

export function labelIdsOf(chunk: RowChunk, cells: Int32Array, key: number): LabelIds {
  if (chunk instanceof StoredRows) return chunk.labelIds(cells, key)
  const ids = new Int32Array(cells.length)
  const strings: (string | undefined)[] = []
  for (let at = 0; at < cells.length; at++) {
    ids[at] = at
    strings.push(chunk.labelValue(cells[at]!, key))
  }
  return { ids, strings }
}

export function valuesOf(chunk: RowChunk, cells: Int32Array): Float64Array {
  const values = new Float64Array(cells.length)
  for (let at = 0; at < cells.length; at++) values[at] = chunk.value(cells[at]!)
  return values
}

/** False if no row of the chunk has an exemplar. */
export function mayHaveExemplars(chunk: RowChunk): boolean {
  return !(chunk instanceof StoredRows) || chunk.hasExemplars
}
