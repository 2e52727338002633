import { afterEach, expect, test, vi } from 'vitest'
import { Semaphore } from '../../src/serving/semaphore.js'

let nowMs = 0
/** A semaphore whose permit is in use. Time passes without timers, as in one long turn of the event loop. */
function busy(maxWaiting: number): Semaphore {
  nowMs = 0
  vi.useFakeTimers()
  vi.spyOn(performance, 'now').mockImplementation(() => nowMs)
  const semaphore = new Semaphore(1, maxWaiting)
  expect(semaphore.acquire(1)).toBe(true)
  return semaphore
}

afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

test('a call whose time is over makes room in a full queue, also before its timer has run', { timeout: 5_000 }, async () => {
  const semaphore = busy(2)
  const patient = semaphore.acquire(3_000)
  const impatient = semaphore.acquire(1)
  nowMs = 1
  const late = semaphore.acquire(3_000)
  expect(await impatient).toBe(false)
  semaphore.release()
  semaphore.release()
  expect([await patient, await late]).toEqual([true, true])
})

test('a full queue refuses a call while the time of none is over', { timeout: 5_000 }, async () => {
  const semaphore = busy(1)
  const first = semaphore.acquire(2)
  nowMs = 1
  expect(semaphore.acquire(3_000)).toBe(false)
  semaphore.release()
  expect(await first).toBe(true)
})
