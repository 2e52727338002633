import { fc } from '../../fast-check.js'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { currentFrame } from '../../../src/base/context.js'
import { TransportError } from '../../../src/base/errors.js'
import { PeriodicMetricTask } from '../../../src/metrics/collection/periodic-metric-task.js'
import type { PeriodicMetricTaskOptions } from '../../../src/metrics/collection/periodic-task-options.js'
import { ManualClock } from '../../../src/testing/manual-clock.js'

const never = new Promise<never>(() => {})

/** A run that takes so long by the clock, and remembers when each one began and how many ran at once. */
function timed(clock: ManualClock, tookMs: number | ((run: number) => number)) {
  const startsMs: number[] = []
  let running = 0
  let mostAtOnce = 0
  const run = async (): Promise<void> => {
    mostAtOnce = Math.max(mostAtOnce, ++running)
    startsMs.push(clock.monotonicMs())
    const ms = typeof tookMs === 'number' ? tookMs : tookMs(startsMs.length)
    if (ms > 0) await new Promise<void>((resolve) => void clock.setTimer(ms, resolve))
    running--
  }
  return { run, startsMs, mostAtOnce: () => mostAtOnce }
}

let clock: ManualClock
beforeEach(() => {
  clock = new ManualClock({ monotonicMs: 1_234.5 })
  vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

const from = (startsMs: readonly number[]): number[] => startsMs.map((ms) => ms - 1_234.5)

test('a task runs every interval, beginning one interval after its creation', async () => {
  const { run, startsMs } = timed(clock, 0)
  const task = new PeriodicMetricTask({ run, intervalMs: 1_000, clock })
  await clock.advanceAsync(3_999)
  expect(from(startsMs)).toEqual([1_000, 2_000, 3_000])
  expect(task.status).toMatchObject({ state: 'waiting', runs: 3, failures: 0, skippedTicks: 0, lastSuccessUnixMs: clock.unixMs() - 999 })
  await task.close()
})

test('the interval is 60 000 ms by default', () => {
  const task = new PeriodicMetricTask({ run: () => {}, clock })
  expect(task.intervalMs).toBe(60_000)
})

test('ten thousand ticks do not drift, though each run takes time', async () => {
  const { run, startsMs } = timed(clock, (i) => i % 7)
  new PeriodicMetricTask({ run, intervalMs: 10, clock })
  await clock.advanceAsync(100_000)
  expect(from(startsMs)).toEqual(Array.from({ length: 10_000 }, (_, i) => (i + 1) * 10))
})

describe('the wait after a run is the rest of the interval, or nothing', () => {
  test.each([
    [6_000, 0, 6_000],
    [6_000, 1_000, 5_000],
    [6_000, 6_000, 0],
    [6_000, 7_500, 0],
  ])('interval %i ms, run of %i ms: %i ms', async (intervalMs, elapsedMs, waitMs) => {
    const { run, startsMs } = timed(clock, (i) => (i === 1 ? elapsedMs : 0))
    new PeriodicMetricTask({ run, intervalMs, clock })
    await clock.advanceAsync(20_000)
    expect(from(startsMs).slice(0, 2)).toEqual([intervalMs, intervalMs + elapsedMs + waitMs])
  })

  test('a run longer than the interval does not shift the schedule', async () => {
    const { run, startsMs } = timed(clock, (i) => (i === 1 ? 1_500 : 0))
    new PeriodicMetricTask({ run, intervalMs: 1_000, clock })
    await clock.advanceAsync(4_000)
    expect(from(startsMs)).toEqual([1_000, 2_500, 3_000, 4_000])
  })
})

test('runs never overlap, one missed tick is made up for, and further ones are counted', async () => {
  const { run, startsMs, mostAtOnce } = timed(clock, 3_500)
  const task = new PeriodicMetricTask({ run, intervalMs: 1_000, clock })
  await clock.advanceAsync(12_000)
  expect(from(startsMs)).toEqual([1_000, 4_500, 8_000, 11_500])
  expect(mostAtOnce()).toBe(1)
  expect(task.status).toMatchObject({ state: 'running', runs: 3, skippedTicks: 7 })
})

test('for any durations no runs overlap, and every tick has a run or is counted', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 350 }), { minLength: 1, maxLength: 30 }), async (times) => {
      const clock = new ManualClock()
      const { run, startsMs, mostAtOnce } = timed(clock, (i) => times[i % times.length]!)
      const task = new PeriodicMetricTask({ run, intervalMs: 100, clock })
      await clock.advanceAsync(5_000)
      const isOwed = task.status.state === 'running' ? 1 : 0
      expect(mostAtOnce()).toBe(1)
      expect(Math.abs(50 - startsMs.length - task.status.skippedTicks)).toBeLessThanOrEqual(isOwed)
    }),
    { numRuns: 100 },
  )
})

