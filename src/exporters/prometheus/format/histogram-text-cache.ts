import { type RowChunk, isVisibleIn } from '../../../metrics/data/row-source.js'
import { MAX_NUMBER_BYTES, writeNumber } from './write-number.js'
import type { OutputBuffer } from './output-buffer.js'

const LINE_FEED = 10

/** The constant parts of the lines of a histogram family. */
export class HistogramLines {
  /** `name_bucket{` */
  readonly bucketHead: Buffer
  /** `le="0.5"} ` for each bucket; the last is `le="+Inf"} ` */
  readonly bucketTails: readonly Buffer[]
  readonly sumHead: Buffer
  readonly countHead: Buffer
  /** Maximum size of a row in bytes, without the labels. */
  readonly rowBytes: number
  readonly lines: number

  constructor(name: string, bounds: readonly string[]) {
    this.bucketHead = Buffer.from(`${name}_bucket{`)
    this.bucketTails = [...bounds, '+Inf'].map((bound) => Buffer.from(`le="${bound}"} `))
    this.sumHead = Buffer.from(`${name}_sum`)
    this.countHead = Buffer.from(`${name}_count`)
    this.lines = this.bucketTails.length + 2
    const tails = this.bucketTails.reduce((sum, tail) => sum + tail.length, 0)
    this.rowBytes = tails + this.lines * (this.bucketHead.length + MAX_NUMBER_BYTES + 4)
  }
}

/**
 * Caches the label text of one chunk of distributions between scrapes. The lines are not cached, since their text would need more memory
 * than the histograms.
 */
export class HistogramTextCache {
  #labels: Buffer = Buffer.alloc(0)
  /** The end offset of each cell's labels, which is the start offset of the next. */
  #ends = new Int32Array(0)
  #version = -1

  update(chunk: RowChunk, labels: (cell: number) => string): void {
    if (chunk.version === this.#version) return
    this.#version = chunk.version
    this.#ends = new Int32Array(chunk.size)
    let text = ''
    let end = 0
    for (let cell = 0; cell < chunk.size; cell++) {
      const own = chunk.isLive(cell) ? labels(cell) : ''
      text += own
      end += Buffer.byteLength(own)
      this.#ends[cell] = end
    }
    this.#labels = Buffer.allocUnsafeSlow(end)
    this.#labels.write(text, 0)
  }

  /**
   * Writes all rows of the chunk that are visible in a generation. Each row is written synchronously, so that its buckets and its count
   * are consistent.
   */
  write(
    chunk: RowChunk,
    generation: number,
    lines: HistogramLines,
    out: OutputBuffer,
    special?: (cell: number) => string | undefined,
  ): void {
    let start = 0
    for (let cell = 0; cell < chunk.size; cell++) {
      const end = this.#ends[cell]!
      if (isVisibleIn(generation, chunk, cell)) {
        const text = special?.(cell)
        if (text === undefined) this.#writeRow(chunk, cell, start, end, lines, out)
        else out.write(Buffer.from(text))
      }
      start = end
    }
  }

  #writeRow(chunk: RowChunk, cell: number, start: number, end: number, lines: HistogramLines, out: OutputBuffer): void {
    const most = lines.rowBytes + lines.lines * (end - start + 1)
    const room = out.room(most)
    if (room !== undefined) return out.advance(this.#writeLines(room.bytes, room.at, chunk, cell, start, end, lines))
    const bytes = Buffer.allocUnsafe(most) // larger than a chunk: hundreds of bounds with labels of kilobytes
    out.write(bytes, this.#writeLines(bytes, 0, chunk, cell, start, end, lines))
  }

  #writeLines(bytes: Buffer, from: number, chunk: RowChunk, cell: number, start: number, end: number, lines: HistogramLines): number {
    let at = append(bytes, from, lines.bucketHead)
    at += this.#labels.copy(bytes, at, start, end)
    if (end > start) bytes[at++] = 44 // ,
    const headLength = at - from
    const tails = lines.bucketTails
    let below = 0
    for (let bucket = 0; bucket < tails.length; bucket++) {
      // Copying the head of the previous line within the buffer is the fastest way.
      if (bucket > 0) {
        bytes.copyWithin(at, from, from + headLength)
        at += headLength
      }
      at = append(bytes, at, tails[bucket]!)
      below += chunk.bucket(cell, bucket)
      at = writeNumber(bytes, at, below)
      bytes[at++] = LINE_FEED
    }
    at = this.#writeSample(bytes, at, lines.sumHead, start, end, chunk.value(cell))
    return this.#writeSample(bytes, at, lines.countHead, start, end, chunk.count(cell))
  }

  #writeSample(bytes: Buffer, from: number, head: Buffer, start: number, end: number, value: number): number {
    let at = append(bytes, from, head)
    if (end > start) {
      bytes[at++] = 123 // {
      at += this.#labels.copy(bytes, at, start, end)
      bytes[at++] = 125 // }
    }
    bytes[at++] = 32
    at = writeNumber(bytes, at, value)
    bytes[at++] = LINE_FEED
    return at
  }
}

/** Copies a few bytes. A loop is faster than `Buffer.copy` up to about 20 bytes. */
function append(bytes: Buffer, from: number, text: Buffer): number {
  const { length } = text
  for (let at = 0; at < length; at++) bytes[from + at] = text[at]!
  return from + length
}
