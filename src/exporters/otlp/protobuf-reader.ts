/** Reads protobuf fields one behind the other. Throws a RangeError if the bytes end in the middle of one. */
export class ProtobufReader {
  readonly #bytes: Buffer
  readonly #end: number
  #at: number
  /** Of the field that was read last. */
  field = 0
  /** 0 for varints, 1 for 8 bytes, 2 for everything with a length, 5 for 4 bytes. */
  wire = 0

  constructor(bytes: Uint8Array, from = 0, end: number = bytes.length) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    this.#at = from
    this.#end = end
  }

  /** Where the next field, or the next bare value, begins. */
  get at(): number {
    return this.#at
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#end
  }

  /** Reads the tag of the next field; false at the end. */
  next(): boolean {
    if (this.isAtEnd) return false
    const tag = this.varint()
    this.field = Math.floor(tag / 8)
    this.wire = tag % 8
    return true
  }

  /** A varint up to 2^53; larger ones lose their last digits. */
  varint(): number {
    let value = 0
    for (let factor = 1; ; factor *= 128) {
      if (this.isAtEnd) throw new RangeError('the message ends in the middle of a number')
      const byte = this.#bytes[this.#at++]!
      value += (byte & 127) * factor
      if (byte < 128) return value
      if (factor > 2 ** 63) throw new RangeError('a number of more than 10 bytes')
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

  /** The bytes of a field with a length, as where they begin; {@link at} is then where they end. */
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

  /** Passes over the value of the field. */
  skipField(): void {
    if (this.wire === 0) this.varint()
    else if (this.wire === 1) this.#advance(8)
    else if (this.wire === 2) this.block()
    else if (this.wire === 5) this.#advance(4)
    else throw new RangeError(`a field of the unknown kind ${this.wire}`)
  }

  #advance(bytes: number): number {
    const from = this.#at
    if (!(bytes <= this.#end - from)) throw new RangeError('the message ends in the middle of a field')
    this.#at = from + bytes
    return from
  }
}
