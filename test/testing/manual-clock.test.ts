import { describe, expect, test } from 'vitest'
import { ManualClock } from '../../src/testing/manual-clock.js'

test('time stands still until it is advanced, and then both clocks advance alike', () => {
  const clock = new ManualClock({ unixMs: 1_000, monotonicMs: 5 })
  expect([clock.unixMs(), clock.monotonicMs()]).toEqual([1_000, 5])
  clock.advance(2.5)
  expect([clock.unixMs(), clock.monotonicMs()]).toEqual([1_002.5, 7.5])
})

test('wall time may be set back, without moving the monotonic clock or timers', () => {
  const clock = new ManualClock()
  const fired: number[] = []
  clock.setTimer(10, () => fired.push(clock.monotonicMs()))
  clock.setUnixMs(0)
  clock.advance(10)
  expect([clock.unixMs(), fired]).toEqual([10, [10]])
})

describe('timers', () => {
  test('fire in the order of their times, then of their start, each at its own time', () => {
    const clock = new ManualClock()
    const fired: string[] = []
    const timer = (name: string, delayMs: number) => clock.setTimer(delayMs, () => fired.push(`${name} ${clock.monotonicMs()}`))
    timer('c', 20)
    timer('a', 10)
    timer('b', 10)
    timer('never', 31)
    clock.advance(30)
    expect(fired).toEqual(['a 10', 'b 10', 'c 20'])
    expect([clock.monotonicMs(), clock.timers]).toEqual([30, 1])
  })

  test('that start others fire those too if they are due', () => {
    const clock = new ManualClock()
    let fired = 0
    const again = (): void => {
      fired++
      clock.setTimer(10, again)
    }
    clock.setTimer(10, again)
    clock.advance(100)
    expect(fired).toBe(10)
  })

  test('do not fire once stopped; stopping late or twice is harmless', () => {
    const clock = new ManualClock()
    let fired = 0
    const stop = clock.setTimer(10, () => fired++)
    stop()
    stop()
    clock.advance(10)
    expect([fired, clock.timers]).toEqual([0, 0])
  })
})

test('time does not go back if a timer advances the clock itself', async () => {
  const clock = new ManualClock({ unixMs: 1_000 })
  for (const advance of [() => clock.advance(10), () => clock.advanceAsync(10)]) {
    clock.setTimer(5, () => clock.advance(20))
    await advance()
  }
  expect([clock.monotonicMs(), clock.unixMs()]).toEqual([50, 1_050])
})

test('advanceAsync lets the work of a timer settle before the next one fires', async () => {
  const clock = new ManualClock()
  const seen: string[] = []
  const work = (name: string) => async (): Promise<void> => {
    seen.push(name)
    for (let i = 0; i < 10; i++) await Promise.resolve()
    seen.push(`${name} done`)
  }
  clock.setTimer(1, work('a') as () => void)
  clock.setTimer(2, work('b') as () => void)
  await clock.advanceAsync(5)
  expect(seen).toEqual(['a', 'a done', 'b', 'b done'])
})

test('after a sleep timers fire late, and see the time after it', async () => {
  const clock = new ManualClock()
  const fired: number[] = []
  clock.setTimer(10, () => fired.push(clock.monotonicMs()))
  await clock.sleepAsync(1_000)
  expect(fired).toEqual([1_000])
})
