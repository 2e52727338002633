import { expect, test } from 'vitest'
import { cutStatus } from '../../../src/trace/data/cut-strings.js'
import { Status } from '../../../src/trace/data/status.js'

test('a status with short details is kept with the same details', () => {
  const details = [{ why: 1 }, 'short', 7, null]
  expect(cutStatus(new Status(5, 'no', details)).toJSON()).toEqual({ code: 5, message: 'no', details })
})

test('a message of 100 kB is cut to 4,096 code points', () => {
  expect(cutStatus(new Status(5, 'x'.repeat(100_000))).message).toBe('x'.repeat(4_096))
})

test('details are cut in number and in size', () => {
  const many = Array.from({ length: 1_000 }, () => ({ text: 'x'.repeat(100_000) }))
  const { details } = cutStatus(new Status(5, 'no', many))
  expect(details).toEqual(Array.from({ length: 16 }, () => `{"text":"${'x'.repeat(4_096 - 9)}`))
})

test('a detail that cannot be serialized is kept as an empty string', () => {
  const circular: { self?: unknown } = {}
  circular.self = circular
  expect(cutStatus(new Status(5, 'no', [circular, () => 1])).details).toEqual(['', ''])
})
