import { getOrInsert } from '../../base/get-or-insert.js'
import type { Exemplar } from '../../metrics/data/metric.js'
import type { RowChunk, RowSource } from '../../metrics/data/row-source.js'
import { writeExponential, writeWindows } from '../frames/sketch-frames.js'
import type { FrameBuilder } from '../frames/frame-builder.js'
import { FRAME, type FrameWriter, fits, MAX_ATTACHMENTS } from '../frames/frame-writer.js'
import { cellsWithoutNumber, mayHaveExemplars, nextChanged, valuesOf } from './chunk-columns.js'
import { writeNewRows } from './new-rows.js'

/** Called if a row, exemplar or definition is not sent, because it needs a larger frame than the limit. */
export type OnDropped = (what: 'row' | 'exemplar' | 'family') => void

const UNSENT = -1

/** The rows of one chunk that have been sent. */
interface SentChunk {
  /** The number of each cell's row, plus 1; 0 if it was not sent, UNSENT if it is too large. */
  numbers: Int32Array
  version: number
  /** The version in which all rows were found to have a number. */
  numberedVersion: number
  epoch: number
  generation: number
}

/** Finds the rows of one source that were added, were removed, or have changed since one reader read it last. */
export class ChangedSource {
  readonly source: RowSource
  /** The family's number in the stream. */
  readonly family: number
  readonly #chunks = new Map<RowChunk, SentChunk>()
  readonly #free: number[] = []
  readonly #exemplars = new WeakSet<Exemplar>()
  readonly #onDropped: OnDropped
  #next = 0

  constructor(source: RowSource, family: number, onDropped: OnDropped) {
    this.source = source
    this.family = family
    this.#onDropped = onDropped
  }

  /** The number of rows that were sent and not removed since. */
  get rowCount(): number {
    return this.#next - this.#free.length
  }

