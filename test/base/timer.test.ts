import { afterEach, expect, test, vi } from 'vitest'
import { attempt } from '../../src/base/with-timeout.js'
import { timerClock } from '../../src/base/clock.js'
import { currentFrame, EMPTY_FRAME, runInFrame } from '../../src/base/context.js'
import { startTimer } from '../../src/base/timer.js'
import { ManualClock } from '../../src/testing/manual-clock.js'

afterEach(() => void vi.useRealTimers())
const timeouts = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length

test('a timer does not keep the process alive unless it is asked to', () => {
  const before = timeouts()
  const stops = [startTimer(timerClock, 1_000, () => {}), startTimer(timerClock, 1_000, () => {}, { keepAlive: true })]
  expect(timeouts()).toBe(before + 1)
  for (const stop of stops) stop()
  expect(timeouts()).toBe(before)
})

test('it runs outside of the context in which it was started', async () => {
  const frame = { ...EMPTY_FRAME, tags: {} }
  const seen = await new Promise((resolve) => {
    runInFrame(frame, () => void startTimer(timerClock, 1, () => resolve(currentFrame())))
  })
  expect(seen).toBe(EMPTY_FRAME)
})

test('the time of timers is that of the globals, so that fakes replace both', () => {
  vi.useFakeTimers()
  const startMs = timerClock.monotonicMs()
  const fired: number[] = []
  startTimer(timerClock, 1_000, () => fired.push(timerClock.monotonicMs() - startMs))
  vi.advanceTimersByTime(5_000)
  expect(fired).toEqual([1_000])
})

test.each<[string, () => unknown, object]>([
  ['is done', () => 5, { kind: 'done' }],
  ['is done later', () => Promise.resolve(), { kind: 'done' }],
  [
    'throws',
    () => {
      throw new Error('no')
    },
    { kind: 'failed', error: new Error('no') },
  ],
  ['rejects with nothing', () => Promise.reject(), { kind: 'failed', error: undefined }], // oxlint-disable-line prefer-promise-reject-errors
  ['hangs', () => new Promise(() => {}), { kind: 'late' }],
])('an attempt that %s', async (_, work, outcome) => {
  const clock = new ManualClock()
  const tried = attempt(work, { clock, timeoutMs: 10 })
  await clock.advanceAsync(10)
  expect(await tried.outcome).toEqual(outcome)
  expect(clock.timers).toBe(0)
})

test('an attempt that ends late is late, and settled when it has ended', async () => {
  const clock = new ManualClock()
  let end!: (error: Error) => void
  const work = () =>
    new Promise((_, reject) => {
      end = reject
    })
  const { outcome, settled } = attempt(work, { clock, timeoutMs: 10 })
  let isSettled = false
  void settled.then(() => {
    isSettled = true
  })
  await clock.advanceAsync(10)
  expect([await outcome, isSettled]).toEqual([{ kind: 'late' }, false])
  end(new Error('late'))
  await clock.advanceAsync(0)
  expect(isSettled).toBe(true)
})
