/** Reads protobuf fields in order. Throws a RangeError if a field is truncated. */
export class ProtobufReader {
  readonly #bytes: Buffer
  readonly #end: number
  #at: number
  /** The number of the current field. */
  field = 0
  /** The wire type of the current field: 0 for varints, 1 for 8 bytes, 2 for fields with a length, 5 for 4 bytes. */
  wire = 0

  constructor(bytes: Uint8Array, from = 0, end: number = bytes.length) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    this.#at = from
    this.#end = end
  }

  /** The offset of the next field or value. */
  get at(): number {
    return this.#at
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#end
  }

  /** Reads the tag of the next field. Returns false at the end. */
  next(): boolean {
    if (this.isAtEnd) return false
    const tag = this.varint()
    this.field = Math.floor(tag / 8)
    this.wire = tag % 8
    return true
  }

  /** Reads a varint. Above 2^53 it is not exact. */
  varint(): number {
    let value = 0
    for (let factor = 1; ; factor *= 128) {
      if (this.isAtEnd) throw new RangeError('truncated varint')
      const byte = this.#bytes[this.#at++]!
      value += (byte & 127) * factor
      if (byte < 128) return value
      if (factor > 2 ** 63) throw new RangeError('varint longer than 10 bytes')
    }
  }

  byte(): number {
    return this.#bytes[this.#advance(1)]!
  }

  double(): number {
    return this.#bytes.readDoubleLE(this.#advance(8))
  }

  fixed64(): bigint {
    return this.#bytes.readBigUInt64LE(this.#advance(8))
  }

  fixed32(): number {
    return this.#bytes.readUInt32LE(this.#advance(4))
  }

  /** Returns the offset of the content of a field with a length. {@link at} is then the offset of its end. */
  block(): number {
    return this.#advance(this.varint())
  }

  string(): string {
    const from = this.block()
    return this.#bytes.toString('utf8', from, this.#at)
  }

  hex(): string {
    const from = this.block()
    return this.#bytes.toString('hex', from, this.#at)
  }

  /** Skips the value of the current field. */
  skipField(): void {
    if (this.wire === 0) this.varint()
    else if (this.wire === 1) this.#advance(8)
    else if (this.wire === 2) this.block()
    else if (this.wire === 5) this.#advance(4)
    else throw new RangeError(`unknown wire type ${this.wire}`)
  }

  #advance(bytes: number): number {
    const from = this.#at
    if (!(bytes <= this.#end - from)) throw new RangeError('truncated field')
    this.#at = from + bytes
    return from
  }
}
