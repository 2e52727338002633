import fc from 'fast-check'
import { expect, test } from 'vitest'
import { appendChunk, sizeOf } from '../../src/base/byte-chunks.js'

test('chunks that were received have the same bytes in the same order, in few pieces', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 300 }), (given) => {
      const chunks: Uint8Array[] = []
      for (const chunk of given) appendChunk(chunks, chunk)
      expect(Buffer.concat(chunks)).toEqual(Buffer.concat(given))
      expect(chunks.length).toBeLessThanOrEqual(20)
    }),
  )
})

test('of a million single bytes less than a hundred chunks are kept, and large chunks are not copied', () => {
  const chunks: Uint8Array[] = []
  for (let at = 0; at < 1_000_000; at++) appendChunk(chunks, Buffer.from([at & 0xff]))
  expect([sizeOf(chunks), chunks.length < 100]).toEqual([1_000_000, true])
  const large = Buffer.alloc(65_536)
  appendChunk(chunks, large)
  expect(chunks.at(-1)).toBe(large)
})