test('after a sleep of a minute there is one run, not sixty, and then the old schedule', async () => {
  const { run, startsMs } = timed(clock, 0)
  const task = new PeriodicMetricTask({ run, intervalMs: 1_000, clock })
  await clock.advanceAsync(1_500)
  await clock.sleepAsync(60_000)
  await clock.advanceAsync(1_000)
  expect(from(startsMs)).toEqual([1_000, 61_500, 62_000])
  expect(task.status.skippedTicks).toBe(59)
})

test('a wall clock that is set back by an hour does not change the schedule', async () => {
  const { run, startsMs } = timed(clock, 0)
  new PeriodicMetricTask({ run, intervalMs: 1_000, clock })
  await clock.advanceAsync(1_000)
  clock.setUnixMs(clock.unixMs() - 3_600_000)
  await clock.advanceAsync(2_000)
  expect(from(startsMs)).toEqual([1_000, 2_000, 3_000])
})

test.each([
  [
    'throws',
    () => {
      throw new Error('no')
    },
  ],
  ['rejects', () => Promise.reject(new Error('no'))],
  ['rejects with nothing', () => Promise.reject()], // oxlint-disable-line prefer-promise-reject-errors
])('a run that %s is logged and counted, and the next tick runs', async (how, run) => {
  const task = new PeriodicMetricTask({ run, intervalMs: 1_000, clock, name: `task that ${how}` })
  await clock.advanceAsync(3_000)
  expect(task.status).toMatchObject({ state: 'waiting', runs: 0, failures: 3 })
  expect(vi.mocked(process.emitWarning)).toHaveBeenCalledOnce()
})

test('a logger is called at most once a minute, with the number of suppressed failures', async () => {
  const warn = vi.fn()
  const logger = { debug() {}, info() {}, warn, error() {} }
  const error = new Error('no')
  new PeriodicMetricTask({ run: () => Promise.reject(error), intervalMs: 1_000, clock, logger, name: 'logged' })
  await clock.advanceAsync(61_000)
  const message = 'periodic task logged failed; the next tick is the next try: no'
  expect(warn.mock.calls).toEqual([
    [{ err: error, code: 'TALLYSCOPE_TASK_FAILED' }, message],
    [{ err: error, code: 'TALLYSCOPE_TASK_FAILED', suppressed: 59 }, message],
  ])
})

test('a logger that throws is harmless', async () => {
  const broken = () => {
    throw new Error('log')
  }
  const logger = { debug: broken, info: broken, warn: broken, error: broken }
  const task = new PeriodicMetricTask({ run: broken, intervalMs: 1_000, clock, logger, name: 'broken log' })
  await clock.advanceAsync(2_000)
  expect(task.status.failures).toBe(2)
})

test('a hanging run is abandoned at the time-out; ticks are skipped until it has ended', async () => {
  let end!: () => void
  const runs: number[] = []
  const task = new PeriodicMetricTask({
    run: () => {
      runs.push(clock.monotonicMs())
      return runs.length === 1
        ? new Promise<void>((resolve) => {
            end = resolve
          })
        : undefined
    },
    intervalMs: 10_000,
    timeoutMs: 5_000,
    clock,
    name: 'hangs once',
  })
  await clock.advanceAsync(15_000)
  expect(task.status).toMatchObject({ state: 'stuck', failures: 1 })
  await clock.advanceAsync(20_000)
  expect(task.status).toMatchObject({ state: 'stuck', failures: 1, skippedTicks: 2 })
  end()
  await clock.advanceAsync(10_000)
  expect(task.status).toMatchObject({ state: 'waiting', runs: 1, failures: 1, skippedTicks: 2 })
  expect(from(runs)).toEqual([10_000, 40_000])
})

test('the time-out is 30 000 ms by default', async () => {
  const task = new PeriodicMetricTask({ run: () => never, intervalMs: 1_000, clock, name: 'hangs for ever' })
  await clock.advanceAsync(30_999)
  expect(task.status).toMatchObject({ state: 'running', failures: 0 })
  await clock.advanceAsync(1)
  expect(task.status).toMatchObject({ state: 'stuck', failures: 1 })
})

test('a time-out longer than the interval is cut to it, with a warning', async () => {
  const task = new PeriodicMetricTask({ run: () => never, intervalMs: 1_000, timeoutMs: 5_000, clock, name: 'cut' })
  await clock.advanceAsync(2_000)
  expect(task.status.state).toBe('stuck')
  expect(vi.mocked(process.emitWarning).mock.calls[0]?.[0]).toBe('cut: the time-out of 5000 ms is reduced to the interval of 1000 ms')
})

