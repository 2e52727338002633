import { afterEach, expect, test, vi } from 'vitest'
import { timerClock } from '../../src/base/clock.js'
import { currentFrame, EMPTY_FRAME, runInFrame } from '../../src/base/context.js'
import { pause, startTimer } from '../../src/base/timer.js'

afterEach(() => void vi.useRealTimers())
const timeouts = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length

test('a timer does not keep the process alive by default', () => {
  const before = timeouts()
  const stops = [startTimer(timerClock, 1_000, () => {}), startTimer(timerClock, 1_000, () => {}, { keepAlive: true })]
  expect(timeouts()).toBe(before + 1)
  for (const stop of stops) stop()
  expect(timeouts()).toBe(before)
})

test('a timer runs outside of the async context in which it was started', async () => {
  const frame = { ...EMPTY_FRAME, tags: {} }
  const seen = await new Promise((resolve) => {
    runInFrame(frame, () => void startTimer(timerClock, 1, () => resolve(currentFrame())))
  })
  expect(seen).toBe(EMPTY_FRAME)
})

test('timers use the global clock and timers, so that fake ones replace both', () => {
  vi.useFakeTimers()
  const startMs = timerClock.monotonicMs()
  const fired: number[] = []
  startTimer(timerClock, 1_000, () => fired.push(timerClock.monotonicMs() - startMs))
  vi.advanceTimersByTime(5_000)
  expect(fired).toEqual([1_000])
})

test('a pause ends with its time, or at once with its signal, and leaves nothing behind', async () => {
  vi.useFakeTimers()
  const ending = new AbortController()
  const removed = vi.spyOn(ending.signal, 'removeEventListener')
  const over = pause(1_000, timerClock, ending.signal)
  vi.advanceTimersByTime(1_000)
  expect([await over, removed.mock.calls.length, vi.getTimerCount()]).toEqual([true, 1, 0])
  const ended = pause(1_000, timerClock, ending.signal)
  ending.abort()
  expect([await ended, removed.mock.calls.length, vi.getTimerCount()]).toEqual([false, 2, 0])
  expect([await pause(1_000, timerClock, ending.signal), vi.getTimerCount()]).toEqual([false, 0])
})

test('a pause during which fake timers are removed ends after the real time', async () => {
  vi.useFakeTimers()
  const paused = pause(20, timerClock)
  vi.useRealTimers()
  expect(await paused).toBe(true)
})

test('a pause whose fake timers are not advanced ends after the real time', async () => {
  vi.useFakeTimers()
  expect(await pause(20, timerClock)).toBe(true)
})
