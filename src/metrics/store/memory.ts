/** Where the numbers of rows are kept: ordinary memory, or memory that worker threads can be given. */
export type MemoryKind = 'local' | 'shared'

/** Hands out typed arrays from one buffer per chunk; doubles first, so that everything stays aligned. */
export class ChunkMemory {
  readonly #buffer: ArrayBuffer | SharedArrayBuffer
  #offset = 0

  constructor(doubles: number, words: number, kind: MemoryKind) {
    const bytes = doubles * 8 + words * 4
    this.#buffer = kind === 'shared' ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes)
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
