import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ExportError, TransportError } from '../../../src/base/errors.js'
import type { Exporter } from '../../../src/base/exporter.js'
import { currentFrame } from '../../../src/base/context.js'
import { SyncTransport, type SyncTransportOptions } from '../../../src/exporters/transport/sync-transport.js'
import { ManualClock } from '../../../src/testing/manual-clock.js'

const never = new Promise<never>(() => {})

let clock: ManualClock
let warnings: string[]
beforeEach(() => {
  clock = new ManualClock()
  warnings = []
  vi.spyOn(process, 'emitWarning').mockImplementation((message) => void warnings.push(String(message)))
})
afterEach(() => void vi.restoreAllMocks())

function transport(exporting: Exporter<number>['export'], options: SyncTransportOptions = {}, rest: Partial<Exporter<number>> = {}) {
  const name = `exporter of ${expect.getState().currentTestName}`.slice(-100)
  return new SyncTransport<number>({ ...rest, export: exporting, name } as Exporter<number>, { clock, ...options })
}

test('an item is exported synchronously in send', () => {
  const exporting = vi.fn()
  const to = transport(exporting)
  to.send(1)
  to.send(2)
  expect(exporting.mock.calls).toEqual([[[1]], [[2]]])
  expect(to.accounting).toEqual({ accepted: 2, exported: 2, rejected: 0, dropped: 0, queued: 0, inFlight: 0 })
})

test.each<[string, Exporter<number>['export']]>([
  [
    'throws',
    () => {
      throw new Error('no')
    },
  ],
  [
    'throws nothing',
    () => {
      throw undefined
    },
  ], // oxlint-disable-line typescript/only-throw-error
  ['rejects', () => Promise.reject(new Error('no'))],
])('an error of an exporter that %s is not thrown, but counted and logged once, and the next item is exported', async (_, exporting) => {
  const to = transport(exporting)
  to.send(1)
  to.send(2)
  await to.flush()
  expect(to.accounting).toMatchObject({ accepted: 2, rejected: 2, inFlight: 0 })
  expect(warnings).toHaveLength(1)
})

test('instrumentation is suppressed only during the export, whatever its result', () => {
  const seen: boolean[] = []
  const to = transport(() => {
    seen.push(currentFrame().suppressed)
    throw new Error('no')
  })
  to.send(1)
  expect([...seen, currentFrame().suppressed]).toEqual([true, false])
})

test('an item that is delivered although its export failed counts as exported', () => {
  const to = transport(() => {
    throw new ExportError('ERR_TEST', 'late', { retryable: false, delivered: 1 })
  })
  to.send(1)
  expect(to.accounting).toMatchObject({ exported: 1, rejected: 0 })
})

test('after a TransportError nothing is exported', () => {
  const exporting = vi.fn(() => {
    throw new TransportError('ERR_TEST', 'gone')
  })
  const to = transport(exporting)
  to.send(1)
  to.send(2)
  expect(exporting).toHaveBeenCalledOnce()
  expect(to.accounting).toMatchObject({ accepted: 2, rejected: 1, dropped: 1 })
})

test('at most 2 048 exports run at a time', () => {
  const to = transport(() => never)
  for (let i = 0; i < 3_000; i++) to.send(i)
  expect(to.accounting).toEqual({ accepted: 3_000, exported: 0, rejected: 0, dropped: 952, queued: 0, inFlight: 2_048 })
})

test('exports that have all not settled for a minute count as rejected and others begin, 16 times until one settles', async () => {
  const settle: (() => void)[] = []
  const exporting = vi.fn(() => new Promise<void>((resolve) => void settle.push(resolve)))
  const to = transport(exporting, { maxInFlight: 2 })
  const sendThree = (): void => [1, 2, 3].forEach((item) => to.send(item))
  sendThree()
  await clock.advanceAsync(59_999)
  to.send(4)
  expect(to.accounting).toMatchObject({ accepted: 4, rejected: 0, dropped: 2, inFlight: 2 })
  await clock.advanceAsync(1)
  to.send(5)
  expect(to.accounting).toMatchObject({ accepted: 5, rejected: 2, dropped: 2, inFlight: 1 })
  for (let minute = 0; minute < 20; minute++) {
    sendThree()
    await clock.advanceAsync(60_000)
  }
  to.send(6)
  expect(exporting).toHaveBeenCalledTimes(2 * 17)

  settle[0]?.() // an export that was given up
  await clock.advanceAsync(0)
  const { exported, rejected } = to.accounting
  expect({ exported, rejected }).toEqual({ exported: 0, rejected: 2 * 16 })
  sendThree()
  await clock.advanceAsync(60_000)
  to.send(7)
  expect(exporting).toHaveBeenCalledTimes(2 * 17 + 1)
})

