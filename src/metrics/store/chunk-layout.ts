/**
 * Rows are in chunks that never move: a handle can keep its chunk, and growth copies nothing. The first chunks are small, so that a view of
 * three rows does not allocate memory for 512.
 *
 * Rows 0–31 are chunk 0, 32–63 chunk 1, 64–127 chunk 2, 128–255 chunk 3, 256–511 chunk 4; then 512 each.
 */
export const MAX_CHUNK_ROWS = 512

export const chunkOf = (row: number): number => {
  if (row >= MAX_CHUNK_ROWS) return 4 + (row >>> 9)
  return row < 32 ? 0 : 27 - Math.clz32(row)
}

/** The first row of a chunk. */
export function chunkStart(chunk: number): number {
  if (chunk > 4) return (chunk - 4) << 9
  return chunk === 0 ? 0 : 16 << chunk
}

export function chunkRows(chunk: number): number {
  if (chunk > 4) return MAX_CHUNK_ROWS
  return chunk === 0 ? 32 : 16 << chunk
}
