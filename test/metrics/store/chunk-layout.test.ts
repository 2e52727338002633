import { expect, test } from 'vitest'
import { ChunkMemory, chunkOf, chunkRows, chunkStart, MAX_CHUNK_ROWS } from '../../../src/metrics/store/chunk-layout.js'

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

test('the memory of a chunk is one buffer, divided into parts', () => {
  const memory = new ChunkMemory(3, 5)
  const [doubles, more, words, rest] = [memory.doubles(2), memory.doubles(1), memory.words(2), memory.words(3)]
  for (const part of [more, words, rest]) expect(part.buffer).toBe(doubles.buffer)
  doubles.fill(1)
  more.fill(2)
  words.fill(3)
  rest.fill(4)
  expect([...doubles, ...more, ...words, ...rest]).toEqual([1, 1, 2, 3, 3, 4, 4, 4])
  expect(doubles.buffer.byteLength).toBe(3 * 8 + 5 * 4)
})
