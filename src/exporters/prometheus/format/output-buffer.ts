/** Large enough that the cost of a chunk in node:http does not count, small enough to be nothing in memory. */
const CHUNK_BYTES = 131_072

/** Gathers what is written into chunks of one size, which then belong to whoever takes them. */
export class OutputBuffer {
  #chunk: Buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES)
  #at = 0
  #full: Buffer[] = []

  /** Whether there are full chunks to take. */
  get hasFull(): boolean {
    return this.#full.length > 0
  }

  takeFull(): Buffer[] {
    const full = this.#full
    this.#full = []
    return full
  }

  /** What is left at the end; maybe nothing. */
  takeRest(): Buffer {
    return this.#chunk.subarray(0, this.#at)
  }

  write(bytes: Uint8Array, length: number = bytes.length): void {
    let from = 0
    while (from < length) {
      if (this.#at === CHUNK_BYTES) this.#next()
      const part = Math.min(length - from, CHUNK_BYTES - this.#at)
      this.#chunk.set(bytes.subarray(from, from + part), this.#at)
      this.#at += part
      from += part
    }
  }

  #next(): void {
    this.#full.push(this.#at === CHUNK_BYTES ? this.#chunk : this.#chunk.subarray(0, this.#at))
    this.#chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES)
    this.#at = 0
  }

  /**
   * A place for up to `length` bytes to be written by hand, beginning at `at`; told back by `advance`.
   * Undefined where a chunk is too small for it.
   */
  room(length: number): { readonly bytes: Buffer; readonly at: number } | undefined {
    if (length > CHUNK_BYTES) return undefined
    if (this.#at + length > CHUNK_BYTES) this.#next()
    return { bytes: this.#chunk, at: this.#at }
  }

  advance(to: number): void {
    this.#at = to
  }
}
