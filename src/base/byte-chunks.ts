/** The bytes of all chunks. A single chunk is not copied. */
export function joined(chunks: readonly Uint8Array[]): Uint8Array {
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
}

/** The number of bytes of all chunks. */
export function sizeOf(chunks: readonly Uint8Array[]): number {
  return chunks.reduce((bytes, { length }) => bytes + length, 0)
}

/** Chunks of this size are not copied. */
const SMALL_BYTES = 16_384

/**
 * Appends a chunk to those that were received. Small chunks are copied together: a sender of single bytes would otherwise cause an object for
 * each, which also keeps the memory that was read from the socket with it.
 */
export function appendChunk(chunks: Uint8Array[], chunk: Uint8Array): void {
  let last = chunk
  // A chunk grows by half at least when it is copied, so that a byte is copied a few times only.
  for (let before = chunks.at(-1); before !== undefined && last.length < SMALL_BYTES; before = chunks.at(-1)) {
    if (before.length > 2 * last.length) break
    chunks.pop()
    last = Buffer.concat([before, last])
  }
  chunks.push(last)
}
