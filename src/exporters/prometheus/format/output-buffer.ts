/** Large enough to make the cost of a chunk in node:http negligible, and small in memory. */
const CHUNK_BYTES = 131_072

/** Collects what is written in chunks of one size. A chunk that was taken belongs to its taker. */
export class OutputBuffer {
  /** Stands before whatever is written next. */
  #head: Uint8Array | undefined
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

  /** The rest at the end, which may be empty. */
  takeRest(): Buffer {
    return this.#chunk.subarray(0, this.#at)
  }

  /** Sets the head of what is written next; if nothing is written before the next call, it is left out. */
  begin(head: Uint8Array | undefined): void {
    this.#head = head
  }

  #writeHead(): void {
    const head = this.#head
    this.#head = undefined
    if (head !== undefined) this.write(head)
  }

  write(bytes: Uint8Array, length: number = bytes.length): void {
    if (length > 0 && this.#head !== undefined) this.#writeHead()
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
   * Room for up to `length` bytes, beginning at `at`; the caller writes them and reports the end to `advance`.
   * Returns undefined if a chunk is too small.
   */
  room(length: number): { readonly bytes: Buffer; readonly at: number } | undefined {
    if (length > CHUNK_BYTES) return undefined
    if (this.#head !== undefined) this.#writeHead()
    if (this.#at + length > CHUNK_BYTES) this.#next()
    return { bytes: this.#chunk, at: this.#at }
  }

  advance(to: number): void {
    this.#at = to
  }
}
