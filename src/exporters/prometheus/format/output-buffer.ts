/** Large enough to make the cost of a write in node:http negligible. */
const CHUNK_BYTES = 131_072

/** As many as are encoded of a document before its first byte is sent. */
const MAX_SPARE = 8

/**
 * Chunks that no document uses, for the next ones. `close` and `reuseChunk` add to them, and each OutputBuffer that needs a chunk takes one.
 * At a thousand scrapes per second, new chunks would be 128 MB of external memory per second, for which V8 collects the whole heap
 * every 250 ms. At a few per minute, each would take its pages from the system again. A spare chunk is never invalid: its
 * bytes are overwritten. `memories` has only chunks in use, so that none is kept twice.
 */
const spareChunks: Buffer[] = []

/** The memory of all chunks in use, to recognize emitted ones. */
const memories = new WeakSet<ArrayBufferLike>()

/** Takes back the memory of emitted bytes that nothing reads any more. Bytes that are not from a chunk are ignored. */
export function reuseChunk({ buffer }: Uint8Array): void {
  if (memories.has(buffer)) keep(Buffer.from(buffer))
}

function keep(chunk: Buffer): void {
  if (memories.delete(chunk.buffer) && spareChunks.length < MAX_SPARE) spareChunks.push(chunk)
}

function newChunk(spare: Buffer | undefined): Buffer {
  const chunk = spare ?? Buffer.allocUnsafeSlow(CHUNK_BYTES)
  memories.add(chunk.buffer)
  return chunk
}

/** Collects written bytes in chunks of one size. The caller owns the chunks that it takes. */
export class OutputBuffer {
  /** Written before the next bytes. */
  #head: Uint8Array | undefined
  #chunk = newChunk(spareChunks.pop())
  #at = 0
  #full: Buffer[] = []
  #chunks = 1
  #isRestTaken = false

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
    if (this.#isHalfEmpty) return Buffer.from(rest)
    this.#isRestTaken = true
    return rest
  }

  /** Keeps an unused chunk for the next document. Do not write after this call. */
  close(): void {
    if (!this.#isRestTaken) keep(this.#chunk)
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
    // Later chunks are sent at once. V8 frees new memory soon, but that of spare ones only with a collection of the whole heap.
    this.#chunk = newChunk(this.#chunks++ < MAX_SPARE ? spareChunks.pop() : undefined)
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
