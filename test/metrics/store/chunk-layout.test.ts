import { expect, test } from 'vitest'
import { chunkOf, chunkRows, chunkStart, MAX_CHUNK_ROWS } from '../../../src/metrics/store/chunk-layout.js'

test('chunks are contiguous, and each row is in its own chunk', () => {
  let row = 0
  for (let chunk = 0; chunk < 40; chunk++) {
    expect(chunkStart(chunk)).toBe(row)
    for (const end = row + chunkRows(chunk); row < end; row++) if (chunkOf(row) !== chunk) throw new Error(`row ${row} is not in ${chunk}`)
  }
})

test('the first chunk is small, and none is above the limit', () => {
  expect(Array.from({ length: 8 }, (_, chunk) => chunkRows(chunk))).toEqual([32, 32, 64, 128, 256, 512, 512, 512])
  expect(chunkRows(1_000)).toBe(MAX_CHUNK_ROWS)
})