test('a TransportError ends the task; closing it still calls onClose, without a run', async () => {
  const run = vi.fn(() => Promise.reject(new TransportError('ERR_GONE', 'gone for good')))
  const onClose = vi.fn()
  const task = new PeriodicMetricTask({ run, onClose, intervalMs: 1_000, clock, name: 'gone' })
  await clock.advanceAsync(10_000)
  expect(run).toHaveBeenCalledOnce()
  expect(task.status).toMatchObject({ state: 'failed', lastError: { code: 'ERR_GONE' } })
  expect(clock.timers).toBe(0)
  await expect(task.flush()).rejects.toThrowError('gone for good')
  await task.close()
  await expect(task.close({ strict: true })).rejects.toThrowError('gone for good')
  expect(run).toHaveBeenCalledOnce()
  expect(onClose).toHaveBeenCalledOnce()
})

describe('flush', () => {
  test('each flush of a task that waits runs once more', async () => {
    const { run, startsMs } = timed(clock, 0)
    const task = new PeriodicMetricTask({ run, clock })
    await task.flush()
    await task.flush()
    await task.flush()
    expect(startsMs).toHaveLength(3)
    await task.close()
  })

  test('runs now and leaves the schedule as it is', async () => {
    const { run, startsMs } = timed(clock, 0)
    const task = new PeriodicMetricTask({ run, intervalMs: 1_000, clock })
    await clock.advanceAsync(300)
    await task.flush()
    await clock.advanceAsync(700)
    expect(from(startsMs)).toEqual([300, 1_000])
  })

  test('waits for a running run, and then runs; concurrent calls share that run', async () => {
    const { run, startsMs, mostAtOnce } = timed(clock, 100)
    const task = new PeriodicMetricTask({ run, intervalMs: 1_000, clock })
    await clock.advanceAsync(1_050)
    const flushes = [task.flush(), task.flush(), task.flush()]
    await clock.advanceAsync(500)
    await Promise.all(flushes)
    expect(from(startsMs)).toEqual([1_000, 1_100])
    expect(mostAtOnce()).toBe(1)
  })

  test('rejects with the error of the run', async () => {
    const task = new PeriodicMetricTask({ run: () => Promise.reject(new Error('no')), clock, name: 'flushed' })
    await expect(task.flush()).rejects.toThrowError('no')
    expect(task.status.failures).toBe(1)
  })
})

test('flush and a strict close reject while a run hangs, since they cannot run', async () => {
  const run = vi.fn(() => never)
  const task = new PeriodicMetricTask({ run, intervalMs: 10_000, timeoutMs: 1_000, clock, name: 'hangs' })
  await clock.advanceAsync(11_000)
  await expect(task.flush()).rejects.toThrowError('not done within 1000 ms')
  await expect(task.close({ strict: true })).rejects.toThrowError('not done within 1000 ms')
  expect(run).toHaveBeenCalledOnce()
})

describe('flushSync', () => {
  test('runs synchronously if possible, until the task is closed', async () => {
    const runSync = vi.fn(() => undefined)
    const task = new PeriodicMetricTask({ run() {}, runSync, clock })
    task.flushSync()
    expect(runSync).toHaveBeenCalledTimes(1)
    expect(task.status.runs).toBe(1)
    await task.close()
    task.flushSync()
    expect(runSync).toHaveBeenCalledTimes(1)
  })

  test.each<[string, (() => string) | undefined]>([
    ['it cannot run without waiting', undefined],
    ['two producers are slow', () => 'two producers are slow'],
  ])('counts and logs what is lost: %s', (problem, runSync) => {
    const warn = vi.fn()
    const logger = { debug() {}, info() {}, warn, error() {} }
    const task = new PeriodicMetricTask({ run() {}, ...(runSync !== undefined && { runSync }), clock, logger, name: 'lost' })
    task.flushSync()
    expect(task.status.failures).toBe(1)
    expect(warn.mock.calls[0]?.[1]).toBe(
      `periodic task lost could not run at the end of the process; the last metrics are lost: ${problem}`,
    )
  })
})

