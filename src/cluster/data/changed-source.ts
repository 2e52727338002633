import type { Exemplar } from '../../metrics/data/metric.js'
import type { RowChunk, RowSource } from '../../metrics/data/row-source.js'
import { writeExponential, writeWindows } from './sketch-frames.js'
import type { FrameBuilder } from './frame-builder.js'
import { FRAME, type FrameWriter, MAX_ATTACHMENTS } from './frame-writer.js'

/** What has been sent of one chunk. */
interface SentChunk {
  /** The number of each cell's row, plus 1; 0 if it was not sent. */
  numbers: Int32Array
  version: number
  epoch: number
  generation: number
}

/** What one reader has sent of one source. New are rows that changed since the epoch of the last reading, were added or removed. */
export class ChangedSource {
  readonly source: RowSource
  /** The family's number in the stream. */
  readonly family: number
  readonly #chunks = new Map<RowChunk, SentChunk>()
  readonly #free: number[] = []
  readonly #exemplars = new WeakSet<Exemplar>()
  #next = 0

  constructor(source: RowSource, family: number) {
    this.source = source
    this.family = family
  }

  /** Rows that were sent and are still there. */
  get rowCount(): number {
    return this.#next - this.#free.length
  }

  /**
   * Writes what has changed to `line` and yields each frame that is full. Yields undefined between chunks, so that the caller can end its
   * slice. A row that counts as sent is in a yielded frame or in the open one.
   */
  *changes(line: FrameBuilder): Generator<Uint8Array | undefined> {
    const { epoch, chunks } = this.source
    for (const chunk of chunks) {
      let sent = this.#chunks.get(chunk)
      if (sent === undefined) {
        sent = { numbers: new Int32Array(0), version: Number.NaN, epoch: 0, generation: -1 }
        this.#chunks.set(chunk, sent)
      }
      yield* this.#chunkChanges(line, chunk, sent)
      sent.epoch = epoch
      yield undefined
    }
    const present = new Set(chunks)
    for (const [chunk, sent] of this.#chunks) {
      if (present.has(chunk)) continue
      for (const number of sent.numbers) if (number > 0) yield* this.#goneFrames(line, number - 1)
      this.#chunks.delete(chunk)
    }
  }

  *#chunkChanges(line: FrameBuilder, chunk: RowChunk, sent: SentChunk): Generator<Uint8Array> {
    while (chunk.version !== sent.version) yield* this.#structureChanges(line, chunk, sent)
    const withExemplars: number[] = []
    for (let cell = 0; cell < sent.numbers.length; cell++) {
      const known = sent.numbers[cell]!
      if (known === 0 ? !chunk.isLive(cell) : chunk.lastEpoch(cell) < sent.epoch) continue
      const kind = known === 0 ? FRAME.ROWS : FRAME.VALUES
      const full = line.finishFor(kind, this.family)
      if (full !== undefined) {
        yield full
        while (chunk.version !== sent.version) yield* this.#structureChanges(line, chunk, sent) // rows may have changed during the yield
        cell--
        continue
      }
      const number = known === 0 ? (this.#free.pop() ?? this.#next++) : known - 1
      const writer = line.row(kind, this.family, number)
      if (known === 0) {
        writer.byte(chunk.isOverflow(cell) ? 1 : 0).double(chunk.startTimeUnixMs(cell))
        for (let key = 0; key < this.source.descriptor.labelKeys.length; key++) line.label(chunk.labelValue(cell, key))
        sent.numbers[cell] = number + 1
      }
      this.#writeValue(writer, chunk, cell)
      if (this.#hasNewExemplar(chunk, cell)) withExemplars.push(cell)
    }
    for (const cell of withExemplars) yield* this.#exemplarFrames(line, chunk, cell, sent)
  }

  /** Sends the removal of rows that are gone, and of rows whose cell has a new row. */
  *#structureChanges(line: FrameBuilder, chunk: RowChunk, sent: SentChunk): Generator<Uint8Array> {
    const { version } = chunk
    const { generation } = this.source
    if (sent.numbers.length < chunk.size) {
      const numbers = new Int32Array(chunk.size)
      numbers.set(sent.numbers)
      sent.numbers = numbers
    }
    for (let cell = 0; cell < chunk.size; cell++) {
      if (sent.numbers[cell] === 0 || (chunk.isLive(cell) && chunk.createdIn(cell) <= sent.generation)) continue
      yield* this.#goneFrames(line, sent.numbers[cell]! - 1)
      sent.numbers[cell] = 0
    }
    sent.version = version
    sent.generation = generation
  }

  *#goneFrames(line: FrameBuilder, number: number): Generator<Uint8Array> {
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
      if (chunk.version !== sent.version || !this.#isNew(exemplar)) return // it is sent the next time
      this.#exemplars.add(exemplar)
      const attachments = Object.entries(exemplar.attachments).slice(0, MAX_ATTACHMENTS)
      const writer = line.row(FRAME.EXEMPLARS, this.family, sent.numbers[cell]! - 1)
      writer.varint(bucket).double(exemplar.value).double(exemplar.timeUnixMs).varint(attachments.length)
      for (const [key, value] of attachments) writer.text(key).text(value)
    }
  }
}

/** A count of a snapshot, which may come from a producer of the application and be no count at all. */
function asCount(value: number): number {
  return Number.isSafeInteger(value) && value > 0 ? value : 0
}
