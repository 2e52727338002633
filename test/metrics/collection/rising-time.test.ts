import { afterEach, expect, test, vi } from 'vitest'
import { RisingTime } from '../../../src/metrics/collection/rising-time.js'

afterEach(() => void vi.restoreAllMocks())

test('times are those of the clock while it moves forward', () => {
  const times = new RisingTime('forward')
  expect([1_000, 1_001, 5_000.5].map((now) => times.next(now))).toEqual([1_000, 1_001, 5_000.5])
})

test('two times in one millisecond are a millisecond apart', () => {
  const times = new RisingTime('twice')
  expect([1_000, 1_000, 1_000].map((now) => times.next(now))).toEqual([1_000, 1_001, 1_002])
})

test('after the clock is set back, times increase by a millisecond until it has caught up, and that is logged once', () => {
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  const times = new RisingTime('set back')
  const hour = 3_600_000
  expect([hour, 0, 10, hour + 100].map((now) => times.next(now))).toEqual([hour, hour + 1, hour + 2, hour + 100])
  expect(warned.mock.calls.map(([message]) => String(message))).toEqual([
    'set back: the clock was set back by 3600 s; times of exports rise by 1 ms each until the clock has caught up',
  ])
})
