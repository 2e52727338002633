import { damaged } from './frame-error.js'
import { IS_LITTLE_ENDIAN } from './frame-writer.js'

const HEAD_BYTES = 5
const MAX_VARINT_BYTES = 8
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Reads the payload of a frame. Throws a {@link FrameError} at the first value that is not valid. */
export class PayloadReader {
  readonly kind: number
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at = HEAD_BYTES

  /** @param frame A whole frame, its length included. */
  constructor(frame: Uint8Array) {
    if (frame.length < HEAD_BYTES) throw damaged('it has no kind')
    // Always a Uint8Array and never a Buffer, so that V8 compiles the functions that read it once.
    this.#bytes = new Uint8Array(frame.buffer, frame.byteOffset, frame.byteLength)
    this.#view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
    this.kind = frame[4]!
  }

  /** True if there are unread bytes. */
  get hasMore(): boolean {
    return this.#at < this.#bytes.length
  }

  get remainingBytes(): number {
    return this.#bytes.length - this.#at
  }

  byte(): number {
    if (this.#at >= this.#bytes.length) throw damaged('it is cut off')
    return this.#bytes[this.#at++]!
  }

  /** A whole number, 0 … 2^53 - 1. */
  varint(): number {
    let value = 0
    let unit = 1
    for (let at = 0; at < MAX_VARINT_BYTES; at++) {
      const byte = this.byte()
      value += (byte & 0x7f) * unit
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) break
        return value
      }
      unit *= 0x80
    }
    throw damaged('a whole number is too long')
  }

  /** @throws {@link FrameError} if the number is greater than `max`. @param what Names the number in the message. */
  varintUpTo(max: number, what: string): number {
    const value = this.varint()
    if (value > max) throw damaged(`${what} is ${value}, at most ${max} is possible`)
    return value
  }

  /** Reads so many whole numbers, each at most `max`, which is below 2^31. See `FrameWriter.varints`. */
  varints(count: number, max: number, what: string): number[] {
    const bytes = this.#bytes
    const values = new Array<number>(count)
    let next = this.#at
    for (let at = 0; at < count; at++) {
      let byte = bytes[next++]!
      let value = byte & 0x7f
      for (let shift = 7; byte > 0x7f && shift < 32; shift += 7) {
        byte = bytes[next++]!
        value |= (byte & 0x7f) << shift
      }
      if (!(byte <= 0x7f) || value < 0 || value > max)
        throw next > bytes.length ? damaged('it is cut off') : damaged(`${what} is above ${max}`)
      values[at] = value
    }
    this.#at = next
    return values
  }

  signed(): number {
    const value = this.varint()
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }

  double(): number {
    if (this.remainingBytes < 8) throw damaged('it is cut off')
    const value = this.#view.getFloat64(this.#at, true)
    this.#at += 8
    return value
  }

  /** Reads so many doubles. */
  doubles(count: number): Float64Array {
    if (this.remainingBytes < 8 * count) throw damaged('it is cut off')
    const end = this.#at + 8 * count
    const values = new Float64Array(count)
    if (IS_LITTLE_ENDIAN) new Uint8Array(values.buffer).set(this.#bytes.subarray(this.#at, end))
    else for (let at = 0; at < count; at++) values[at] = this.#view.getFloat64(this.#at + 8 * at, true)
    this.#at = end
    return values
  }

  text(): string {
    const length = this.varint()
    if (length > this.remainingBytes) throw damaged('a string is cut off')
    const bytes = this.#bytes.subarray(this.#at, this.#at + length)
    this.#at += length
    try {
      return decoder.decode(bytes)
    } catch (cause) {
      throw Object.assign(damaged('a string is not UTF-8'), { cause })
    }
  }

  /** Call after the last value. @throws {@link FrameError} if there are unread bytes. */
  end(): void {
    if (this.hasMore) throw damaged(`it has ${this.remainingBytes} bytes too many`)
  }
}
