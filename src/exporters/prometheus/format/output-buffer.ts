/** Large enough to make the cost of a write in node:http negligible. */
const CHUNK_BYTES = 131_072

/**
 * A chunk that no document uses, for the next one. It is set by `close` and `reuseChunk`, and taken by the next OutputBuffer that needs a
 * chunk. At a thousand scrapes per second, new chunks would be 128 MB of external memory per second, for which V8 collects the whole heap
 * every 250 ms. At a few per minute, each would take its pages from the system again.
 */
let spareChunk: Buffer | undefined

/** The memory of all chunks, to recognize emitted ones. */
const memories = new WeakSet<ArrayBufferLike>()

/** Takes back the memory of emitted bytes that nothing reads any more. Bytes that are not from a chunk are ignored. */
export function reuseChunk({ buffer }: Uint8Array): void {
  if (memories.has(buffer)) spareChunk = Buffer.from(buffer)
}

function newChunk(): Buffer {
  const chunk = spareChunk ?? Buffer.allocUnsafeSlow(CHUNK_BYTES)
  memories.add(chunk.buffer)
  spareChunk = undefined
  return chunk
}

/** Collects written bytes in chunks of one size. The caller owns the chunks that it takes. */
export class OutputBuffer {
  /** Written before the next bytes. */
  #head: Uint8Array | undefined
  #chunk = newChunk()
  #at = 0
  #full: Buffer[] = []

  /** True if there are full chunks. */
  get hasFull(): boolean {
    return this.#full.length > 0
  }

  takeFull(): Buffer[] {
    const full = this.#full
    this.#full = []
    return full
  }

  /** Returns the bytes of the last chunk, which may be empty. */
  takeRest(): Buffer {
    const rest = this.#chunk.subarray(0, this.#at)
    return this.#isHalfEmpty ? Buffer.from(rest) : rest
  }

  /** Keeps an unused chunk for the next document. Do not write after this call. */
  close(): void {
    if (this.#isHalfEmpty) spareChunk = this.#chunk
  }

  /** True if copying the bytes is cheaper than allocating another chunk. */
  get #isHalfEmpty(): boolean {
    return this.#at <= CHUNK_BYTES / 2
  }

  /** Sets bytes that are written before the next ones. They are omitted if nothing is written before the next call. */
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
   * Returns a buffer with room for `length` bytes from `at` on. The caller writes them and passes the end to `advance`. Returns undefined
   * if this is more than a chunk.
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
