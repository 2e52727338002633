import { expect, test } from 'vitest'
import { SendPace } from '../../../src/cluster/net/send-pace.js'

const delayAfter = (bytes: number, rows: number, members: number): number => {
  const pace = new SendPace()
  pace.sent(bytes, rows, members)
  return pace.delayMs
}

test('a few changes are sent twenty times a second, and an idle member looks for changes five times a second', () => {
  expect(new SendPace().delayMs).toBe(50)
  expect(delayAfter(1_200, 10_000, 8)).toBe(50)
  expect(delayAfter(0, 10_000, 8)).toBe(200)
})

test('more work makes sending less frequent, down to once in five seconds', () => {
  expect(delayAfter(12_800, 10_000, 8)).toBe(400)
  expect(delayAfter(1_200, 100_000, 8)).toBe(100)
  expect(delayAfter(1_200, 10_000, 64)).toBe(320)
  expect(delayAfter(1_000_000, 10_000, 8)).toBe(5_000)
})
