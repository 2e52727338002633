import { appendChunk } from '../../base/byte-chunks.js'
import { DEFAULT_DATA_LIMITS } from './contributor.js'
import { damaged, type FrameError, overLimit } from './frame-error.js'

const LENGTH_BYTES = 4

/**
 * Divides a stream of bytes into whole frames. The incomplete last frame of a process that was killed is not returned. The length of a
 * frame is checked before memory is allocated.
 * @example
 * frames.push(chunk)
 * for (let frame = frames.next(); frame !== undefined; frame = frames.next()) apply(frame)
 */
export class FrameReader {
  readonly #maxBytes: number
  readonly #chunks: Uint8Array[] = []
  /** Index of the first unread byte in the first chunk. */
  #start = 0
  #buffered = 0
  #fault: FrameError | undefined

  /** @param maxBytes The greatest frame, its length included. Default 1 MiB. */
  constructor(maxBytes: number = DEFAULT_DATA_LIMITS.frameBytes) {
    this.#maxBytes = maxBytes
  }

  /** Bytes in memory: those that were pushed, and that `next` has not returned. */
  get bufferedBytes(): number {
    return this.#buffered
  }

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return
    appendChunk(this.#chunks, chunk)
    this.#buffered += chunk.length
  }

  /**
   * Returns the next whole frame, its length included; undefined until more bytes are pushed. It may share memory with a pushed chunk.
   * @throws {@link FrameError} `ERR_GROUP_FRAME`, `ERR_GROUP_LIMIT`, also at each further call.
   */
  next(): Uint8Array | undefined {
    if (this.#fault !== undefined) throw this.#fault
    if (this.#buffered < LENGTH_BYTES) return undefined
    let length = 0
    for (let at = 0; at < LENGTH_BYTES; at++) length += this.#peek(at) * 2 ** (8 * at)
    if (length === 0) throw this.#fail(damaged('it has no kind'))
    const whole = LENGTH_BYTES + length
    if (whole > this.#maxBytes) throw this.#fail(overLimit(`a frame has at most ${this.#maxBytes} bytes, this one ${whole}`))
    return this.#buffered < whole ? undefined : this.#take(whole)
  }

  /** Drops all bytes, because the beginning of the next frame is unknown after a fault. */
  #fail(fault: FrameError): FrameError {
    this.#fault = fault
    this.#chunks.length = 0
    this.#buffered = 0
    return fault
  }

  #peek(at: number): number {
    let index = this.#start + at
    for (const chunk of this.#chunks) {
      if (index < chunk.length) return chunk[index]!
      index -= chunk.length
    }
    throw new Error('BUG: read behind the buffered bytes')
  }

  #take(length: number): Uint8Array {
    this.#buffered -= length
    const first = this.#chunks[0]!
    if (first.length - this.#start >= length) {
      const frame = first.subarray(this.#start, this.#start + length)
      this.#start += length
      this.#dropRead()
      return frame
    }
    const frame = new Uint8Array(length)
    for (let filled = 0; filled < length; ) {
      const part = this.#chunks[0]!.subarray(this.#start, this.#start + length - filled)
      frame.set(part, filled)
      filled += part.length
      this.#start += part.length
      this.#dropRead()
    }
    return frame
  }

  #dropRead(): void {
    if (this.#start < this.#chunks[0]!.length) return
    this.#chunks.shift()
    this.#start = 0
  }
}
