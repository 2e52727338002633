import { expect, test } from 'vitest'
import { SpareBuffers } from '../../src/exporters/spare-buffers.js'

test('a buffer that was given is taken next, whole', () => {
  const spares = new SpareBuffers(1)
  const first = spares.take(100_000)
  spares.give(first.subarray(0, 10))
  const next = spares.take(99_999)
  expect(next.buffer).toBe(first.buffer)
  expect(next.length).toBe(100_000)
})

test('a buffer is taken by one only', () => {
  const spares = new SpareBuffers(2)
  const first = spares.take(100)
  spares.give(first)
  expect(spares.take(100).buffer).toBe(first.buffer)
  expect(spares.take(100).buffer).not.toBe(first.buffer)
})

test('a buffer that is too small stays for another', () => {
  const spares = new SpareBuffers(2)
  const small = spares.take(100)
  spares.give(small)
  expect(spares.take(101).length).toBe(101)
  expect(spares.take(100).buffer).toBe(small.buffer)
})

test('no more are kept than the count, and none above 2 MiB', () => {
  const spares = new SpareBuffers(1)
  const [kept, surplus, large] = [spares.take(100), spares.take(100), spares.take((2 << 20) + 1)]
  spares.give(large)
  spares.give(kept)
  spares.give(surplus)
  expect(spares.take(100).buffer).toBe(kept.buffer)
  expect(spares.take(100).buffer).not.toBe(surplus.buffer)
  expect(spares.take(100).buffer).not.toBe(large.buffer)
})
