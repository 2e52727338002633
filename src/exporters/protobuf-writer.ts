import { SpareBuffers } from './spare-buffers.js'

const TWO_TO_32 = 2 ** 32
const START_BYTES = 65_536
/** Enough for a part of an export, which exporters send at 1 MiB, and one more row. Unused pages of a buffer cost nothing. */
const PART_BYTES = (1 << 20) + START_BYTES
const MAX_START_BYTES = 1 << 21
const NO_BYTES = Buffer.alloc(0)
const NO_SPARES = new SpareBuffers(0)

/** Tags of an OTLP attribute: its value, and the string in the value. */
const ATTRIBUTE_VALUE = 2 * 8 + 2
const VALUE_STRING = 1 * 8 + 2

/** Writes protobuf fields into a buffer that grows. Parameters named `field` are encoded tags, see {@link tag}. */
export class ProtobufWriter {
  #bytes: Buffer = NO_BYTES
  #view: DataView = viewOf(NO_BYTES)
  #at = 0
  #startBytes = START_BYTES
  readonly #spares: SpareBuffers

  /** @param spares Provides the buffers. Default: new ones are allocated. */
  constructor(spares: SpareBuffers = NO_SPARES) {
    this.#spares = spares
  }

  get length(): number {
    return this.#at
  }

  /** Returns the bytes that were written since the last call. The caller owns them: the writer continues in a new buffer. */
  take(): Uint8Array {
    const taken = this.#bytes.subarray(0, this.#at)
    // The next part will be about as long: starting with this size avoids copies.
    this.#startBytes = Math.min(Math.max(START_BYTES, this.#at + (this.#at >> 4)), MAX_START_BYTES)
    this.#use(NO_BYTES)
    this.#at = 0
    return taken
  }

  /** Returns a copy of the bytes that were written since the last call. Better than {@link take} for few bytes. */
  takeCopy(): Uint8Array {
    const copy = Uint8Array.from(this.#bytes.subarray(0, this.#at))
    this.#at = 0
    return copy
  }

  /** Returns the bytes from an offset on. They are valid until the next write. */
  since(offset: number): Uint8Array {
    return this.#bytes.subarray(offset, this.#at)
  }

  /** Makes room for `bytes` more bytes. */
  reserve(bytes: number): void {
    if (this.#at + bytes > this.#bytes.length) this.#grow(this.#at + bytes)
  }

  #grow(bytes: number): void {
    const { length } = this.#bytes
    const grownBytes = length === 0 ? this.#startBytes : Math.max(length * 2, PART_BYTES)
    const grown = this.#spares.take(Math.max(grownBytes, bytes))
    this.#bytes.copy(grown, 0, 0, this.#at)
    this.#use(grown)
  }

  #use(bytes: Buffer): void {
    this.#bytes = bytes
    this.#view = viewOf(bytes)
  }

  /** Writes a whole number from 0 to 2^53. */
  varint(value: number): void {
    this.reserve(10)
    if (value < 128) {
      this.#bytes[this.#at++] = value
      return
    }
    let rest = value
    for (; rest >= TWO_TO_32; rest = Math.floor(rest / 128)) this.#bytes[this.#at++] = (rest % 128) | 128
    for (rest >>>= 0; rest > 127; rest >>>= 7) this.#bytes[this.#at++] = (rest & 127) | 128
    this.#bytes[this.#at++] = rest
  }

  /** Writes a signed whole number in zigzag encoding. */
  zigzag(value: number): void {
    this.varint(value < 0 ? -value * 2 - 1 : value * 2)
  }

  uint(field: number, value: number): void {
    this.varint(field)
    this.varint(value)
  }

  double(field: number, value: number): void {
    this.varint(field)
    this.reserve(8)
    this.#view.setFloat64(this.#at, value + 0, true) // -0 becomes 0, as in the text format
    this.#at += 8
  }

  /** Writes a double without a tag, for packed fields. */
  bareDouble(value: number): void {
    this.reserve(8)
    this.#view.setFloat64(this.#at, value + 0, true)
    this.#at += 8
  }

  /** Writes 64 bits as two 32-bit words, for integers above 2^53. */
  words(field: number, low: number, high: number): void {
    this.varint(field)
    this.#words(low, high)
  }

  /** Writes a whole number from -2^53 to 2^53 in 8 bytes, as two's complement. */
  fixed64(field: number, value: number): void {
    this.varint(field)
    this.bareFixed64(value)
  }

  /** Like {@link fixed64}, without a tag, for packed fields. */
  bareFixed64(value: number): void {
    this.#words(value, Math.floor(value / TWO_TO_32))
  }

  fixed32(field: number, value: number): void {
    this.varint(field)
    this.reserve(4)
    this.#view.setUint32(this.#at, value, true)
    this.#at += 4
  }

  /** Writes a whole number from -2^53 to 2^53 as a varint. Negative ones take 10 bytes. */
  int(field: number, value: number): void {
    this.varint(field)
    if (value >= 0) return this.varint(value)
    this.reserve(10)
    let rest = BigInt.asUintN(64, BigInt(value))
    for (; rest > 127n; rest >>= 7n) this.#bytes[this.#at++] = Number(rest & 127n) | 128
    this.#bytes[this.#at++] = Number(rest)
  }

