/** Hands out the typed arrays of one chunk from one buffer; doubles first, so that everything stays aligned. */
export class ChunkMemory {
  readonly #buffer: ArrayBuffer
  #offset = 0

  constructor(doubles: number, words: number) {
    this.#buffer = new ArrayBuffer(doubles * 8 + words * 4)
  }

  doubles(length: number): Float64Array {
    const array = new Float64Array(this.#buffer, this.#offset, length)
    this.#offset += length * 8
    return array
  }

  words(length: number): Int32Array {
    const array = new Int32Array(this.#buffer, this.#offset, length)
    this.#offset += length * 4
    return array
  }
}
