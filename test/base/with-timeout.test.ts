import { expect, test } from 'vitest'
import { HungCalls, settle, TIMED_OUT, withTimeout } from '../../src/base/with-timeout.js'
import { ManualClock } from '../../src/testing/manual-clock.js'

test.each<[string, () => unknown, unknown]>([
  ['returns', () => 5, { status: 'fulfilled', value: 5 }],
  ['resolves', () => Promise.resolve('done'), { status: 'fulfilled', value: 'done' }],
  [
    'throws',
    () => {
      throw new Error('no')
    },
    { status: 'rejected', reason: new Error('no') },
  ],
  ['rejects with nothing', () => Promise.reject(), { status: 'rejected', reason: undefined }], // oxlint-disable-line prefer-promise-reject-errors
  ['never ends', () => new Promise(() => {}), TIMED_OUT],
])('waiting for work that %s describes how it ended and leaves no timer', async (_, work, expected) => {
  const clock = new ManualClock()
  const end = withTimeout(settle(work), { clock, timeoutMs: 10 })
  await clock.advanceAsync(10)
  expect(await end).toEqual(expected)
  expect(clock.timers).toBe(0)
})

test('work that rejects before the time-out rejects with its own error', async () => {
  await expect(withTimeout(Promise.reject(new Error('no')), { timeoutMs: 10 })).rejects.toThrow('no')
})

test('work that rejects after the time-out causes no unhandled rejection', async () => {
  const clock = new ManualClock()
  const unhandled: unknown[] = []
  const listener = (error: unknown): void => void unhandled.push(error)
  process.on('unhandledRejection', listener)
  let fail!: (error: Error) => void
  const end = withTimeout(new Promise((_, reject) => (fail = reject)), { clock, timeoutMs: 10 })
  await clock.advanceAsync(10)
  expect(await end).toBe(TIMED_OUT)
  fail(new Error('late'))
  await new Promise((resolve) => setImmediate(resolve))
  process.off('unhandledRejection', listener)
  expect(unhandled).toEqual([])
})

const never = new Promise<void>(() => {})

async function begins(waiting: Promise<unknown>, clock: ManualClock, afterMs: number): Promise<boolean> {
  let hasBegun = false
  void waiting.then(() => (hasBegun = true))
  await clock.advanceAsync(afterMs)
  return hasBegun
}

test('the next call begins when the hung one has settled', async () => {
  const clock = new ManualClock()
  const calls = new HungCalls()
  let end!: () => void
  const waiting = calls.untilNext(new Promise<void>((resolve) => (end = resolve)), clock)
  expect(await begins(waiting, clock, 59_999)).toBe(false)
  end()
  expect(await begins(waiting, clock, 0)).toBe(true)
})

test('the next call begins a minute after one that never settles', async () => {
  const clock = new ManualClock()
  const waiting = new HungCalls().untilNext(never, clock)
  expect(await begins(waiting, clock, 59_999)).toBe(false)
  expect(await begins(waiting, clock, 1)).toBe(true)
})

test('beside 16 calls that have not settled none begins before one of them settles', async () => {
  const clock = new ManualClock()
  const calls = new HungCalls()
  let end!: () => void
  void calls.untilNext(new Promise<void>((resolve) => (end = resolve)), clock)
  for (let at = 1; at < 15; at++) void calls.untilNext(new Promise(() => {}), clock)
  const last = calls.untilNext(new Promise(() => {}), clock)
  expect(await begins(last, clock, 3_600_000)).toBe(false)
  end()
  expect(await begins(last, clock, 0)).toBe(true)
})
