import { fc } from '../../../fast-check.js'
import { expect, test } from 'vitest'
import { MAX_NUMBER_BYTES, writeNumber } from '../../../../src/exporters/prometheus/format/write-number.js'
import { formatNumber } from '../../../../src/exporters/prometheus/format/format-number.js'

/** What is written behind two bytes that must stay, and nothing after it. */
function written(value: number): string {
  const bytes = Buffer.alloc(MAX_NUMBER_BYTES + 4, '.')
  const end = writeNumber(bytes, 2, value)
  expect(bytes.subarray(0, 2).toString()).toBe('..')
  expect(bytes.subarray(end).toString()).toBe('.'.repeat(bytes.length - end))
  return bytes.toString('latin1', 2, end)
}

test('numbers on both sides of each power of ten are written with all digits', () => {
  for (let power = 1; power < 2 ** 53; power *= 10) {
    for (const value of [power - 1, power, power + 1, 2 * power, 1 - power, -power]) expect(written(value)).toBe(formatNumber(value))
  }
})

test('the written bytes are the string of the value, for any number', () => {
  fc.assert(
    fc.property(fc.oneof(fc.integer(), fc.maxSafeInteger(), fc.double()), (value) => {
      expect(written(value)).toBe(formatNumber(value))
    }),
  )
})

test('no value takes more bytes than reserved', () => {
  const long = [
    -2.2250738585072014e-308,
    -Number.MAX_VALUE,
    Number.MIN_SAFE_INTEGER,
    2 ** 31,
    -(2 ** 31),
    0.1 + 0.2,
    Infinity,
    -Infinity,
    NaN,
  ]
  for (const value of long) expect(written(value)).toBe(formatNumber(value))
})