test('exports that settle one by one are not given up, however slow they are', async () => {
  const to = transport(() => new Promise<void>((resolve) => void clock.setTimer(90_000, resolve)), { maxInFlight: 2 })
  for (let second = 0; second < 600; second += 30) {
    to.send(second)
    await clock.advanceAsync(30_000)
  }
  expect(to.accounting).toMatchObject({ accepted: 20, rejected: 0 })
})

describe('flush', () => {
  test('waits for running exports', async () => {
    const to = transport(() => new Promise<void>((resolve) => void clock.setTimer(100, resolve)))
    to.send(1)
    const flushed = to.flush()
    await clock.advanceAsync(100)
    await flushed
    expect(to.accounting).toMatchObject({ exported: 1, inFlight: 0 })
    expect(clock.timers).toBe(0)
  })

  test('waits up to its time-out', async () => {
    const to = transport(() => never)
    to.send(1)
    const flushed = Promise.all([to.flush(10), to.flush(Number.NaN)])
    await clock.advanceAsync(5_000)
    await flushed
    expect(to.accounting.inFlight).toBe(1)
  })
})

describe('shutdown', () => {
  test('waits for running exports, then shuts the exporter down; a second call returns the same promise', async () => {
    const calls: string[] = []
    const exporting = () => new Promise<void>((resolve) => void clock.setTimer(100, () => (calls.push('exported'), resolve())))
    const to = transport(exporting, {}, { shutdown: () => void calls.push('shutdown') })
    to.send(1)
    const ending = to.shutdown()
    expect(to.shutdown()).toBe(ending)
    to.send(2)
    await clock.advanceAsync(100)
    await ending
    to.send(3)
    expect(calls).toEqual(['exported', 'shutdown'])
    expect(to.accounting).toEqual({ accepted: 3, exported: 1, rejected: 0, dropped: 2, queued: 0, inFlight: 0 })
  })

  test('ends after the grace period and logs the lost items; later results change nothing', async () => {
    let end!: () => void
    const to = transport(
      () =>
        new Promise<void>((resolve) => {
          end = resolve
        }),
      { gracePeriodMs: 1_000 },
      { shutdown: () => never },
    )
    to.send(1)
    const ending = to.shutdown()
    await clock.advanceAsync(1_000)
    await ending
    end()
    await clock.advanceAsync(0)
    expect(to.accounting).toEqual({ accepted: 1, exported: 0, rejected: 0, dropped: 1, queued: 0, inFlight: 0 })
    expect(warnings[0]).toMatch(/did not export 1 items within the grace period$/)
    expect(clock.timers).toBe(0)
  })

  test('a failing exporter shutdown is logged', async () => {
    await transport(
      () => {},
      {},
      {
        shutdown: () => {
          throw new Error('no')
        },
      },
    ).shutdown()
    expect(warnings[0]).toMatch(/could not be shut down properly: no$/)
  })
})

test.each([{ maxInFlight: 0 }, { gracePeriodMs: '5' }])('the option %o is refused', (options) => {
  expect(() => new SyncTransport({ export() {} }, options as never)).toThrowError(expect.objectContaining({ code: 'ERR_TRANSPORT_OPTION' }))
})

test('an invalid exporter is refused', () => {
  expect(() => new SyncTransport(null as never)).toThrowError(expect.objectContaining({ code: 'ERR_EXPORTER' }))
})

test('flushSync makes the exporter write pending items synchronously, and counts them once', async () => {
  let end!: () => void
  const flushSync = vi.fn()
  const to = transport(() => new Promise<void>((resolve) => (end = resolve)), {}, { flushSync })
  to.send(1)
  to.flushSync()
  expect(flushSync).toHaveBeenCalledTimes(1)
  expect(to.accounting).toMatchObject({ accepted: 1, exported: 1, inFlight: 0 })
  end()
  await clock.advanceAsync(0)
  expect(to.accounting).toMatchObject({ accepted: 1, exported: 1, inFlight: 0 })
})

test('a flush waits for the exports before it, and not for those after it', async () => {
  const ends: (() => void)[] = []
  const to = transport(() => new Promise<void>((resolve) => ends.push(resolve)))
  const flushed: string[] = []
  to.send(1)
  void to.flush().then(() => flushed.push('first'))
  to.send(2)
  void to.flush().then(() => flushed.push('second'))
  ends[1]!()
  await clock.advanceAsync(0)
  expect(flushed).toEqual([])
  ends[0]!()
  await clock.advanceAsync(0)
  expect(flushed).toEqual(['first', 'second'])
})
