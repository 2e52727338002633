import { endianness } from 'node:os'
import { DEFAULT_DATA_LIMITS } from './contributor.js'
import { FrameError, overLimit } from './frame-error.js'

/**
 * Frames are `u32 length · u8 kind · payload`, little-endian; the length is that of kind and payload. Whole numbers are LEB128
 * varints, values are doubles, strings have their length in UTF-8 bytes before them.
 *
 * Kinds below 16 are control frames (net/control-frames.ts), the others are data frames, which carry rows.
 */
export const FRAME = {
  HELLO: 1,
  WELCOME: 2,
  REFUSED: 3,
  REQUEST_CHANGES: 4,
  END: 5,
  LEAVE: 6,
  ORIGIN: 7,
  /** All rows follow, and the numbers of families and rows begin at 0 again. */
  RESTART: 16,
  /** A family: its number, a number that distinguishes families with the same definition, and the definition. */
  DEFINE: 17,
  /** New rows of a family with their labels and their first values. */
  ROWS: 18,
  /** New values of rows that were sent before. */
  VALUES: 19,
  /** Rows that were removed. */
  REMOVED: 20,
  EXEMPLARS: 21,
  /** All rows since RESTART have been sent: former rows that were not sent again have been removed. */
  COMPLETE: 22,
  /** A family that was removed with all its rows. */
  DROP: 23,
} as const

/** Attachments of one exemplar. Further ones are not sent. */
export const MAX_ATTACHMENTS = 64

export function isDataFrame(kind: number): boolean {
  return kind >= FRAME.RESTART
}

/** Returns the kind of a whole frame, which begins with its length. */
export function kindOf(frame: Uint8Array): number {
  return frame[4]!
}

const HEAD_BYTES = 5
/** Bytes of a varint of 31 bits. */
const MAX_WORD_BYTES = 5
const START_BYTES = 4_096
/** Characters of a string whose length is a varint of one byte. */
const SHORT = 64
export const IS_LITTLE_ENDIAN: boolean = endianness() === 'LE'
const encoder = new TextEncoder()

/** Writes one frame after the other into one buffer. */
export class FrameWriter {
  readonly #maxBytes: number
  #bytes: Uint8Array<ArrayBuffer>
  #view: DataView
  #length = 0

  /** @param maxBytes The greatest frame, its length included. Default 1 MiB. */
  constructor(maxBytes: number = DEFAULT_DATA_LIMITS.frameBytes) {
    this.#maxBytes = maxBytes
    this.#bytes = new Uint8Array(Math.min(START_BYTES, maxBytes))
    this.#view = new DataView(this.#bytes.buffer)
  }

  /** Bytes of the open frame so far; 0 if none is open. */
  get length(): number {
    return this.#length
  }

  begin(kind: number): this {
    this.#length = HEAD_BYTES
    this.#bytes[4] = kind
    return this
  }

  byte(value: number): this {
    this.#reserve(1)
    this.#bytes[this.#length++] = value
    return this
  }

  /** @param value A whole number, 0 … 2^53 - 1. */
  varint(value: number): this {
    if (value < 0x80) return this.byte(value)
    this.#reserve(8)
    let rest = value
    for (; rest > 0x7f_ffff; rest = Math.floor(rest / 0x80)) this.#bytes[this.#length++] = (rest % 0x80) | 0x80
    for (; rest > 0x7f; rest >>= 7) this.#bytes[this.#length++] = (rest & 0x7f) | 0x80
    this.#bytes[this.#length++] = rest
    return this
  }

  /** @param values Whole numbers, 0 … 2^31 - 1. In one function, because most of a process is not compiled when it sends its rows. */
  varints(values: Int32Array): this {
    this.#reserve(MAX_WORD_BYTES * values.length)
    const bytes = this.#bytes
    let length = this.#length
    for (let at = 0; at < values.length; at++) {
      let rest = values[at]!
      for (; rest > 0x7f; rest >>= 7) bytes[length++] = (rest & 0x7f) | 0x80
      bytes[length++] = rest
    }
    this.#length = length
    return this
  }

  /** @param value A whole number, -2^52 … 2^52. */
  signed(value: number): this {
    return this.varint(value < 0 ? -2 * value - 1 : 2 * value)
  }

  double(value: number): this {
    this.#reserve(8)
    this.#view.setFloat64(this.#length, value, true)
    this.#length += 8
    return this
  }

  doubles(values: Float64Array): this {
    this.#reserve(values.byteLength)
    if (IS_LITTLE_ENDIAN) this.#bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), this.#length)
    else for (let at = 0; at < values.length; at++) this.#view.setFloat64(this.#length + 8 * at, values[at]!, true)
    this.#length += values.byteLength
    return this
  }

  text(value: string): this {
    if (value.length <= SHORT && this.#shortAscii(value)) return this
    const bytes = encoder.encode(value)
    this.varint(bytes.length)
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
    return this
  }

  /** Writes a short string if it is ASCII, as nearly all labels are. A call of TextEncoder takes several times as long. */
  #shortAscii(value: string): boolean {
    const start = this.#length
    this.#reserve(SHORT + 1)
    this.#bytes[this.#length++] = value.length
    for (let at = 0; at < value.length; at++) {
      const code = value.charCodeAt(at)
      if (code > 0x7f) {
        this.#length = start
        return false
      }
      this.#bytes[this.#length++] = code
    }
    return true
  }

  /** Drops the bytes of the open frame after this length. With 0 it drops the frame. */
  cutTo(length: number): void {
    this.#length = length
  }

  /** Ends the frame and returns a copy of it. */
  end(): Uint8Array {
    this.#view.setUint32(0, this.#length - 4, true)
    const frame = this.#bytes.slice(0, this.#length)
    this.#length = 0
    return frame
  }

  /** @throws {@link FrameError} `ERR_GROUP_LIMIT` if the frame would be greater than its limit. */
  #reserve(bytes: number): void {
    const needed = this.#length + bytes
    if (needed <= this.#bytes.length) return
    if (needed > this.#maxBytes) throw overLimit(`a frame has at most ${this.#maxBytes} bytes`)
    const grown = new Uint8Array(Math.min(this.#maxBytes, Math.max(needed, this.#bytes.length * 2)))
    grown.set(this.#bytes)
    this.#bytes = grown
    this.#view = new DataView(grown.buffer)
  }
}

/** Calls a function that writes to a frame. Returns false if the frame would exceed its limit. */
export function fits(write: () => void): boolean {
  try {
    write()
    return true
  } catch (error) {
    if (FrameError.is(error)) return false
    throw error
  }
}