describe('close', () => {
  test('waits for a running run, runs once more, calls onClose and stops', async () => {
    const { run, startsMs, mostAtOnce } = timed(clock, 100)
    const onClose = vi.fn()
    const task = new PeriodicMetricTask({ run, onClose, intervalMs: 1_000, clock })
    await clock.advanceAsync(1_050)
    const closing = task.close()
    expect(task.status.state).toBe('closing')
    await clock.advanceAsync(10_000)
    await closing
    expect(from(startsMs)).toEqual([1_000, 1_100])
    expect(mostAtOnce()).toBe(1)
    expect(onClose).toHaveBeenCalledOnce()
    expect(task.status.state).toBe('closed')
    expect(clock.timers).toBe(0)
  })

  test('rejects with the error of the last run in strict mode, without announcing another tick', async () => {
    const warn = vi.fn()
    const logger = { debug() {}, info() {}, warn, error() {} }
    const task = new PeriodicMetricTask({ run: () => Promise.reject(new Error('gone')), clock, logger, name: 'job' })
    await expect(task.close({ strict: true })).rejects.toThrowError('gone')
    await task.close()
    expect(warn.mock.calls.map(([, message]) => message)).toEqual(['periodic task job failed, and the end allows no retry: gone'])
  })

  test('returns the same promise if called again, and flush then does nothing', async () => {
    const { run, startsMs } = timed(clock, 0)
    const task = new PeriodicMetricTask({ run, clock })
    expect(task.close()).toBe(task.close())
    await task.close()
    await task.flush()
    expect(startsMs).toHaveLength(1)
  })

  test('is not delayed by a hanging run beyond the time-out, and starts none beside it', async () => {
    const run = vi.fn(() => never)
    const onClose = vi.fn(() => never)
    const task = new PeriodicMetricTask({ run, onClose, intervalMs: 10_000, timeoutMs: 1_000, clock, name: 'hangs at the end' })
    await clock.advanceAsync(10_500)
    const closing = task.close()
    await clock.advanceAsync(1_500)
    await closing
    expect(run).toHaveBeenCalledOnce()
    expect(task.status).toMatchObject({ state: 'closed', failures: 1 })
    expect(clock.timers).toBe(0)
  })

  test('tolerates an onClose that throws', async () => {
    const task = new PeriodicMetricTask({
      run: () => {},
      onClose: () => {
        throw new Error('no')
      },
      clock,
      name: 'not closed',
    })
    await task.close()
    expect(vi.mocked(process.emitWarning).mock.calls[0]?.[0]).toBe('periodic task not closed could not be closed properly: no')
  })

  test('is called by `await using`', async () => {
    const run = vi.fn()
    const task = new PeriodicMetricTask({ run, clock })
    await task[Symbol.asyncDispose]()
    expect(run).toHaveBeenCalledOnce()
  })
})

test('runs are neither traced nor measured', async () => {
  const seen: boolean[] = []
  const task = new PeriodicMetricTask({
    run: async () => {
      await Promise.resolve()
      seen.push(currentFrame().suppressed)
    },
    clock,
  })
  await task.flush()
  expect([...seen, currentFrame().suppressed]).toEqual([true, false])
})

test.each([0, -1, Number.NaN, '5', 2 ** 31, Number.POSITIVE_INFINITY, null, 5n])('the interval %s is refused', (intervalMs) => {
  const make = () => new PeriodicMetricTask({ run: () => {}, intervalMs: intervalMs as number })
  expect(make).toThrowError(expect.objectContaining({ name: 'DefinitionError', code: 'ERR_INTERVAL' }))
  expect(() => new PeriodicMetricTask({ run: () => {}, timeoutMs: intervalMs as number })).toThrowError(
    expect.objectContaining({ code: 'ERR_INTERVAL' }),
  )
})

test('an error message has the given value', () => {
  expect(() => new PeriodicMetricTask({ run: () => {}, intervalMs: '5' as never })).toThrowError(
    'intervalMs must be a number from 1 to 2147483647: it is "5"',
  )
})

test('a task requires a function', () => {
  expect(() => new PeriodicMetricTask({} as PeriodicMetricTaskOptions)).toThrowError(expect.objectContaining({ code: 'ERR_TASK' }))
})

describe('with the clock of Node', () => {
  test('fake timers move a task', async () => {
    vi.useFakeTimers()
    const run = vi.fn()
    const task = new PeriodicMetricTask({ run, intervalMs: 1_000 })
    await vi.advanceTimersByTimeAsync(10_000)
    expect(run).toHaveBeenCalledTimes(10)
    expect(task.status.skippedTicks).toBe(0)
    await task.close()
    expect(vi.getTimerCount()).toBe(0)
  })

  test('fake timers without a fake clock move a task too', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const run = vi.fn()
    const task = new PeriodicMetricTask({ run, intervalMs: 1_000 })
    await vi.advanceTimersByTimeAsync(10_000)
    expect(run.mock.calls.length).toBeGreaterThanOrEqual(9)
    await task.close()
  })

  test('its timer does not keep the process alive by default', () => {
    const before = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
    const task = new PeriodicMetricTask({ run: () => {} })
    expect(process.getActiveResourcesInfo().filter((name) => name === 'Timeout')).toHaveLength(before)
    const alive = new PeriodicMetricTask({ run: () => {}, keepAlive: true })
    expect(process.getActiveResourcesInfo().filter((name) => name === 'Timeout')).toHaveLength(before + 1)
    return Promise.all([task.close(), alive.close()])
  })
})
