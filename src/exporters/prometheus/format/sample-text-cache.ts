import { type RowChunk, isVisibleIn } from '../../../metrics/data/row-source.js'
import { formatNumber } from './format-number.js'
import { MAX_NUMBER_BYTES, writeNumber } from './write-number.js'

const LINE_FEED = 10
const scratch = Buffer.alloc(MAX_NUMBER_BYTES)
/** Enough for a chunk of lines of 200 bytes. */
const SPARE_BYTES = 131_072
/** Where lines are put together, before they are copied. It is used again, because the system maps the pages of new memory one by one. */
let spare = Buffer.alloc(0)

/**
 * Caches the text of one chunk of counters or gauges between scrapes, one line per row.
 *
 * Labels are formatted once. Values that changed are overwritten in place if their width is the same; otherwise the lines are put together
 * again. Unchanged rows cost only a comparison of epochs. See bench/exporters/prometheus/in-process.bench.js.
 */
export class SampleTextCache {
  #bytes: Buffer = Buffer.alloc(0)
  #length = 0
  /** The offsets of each cell's value and of the end of its line. They are equal for a cell without a line. */
  #valueStarts = new Int32Array(0)
  #lineEnds = new Int32Array(0)
  /** The version of the chunk in the cache. Undefined if the text lacks some of its rows. */
  #version: number | undefined
  #epoch = 0

  /** The first `length` bytes are the text. They are valid until the next call of `update`. */
  get bytes(): Buffer {
    return this.#bytes
  }

  get length(): number {
    return this.#length
  }

  /**
   * @param generation The generation of the document, see {@link isVisibleIn}. Text without newer rows is not reused.
   * @param prefix Returns the line of a row up to its value, including the blank.
   */
  update(chunk: RowChunk, epoch: number, generation: number, prefix: (cell: number) => string): void {
    const isWhole = chunk.newestGeneration <= generation
    if (isWhole && chunk.version === this.#version) this.#refresh(chunk)
    else this.#render(chunk, generation, prefix)
    this.#version = isWhole ? chunk.version : undefined
    this.#epoch = epoch
  }

  #render(chunk: RowChunk, generation: number, prefix: (cell: number) => string): void {
    const { size } = chunk
    const valueStarts = new Int32Array(size)
    const lineEnds = new Int32Array(size)
    const isWhole = chunk.newestGeneration <= generation
    let text = ''
    for (let cell = 0; cell < size; cell++) {
      if (isWhole ? chunk.isLive(cell) : isVisibleIn(generation, chunk, cell)) {
        text += prefix(cell)
        valueStarts[cell] = text.length
        text += `${formatNumber(chunk.value(cell))}\n`
      } else valueStarts[cell] = text.length
      lineEnds[cell] = text.length
    }
    this.#valueStarts = valueStarts
    this.#lineEnds = lineEnds
    const bytes = Buffer.from(text) // one native call for all lines
    if (bytes.length > text.length) this.#toByteOffsets(text)
    this.#keep(bytes, bytes.length)
  }

  /** Converts offsets in characters to offsets in bytes. */
  #toByteOffsets(text: string): void {
    let from = 0
    let to = 0
    for (const [cell, start] of this.#valueStarts.entries()) {
      const end = this.#lineEnds[cell]!
      to += Buffer.byteLength(text.slice(from, start))
      this.#valueStarts[cell] = to
      to += end - start
      this.#lineEnds[cell] = to
      from = end
    }
  }

  /** Stores a copy with some room to grow, in a buffer outside of Node's pool. */
  #keep(bytes: Buffer, length: number): void {
    if (this.#bytes.length < length) this.#bytes = Buffer.allocUnsafeSlow(length + (length >> 5))
    this.#bytes.set(bytes.subarray(0, length))
    this.#length = length
  }

  #refresh(chunk: RowChunk): void {
    let resized = false
    const { size } = chunk
    for (let cell = 0; cell < size; cell++) {
      if (chunk.lastEpoch(cell) < this.#epoch) continue
      const start = this.#valueStarts[cell]!
      const width = writeNumber(scratch, 0, chunk.value(cell))
      if (start + width + 1 !== this.#lineEnds[cell]) resized = true
      else for (let at = 0; at < width; at++) this.#bytes[start + at] = scratch[at]!
    }
    if (resized) this.#resize(chunk)
  }

  /** Builds new text from the unchanged parts, in runs as long as possible, and the new values. */
  #resize(chunk: RowChunk): void {
    const old = this.#bytes
    const fresh = roomFor(this.#length + chunk.size * MAX_NUMBER_BYTES)
    let from = 0 // copied so far from the old text
    let to = 0
    for (let cell = 0; cell < chunk.size; cell++) {
      const start = this.#valueStarts[cell]!
      const end = this.#lineEnds[cell]!
      const shift = to - from
      if (start < end && chunk.lastEpoch(cell) >= this.#epoch) {
        to += old.copy(fresh, to, from, start)
        this.#valueStarts[cell] = to
        to = writeNumber(fresh, to, chunk.value(cell))
        fresh[to++] = LINE_FEED
        this.#lineEnds[cell] = to
        from = end
      } else {
        this.#valueStarts[cell] = start + shift
        this.#lineEnds[cell] = end + shift
      }
    }
    to += old.copy(fresh, to, from, this.#length)
    this.#keep(fresh, to)
  }
}

function roomFor(bytes: number): Buffer {
  if (bytes > SPARE_BYTES) return Buffer.allocUnsafeSlow(bytes)
  if (spare.length === 0) spare = Buffer.allocUnsafeSlow(SPARE_BYTES)
  return spare
}
