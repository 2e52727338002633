/** Large enough to make the cost of a chunk in node:http negligible, and small in memory. */
const CHUNK_BYTES = 131_072

/**
 * A chunk that no document holds. Made anew for every small document, chunks would be the garbage of a thousand scrapes a second:
 * 128 MB of memory outside of the heap, for which V8 collects the whole heap every 250 ms.
 */
let spareChunk: Buffer | undefined

function newChunk(): Buffer {
  const chunk = spareChunk ?? Buffer.allocUnsafeSlow(CHUNK_BYTES)
  spareChunk = undefined
  return chunk
}

/** Collects what is written in chunks of one size. A chunk that was taken belongs to its taker. */
export class OutputBuffer {
  /** Stands before whatever is written next. */
  #head: Uint8Array | undefined
  #chunk = newChunk()
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
    const rest = this.#chunk.subarray(0, this.#at)
    return this.#isHalfEmpty ? Buffer.from(rest) : rest
  }

  /** Leaves a chunk that nobody has taken to the next document. Nothing can be written after it. */
  close(): void {
    if (this.#isHalfEmpty) spareChunk = this.#chunk
  }

  /** True if copying what is written costs less than another chunk. */
  get #isHalfEmpty(): boolean {
    return this.#at <= CHUNK_BYTES / 2
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
    this.#chunk = newChunk()
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