  /** True if rows were sent of a chunk that the source no longer has. All rows must be sent again then. */
  get hasLostChunks(): boolean {
    const present = new Set(this.source.chunks)
    for (const [chunk, { numbers }] of this.#chunks) if (!present.has(chunk) && numbers.some((number) => number > 0)) return true
    return false
  }

  /**
   * Writes changed rows to `line` and yields each frame that is full. Yields undefined between chunks, so that the caller can end its
   * slice. Rows that count as sent are in a yielded frame or in the open one.
   */
  *changes(line: FrameBuilder): Generator<Uint8Array | undefined> {
    const { epoch, chunks } = this.source
    for (const chunk of chunks) {
      const sent = getOrInsert(this.#chunks, chunk, newSentChunk)
      yield* this.#chunkChanges(line, chunk, sent)
      sent.epoch = epoch
      yield undefined
    }
  }

  *#chunkChanges(line: FrameBuilder, chunk: RowChunk, sent: SentChunk): Generator<Uint8Array> {
    const withExemplars: number[] = []
    const restarted = new Set<number>()
    yield* this.#changedRows(line, chunk, sent, withExemplars, restarted)
    yield* this.#newRows(line, chunk, sent, withExemplars, restarted)
    for (const cell of withExemplars) yield* this.#exemplarFrames(line, chunk, cell, sent)
  }

  /** Writes the new values of rows that were sent before. Rows whose start time has changed are collected in `restarted`. */
  *#changedRows(
    line: FrameBuilder,
    chunk: RowChunk,
    sent: SentChunk,
    withExemplars: number[],
    restarted: Set<number>,
  ): Generator<Uint8Array> {
    while (chunk.version !== sent.version) yield* this.#structureChanges(line, chunk, sent)
    for (let cell = 0; ; cell++) {
      cell = nextChanged(chunk, sent.numbers, cell, sent.epoch)
      if (cell === sent.numbers.length) return
      if (chunk.restartedIn !== undefined && chunk.restartedIn(cell) >= sent.epoch) {
        restarted.add(cell)
        continue
      }
      const full = line.finishFor(FRAME.VALUES, this.family)
      if (full !== undefined) {
        yield full
        while (chunk.version !== sent.version) yield* this.#structureChanges(line, chunk, sent) // rows may have changed during the yield
        cell--
      } else if (fits(() => this.#writeValue(line.row(FRAME.VALUES, this.family, sent.numbers[cell]! - 1), chunk, cell))) {
        if (this.#hasNewExemplar(chunk, cell)) withExemplars.push(cell)
      } else if (line.dropRow()) this.#onDropped('row')
      else cell-- // try again in a frame of its own
    }
  }

  /** Writes rows that were not sent before, and those whose start time has changed, in frames of their own. */
  *#newRows(line: FrameBuilder, chunk: RowChunk, sent: SentChunk, withExemplars: number[], restarted: Set<number>): Generator<Uint8Array> {
    let maxRows = rowsOfFrame(this.source)
    for (;;) {
      while (chunk.version !== sent.version) yield* this.#structureChanges(line, chunk, sent)
      if (sent.numberedVersion === sent.version && restarted.size === 0) return
      const cells = nextCells(chunk, sent.numbers, maxRows, restarted)
      if (cells.length === 0) {
        sent.numberedVersion = sent.version
        return
      }
      const open = line.finish()
      if (open !== undefined) {
        yield open
        continue // rows may have changed during the yield
      }
      const numbers = this.#numbersOf(cells, sent)
      if (fits(() => this.#writeRows(line, chunk, cells, numbers))) {
        setNumbers(sent.numbers, cells, numbers)
        if (restarted.size > 0) for (const cell of cells) restarted.delete(cell)
        if (mayHaveExemplars(chunk)) for (const cell of cells) if (this.#hasNewExemplar(chunk, cell)) withExemplars.push(cell)
        yield line.finish()!
        continue
      }
      line.dropFrame()
      this.#free.push(...numbers.filter((_, at) => sent.numbers[cells[at]!] === 0).reverse())
      maxRows = cells.length >> 1
      if (maxRows > 0) continue
      if (!restarted.delete(cells[0]!)) sent.numbers[cells[0]!] = UNSENT
      this.#onDropped('row')
      maxRows = 1
    }
  }

  /** Returns the number that each of these rows has or gets. */
  #numbersOf(cells: Int32Array, { numbers: all }: SentChunk): Int32Array {
    const numbers = new Int32Array(cells.length)
    const free = this.#free
    let next = this.#next
    for (let at = 0; at < cells.length; at++) {
      const known = all[cells[at]!]!
      numbers[at] = known > 0 ? known - 1 : free.length > 0 ? free.pop()! : next++
    }
    this.#next = next
    return numbers
  }

  #writeRows(line: FrameBuilder, chunk: RowChunk, cells: Int32Array, numbers: Int32Array): void {
    writeNewRows(line, { family: this.family, keys: this.source.descriptor.labelKeys.length }, chunk, cells, numbers)
    if (this.source.kind === 'scalar') line.writer.doubles(valuesOf(chunk, cells))
    else for (const cell of cells) this.#writeValue(line.writer, chunk, cell)
  }

  /** Writes the removal of rows that were removed, and of rows whose cell has a new row. */
  *#structureChanges(line: FrameBuilder, chunk: RowChunk, sent: SentChunk): Generator<Uint8Array> {
    const { version } = chunk
    const { generation } = this.source
    const known = sent.numbers.length
    if (known < chunk.size) {
      const numbers = new Int32Array(chunk.size)
      numbers.set(sent.numbers)
      sent.numbers = numbers
    }
    for (let cell = 0; cell < known; cell++) {
      if (sent.numbers[cell] === 0 || (chunk.isLive(cell) && chunk.createdIn(cell) <= sent.generation)) continue
      if (sent.numbers[cell]! > 0) yield* this.#writeRemoved(line, sent.numbers[cell]! - 1)
      sent.numbers[cell] = 0
    }
    sent.version = version
    sent.generation = generation
  }

