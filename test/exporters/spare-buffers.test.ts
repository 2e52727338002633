import { expect, test } from 'vitest'
import { SpareBuffers } from '../../src/exporters/spare-buffers.js'

test('the next request reuses a whole returned buffer', () => {
  const spares = new SpareBuffers(1)
  const first = spares.take(100_000)
  spares.give(first.subarray(0, 10))
  const next = spares.take(99_999)
  expect(next.buffer).toBe(first.buffer)
  expect(next.length).toBe(100_000)
})

test('a buffer has only one user at a time', () => {
  const spares = new SpareBuffers(2)
  const first = spares.take(100)
  spares.give(first)
  expect(spares.take(100).buffer).toBe(first.buffer)
  expect(spares.take(100).buffer).not.toBe(first.buffer)
})

test('a buffer that is too small is kept for a later request', () => {
  const spares = new SpareBuffers(2)
  const small = spares.take(100)
  spares.give(small)
  expect(spares.take(101).length).toBe(101)
  expect(spares.take(100).buffer).toBe(small.buffer)
})

test('the number of kept buffers is limited, and none is larger than 2 MiB', () => {
  const spares = new SpareBuffers(1)
  const [kept, surplus, large] = [spares.take(100), spares.take(100), spares.take((2 << 20) + 1)]
  spares.give(large)
  spares.give(kept)
  spares.give(surplus)
  expect(spares.take(100).buffer).toBe(kept.buffer)
  expect(spares.take(100).buffer).not.toBe(surplus.buffer)
  expect(spares.take(100).buffer).not.toBe(large.buffer)
})
