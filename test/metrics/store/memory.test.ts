import { expect, test } from 'vitest'
import { ChunkMemory } from '../../../src/metrics/store/memory.js'

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
