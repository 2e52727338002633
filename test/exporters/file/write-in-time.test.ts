import type * as fs from 'node:fs'
import { beforeEach, expect, test, vi } from 'vitest'
import { writeInTime } from '../../../src/exporters/file/write-in-time.js'

/** What the next writes do: accept a number of bytes, or fail with a code. */
let writes: (number | string)[] = []

vi.mock('node:fs', async (original) => ({
  ...(await original<typeof fs>()),
  writeSync: () => {
    const next = writes.shift()
    if (typeof next === 'string') throw Object.assign(new Error(next), { code: next })
    return next
  },
}))

beforeEach(() => {
  writes = []
})

const bytes = Buffer.from('abc\n')

test('a write to a full pipe is repeated until bytes are accepted', () => {
  writes = ['EAGAIN', 'EAGAIN', 0, 'EINTR', 3, 'unused']
  expect(writeInTime(1, bytes, 0, Infinity)).toBe(3)
  expect(writes).toEqual(['unused'])
})

test.each([
  ['EAGAIN', 'EAGAIN'],
  [0, 'the system accepts no bytes'],
])('after its time a write fails with its last error: %s', (end, message) => {
  writes = [end, 'unused']
  expect(() => writeInTime(1, bytes, 0, -Infinity)).toThrow(message)
  expect(writes).toEqual(['unused'])
})

test('other errors are not repeated', () => {
  writes = ['ENOSPC', 'unused']
  expect(() => writeInTime(1, bytes, 0, Infinity)).toThrow('ENOSPC')
  expect(writes).toEqual(['unused'])
})
