import { type RowChunk, isVisibleIn } from '../../../metrics/data/row-source.js'
import { formatNumber } from './format-number.js'
import { MAX_NUMBER_BYTES, writeNumber } from './write-number.js'

const LINE_FEED = 10
const scratch = Buffer.alloc(MAX_NUMBER_BYTES)

/**
 * The finished text of one chunk of counters or gauges, a line a row, kept from scrape to scrape.
 *
 * Labels are rendered once. Of a row that took a value since, only the number is written again, in place while
 * its width stays; the page is put together anew, by copying, only if a width changed. So a scrape costs a
 * copy of the page and a look at each row's mark; see bench/exporters/prometheus/in-process.bench.js.
 */
export class SampleTextCache {
  #bytes: Buffer = Buffer.alloc(0)
  #length = 0
  /** Where each cell's value begins, and where its line ends; equal for a hole. */
  #valueStarts = new Int32Array(0)
  #lineEnds = new Int32Array(0)
  /** Undefined if the text is not that of all rows of a version. */
  #version: number | undefined
  #epoch = 0

  /** The text as of now: good until the next call, `length` bytes of it. */
  get bytes(): Buffer {
    return this.#bytes
  }

  get length(): number {
    return this.#length
  }

  /**
   * @param generation That of the document, see {@link isVisibleIn}. If it may leave rows out, others share nothing with it.
   * @param prefix The line of a row up to its value, blank included.
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
    this.#valueStarts = new Int32Array(size)
    this.#lineEnds = new Int32Array(size)
    let text = ''
    for (let cell = 0; cell < size; cell++) {
      if (isVisibleIn(generation, chunk, cell)) {
        text += prefix(cell)
        this.#valueStarts[cell] = text.length
        text += `${formatNumber(chunk.value(cell))}\n`
      } else this.#valueStarts[cell] = text.length
      this.#lineEnds[cell] = text.length
    }
    const bytes = Buffer.from(text) // of all lines at once: calls into native code cost more than what they do for one line
    if (bytes.length > text.length) this.#toByteOffsets(text)
    this.#keep(bytes, bytes.length)
  }

  /** Some characters of the text have several bytes; offsets so far are those of characters. */
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

  /** Keeps a copy with a little room to grow, outside the pool that small buffers share. */
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

  /** Puts the page together from what is unchanged, in runs as long as can be, and the new numbers. */
  #resize(chunk: RowChunk): void {
    const old = this.#bytes
    const fresh = Buffer.allocUnsafe(this.#length + chunk.size * MAX_NUMBER_BYTES)
    let from = 0 // copied so far from the old page
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