  /** Writes a time in nanoseconds since 1970, in 8 bytes. */
  unixNanos(field: number, unixMs: number, plusNs = 0): void {
    const { low, high } = unixNanoWords(unixMs, plusNs)
    this.words(field, low, high)
  }

  /** Writes bytes from at most 254 hexadecimal digits. */
  hex(field: number, digits: string): void {
    this.varint(field)
    const size = digits.length >> 1
    this.reserve(size + 2)
    this.varint(size)
    for (let i = 0; i < size; i++) this.#bytes[this.#at++] = (nibble(digits, 2 * i) << 4) | nibble(digits, 2 * i + 1)
  }

  #words(low: number, high: number): void {
    this.reserve(8)
    this.#view.setUint32(this.#at, low, true)
    this.#view.setUint32(this.#at + 4, high, true)
    this.#at += 8
  }

  string(field: number, text: string): void {
    this.varint(field)
    const { length } = text
    // Most label values are short ASCII strings, for which a loop is faster than Buffer.write.
    if (length < 64) {
      this.reserve(length + 1)
      const bytes = this.#bytes
      const start = this.#at + 1
      let i = 0
      for (; i < length; i++) {
        const code = text.charCodeAt(i)
        if (code > 127) break
        bytes[start + i] = code
      }
      if (i === length) {
        bytes[this.#at] = length
        this.#at = start + length
        return
      }
    }
    const size = Buffer.byteLength(text)
    this.varint(size)
    this.reserve(size)
    this.#at += this.#bytes.write(text, this.#at)
  }

  /**
   * Writes an OTLP attribute with a string value. Short ASCII values are written without measuring them first.
   * @param key The encoded field of the key, with tag and length.
   */
  attribute(field: number, key: Uint8Array, value: string): void {
    const { length } = value
    const size = key.length + length + 4
    if (size < 128) {
      this.reserve(size + 10)
      const bytes = this.#bytes
      let at = this.#at
      bytes[at++] = field
      bytes[at++] = size
      for (let i = 0; i < key.length; i++) bytes[at++] = key[i]!
      bytes[at++] = ATTRIBUTE_VALUE
      bytes[at++] = length + 2
      bytes[at++] = VALUE_STRING
      bytes[at++] = length
      let i = 0
      for (; i < length; i++) {
        const code = value.charCodeAt(i)
        if (code > 127) break
        bytes[at++] = code
      }
      if (i === length) {
        this.#at = at
        return
      }
    }
    const message = this.open(field, 1)
    this.raw(key)
    const inner = this.open(ATTRIBUTE_VALUE, 1)
    this.string(VALUE_STRING, value)
    this.close(inner, 1)
    this.close(message, 1)
  }

  raw(bytes: Uint8Array): void {
    this.reserve(bytes.length)
    this.#bytes.set(bytes, this.#at)
    this.#at += bytes.length
  }

  /**
   * Begins an embedded message, and returns the offset of its content.
   * @param lengthBytes The expected bytes of its length: the result of {@link close} for the previous message of this kind.
   */
  open(field: number, lengthBytes: number): number {
    this.varint(field)
    return this.openBare(lengthBytes)
  }

  /** Like {@link open}, without a tag. */
  openBare(lengthBytes: number): number {
    this.reserve(lengthBytes)
    this.#at += lengthBytes
    return this.#at
  }

  /** Discards the bytes after the first `length`. */
  rewind(length: number): void {
    this.#at = length
  }

  /** Ends a message: writes its length, and moves the content if the expected bytes were wrong. Returns the bytes of the length. */
  close(start: number, expected: number): number {
    const length = this.#at - start
    const needed = length < 128 ? 1 : length < 16_384 ? 2 : length < 2_097_152 ? 3 : length < 268_435_456 ? 4 : 5
    if (needed !== expected) {
      this.reserve(needed)
      this.#bytes.copyWithin(start - expected + needed, start, this.#at)
    }
    this.#at = start - expected
    this.varint(length)
    this.#at += length
    return needed
  }
}

/** Encodes the tag of a field. Wire types: 0 for varints, 1 for 8 bytes, 2 for fields with a length, 5 for 4 bytes. */
export function tag(field: number, wire: 0 | 1 | 2 | 5): number {
  return field * 8 + wire
}

/** Converts a time to nanoseconds since 1970, as two 32-bit words: a double has only 53 bits. */
export function unixNanoWords(unixMs: number, plusNs = 0): { readonly low: number; readonly high: number } {
  const floor = Math.floor(unixMs)
  const ns = Math.round((unixMs - floor) * 1e6) + plusNs
  const carryMs = Math.floor(ns / 1e6)
  const wholeMs = floor + carryMs
  const top = Math.floor(wholeMs / 65_536) * 1e6
  const low = (top % 65_536) * 65_536 + (wholeMs % 65_536) * 1e6 + (ns - carryMs * 1e6)
  return { low: low % TWO_TO_32, high: Math.floor(top / 65_536) + Math.floor(low / TWO_TO_32) }
}

function nibble(digits: string, at: number): number {
  const code = digits.charCodeAt(at)
  return code <= 57 ? code - 48 : (code | 32) - 87
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}
