import { expect, test } from 'vitest'
import { internString } from '../../../src/base/strings/intern-string.js'

test.each(['', 'short', '0123456789ab', '0123456789abc', 'é'.repeat(40), '\u{1f600}'.repeat(20)])('a copy is equal: %j', (text) => {
  expect(internString(text)).toBe(text)
})

test('a copy does not keep in memory the string that it is a part of', () => {
  global.gc!()
  const beforeBytes = process.memoryUsage().heapUsed
  const kept = Array.from({ length: 100 }, (_, at) =>
    internString(
      Buffer.alloc(1 << 20, `${at}-`)
        .toString('latin1')
        .slice(7, 40),
    ),
  )
  global.gc!()
  expect(process.memoryUsage().heapUsed - beforeBytes).toBeLessThan(5e6)
  expect(kept).toHaveLength(100)
})