  *#writeRemoved(line: FrameBuilder, number: number): Generator<Uint8Array> {
    const full = line.finishFor(FRAME.REMOVED, this.family)
    if (full !== undefined) yield full
    line.row(FRAME.REMOVED, this.family, number)
    this.#free.push(number)
  }

  #writeValue(writer: FrameWriter, chunk: RowChunk, cell: number): void {
    const { kind, bounds } = this.source
    if (kind === 'scalar') return void writer.double(chunk.value(cell))
    if (kind === 'summary') {
      if (this.source.settings !== undefined) {
        writer.varint(asCount(chunk.count(cell))).double(chunk.value(cell))
        return writeWindows(writer, chunk.percentileWindows?.(cell))
      }
      const { count, sum, quantiles } = chunk.summary!(cell)
      writer.varint(asCount(count)).double(sum).varint(quantiles.length)
      for (const { quantile, value } of quantiles) writer.double(quantile).double(value)
      return
    }
    writer.double(chunk.value(cell)).double(chunk.sumOfSquaredDeviation(cell))
    for (let bucket = 0; bucket <= bounds.length; bucket++) writer.varint(asCount(chunk.bucket(cell, bucket)))
    writeExponential(writer, chunk.exponential?.(cell))
  }

  #hasNewExemplar(chunk: RowChunk, cell: number): boolean {
    for (let bucket = 0; bucket <= this.source.bounds.length; bucket++) if (this.#isNew(chunk.exemplar(cell, bucket))) return true
    return false
  }

  #isNew(exemplar: Exemplar | undefined): exemplar is Exemplar {
    return exemplar !== undefined && !this.#exemplars.has(exemplar)
  }

  *#exemplarFrames(line: FrameBuilder, chunk: RowChunk, cell: number, sent: SentChunk): Generator<Uint8Array> {
    for (let bucket = 0; bucket <= this.source.bounds.length; bucket++) {
      if (!this.#isNew(chunk.exemplar(cell, bucket))) continue
      const full = line.finishFor(FRAME.EXEMPLARS, this.family)
      if (full !== undefined) yield full
      const exemplar = chunk.exemplar(cell, bucket)
      if (chunk.version !== sent.version || !this.#isNew(exemplar)) return // the next call sends it
      if (!this.#writeExemplar(line, sent.numbers[cell]! - 1, bucket, exemplar)) {
        if (!line.dropRow()) {
          bucket-- // try again in a frame of its own
          continue
        }
        this.#onDropped('exemplar')
      }
      this.#exemplars.add(exemplar)
    }
  }

  #writeExemplar(line: FrameBuilder, number: number, bucket: number, exemplar: Exemplar): boolean {
    const attachments = Object.entries(exemplar.attachments).slice(0, MAX_ATTACHMENTS)
    return fits(() => {
      const writer = line.row(FRAME.EXEMPLARS, this.family, number)
      writer.varint(bucket).double(exemplar.value).double(exemplar.timeUnixMs).varint(attachments.length)
      for (const [key, value] of attachments) writer.text(key).text(value)
    })
  }
}

function newSentChunk(): SentChunk {
  return { numbers: new Int32Array(0), version: Number.NaN, numberedVersion: Number.NaN, epoch: 0, generation: -1 }
}

/** Approximate size of a frame of new rows. */
const FRAME_BYTES = 4_096
const MAX_ROWS = 256

/** Returns how many new rows are in a frame, few enough for a short part of a slice. See bench/cluster. */
function rowsOfFrame({ kind, bounds, settings }: RowSource): number {
  if (kind === 'scalar') return MAX_ROWS
  return settings === undefined ? Math.max(1, Math.floor(FRAME_BYTES / (32 + 2 * bounds.length))) : 4
}

/** Returns the first cells whose rows have not been sent; those of rows that must be sent again if there are none. */
function nextCells(chunk: RowChunk, numbers: Int32Array, maxRows: number, again: ReadonlySet<number>): Int32Array {
  const cells = cellsWithoutNumber(chunk, numbers, maxRows)
  if (cells.length > 0 || again.size === 0) return cells
  return Int32Array.from(again)
    .filter((cell) => numbers[cell]! > 0)
    .subarray(0, maxRows)
}

function setNumbers(all: Int32Array, cells: Int32Array, numbers: Int32Array): void {
  for (let at = 0; at < cells.length; at++) all[cells[at]!] = numbers[at]! + 1
}

/** Returns 0 if a number is no count, as may happen in snapshots of a producer of the application. */
function asCount(value: number): number {
  return Number.isSafeInteger(value) && value > 0 ? value : 0
}
