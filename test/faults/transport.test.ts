import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ExportError } from '../../src/base/errors.js'
import { AsyncTransport } from '../../src/exporters/transport/async-transport.js'
import type { AsyncTransportOptions } from '../../src/exporters/transport/async-transport-options.js'
import { ManualClock } from '../../src/testing/manual-clock.js'
import { randomNumbers } from '../exporters/random.js'
import { selfValue } from '../exporters/self-value.js'
import { figure, seed } from './amount.js'

const never = new Promise<never>(() => {})

let clock: ManualClock
beforeEach(() => {
  clock = new ManualClock()
  vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
})
afterEach(() => void vi.restoreAllMocks())

/** A destination that is away until a moment, and notes when each batch came and what it took. */
function destination(backAtMs: number, name: string) {
  const tries: number[] = []
  const taken: number[] = []
  const exporter = {
    name,
    export: (items: readonly number[]) => {
      tries.push(clock.monotonicMs())
      if (clock.monotonicMs() < backAtMs) throw new ExportError('ERR_TEST', 'away', { retryable: true })
      taken.push(...items)
    },
  }
  return { exporter, tries, taken }
}

const transportTo = (exporter: { export(items: readonly number[]): unknown }, options: AsyncTransportOptions<number> = {}) =>
  new AsyncTransport<number>(exporter as never, { clock, random: () => 0.5, ...options })

test('a producer that is always faster fills a queue of 2 048 items, and dropped items are counted', async () => {
  const transport = transportTo({ name: 'slower for ever', export: () => never } as never)
  for (let second = 0; second < 60; second++) {
    for (let i = 0; i < 10_000; i++) transport.send(i)
    await clock.advanceAsync(1_000)
    expect(transport.accounting.queued).toBeLessThanOrEqual(2_048)
  }
  const { accepted, queued, inFlight, rejected, dropped } = transport.accounting
  expect([accepted, queued, inFlight + rejected]).toEqual([600_000, 2_048, 600])
  expect(selfValue('tallyscope_transport_dropped_items_total', 'slower for ever', 'queue_full')).toBe(dropped)
  expect(clock.timers).toBeLessThanOrEqual(1)
})

test('a few large items fill 8 MiB, and dropped items are counted under their own reason', () => {
  const transport = new AsyncTransport<object>({ export: () => never }, { clock })
  for (let i = 0; i < 2_000; i++) transport.send({ i, text: `${i}`.padEnd(100_000, 'x') })
  expect(transport.accounting.queued).toBe(83)
  expect(selfValue('tallyscope_transport_dropped_items_total', 'exporter', 'queue_bytes')).toBe(2_000 - 83)
})

test('in an outage of an hour the queue keeps the oldest and drops the newest items, and afterwards sends all of them in order', async () => {
  const { exporter, tries, taken } = destination(3_600_000, 'away for an hour')
  const transport = transportTo(exporter)
  let sent = 0
  for (let second = 0; second < 3_700; second++) {
    for (let i = 0; i < 10; i++) transport.send(sent++)
    await clock.advanceAsync(1_000)
  }
  // Six tries in half a minute, then one each half minute.
  const inOutage = tries.filter((ms) => ms < 3_600_000)
  expect(inOutage.length).toBeLessThan(6 + 3_600 / 30)
  expect(inOutage.length).toBeGreaterThan(100)
  const { accepted, exported, rejected, dropped, queued, inFlight } = transport.accounting
  expect(exported + rejected + dropped + queued + inFlight).toBe(accepted)
  expect(accepted).toBe(37_000)
  expect(taken.length).toBe(exported)
  expect(exported).toBeGreaterThanOrEqual(2_048)
  expect(taken.every((item, i) => i === 0 || item > taken[i - 1]!)).toBe(true)
  expect(selfValue('tallyscope_transport_rejected_items_total', 'away for an hour', 'retries')).toBe(rejected)
  expect(selfValue('tallyscope_transport_dropped_items_total', 'away for an hour', 'queue_full')).toBe(dropped)
})

test('after a dropped batch the next one waits before its first attempt, and each success resets the pauses', async () => {
  const { exporter, tries } = destination(70_000, 'away for a while')
  const transport = transportTo(exporter, { maxBatchSize: 1, retries: 2 })
  for (let i = 0; i < 6; i++) transport.send(i)
  await clock.advanceAsync(100_000)
  expect(tries.map((ms) => ms / 1_000)).toEqual([0, 1, 3, 7, 15, 31, 61, 91, 91, 91, 91])
  expect(transport.accounting).toMatchObject({ exported: 4, rejected: 2 })
})

test('a thousand clients reconnect without a burst after an outage of ten minutes', async () => {
  const outageMs = 600_000
  const random = randomNumbers(seed())
  const requests: number[] = Array.from({ length: 720 }, () => 0)
  const exporter = {
    export: () => {
      requests[Math.floor(clock.monotonicMs() / 1_000)]!++
      if (clock.monotonicMs() < outageMs) throw new ExportError('ERR_TEST', 'away', { retryable: true })
    },
  }
  const options = { clock, random, maxQueueSize: 34, maxBatchSize: 10, waitPeriodMs: 60_000 }
  const clients = Array.from({ length: 1_000 }, () => new AsyncTransport<number>(exporter, options))
  for (let second = 0; second < 720; second++) {
    // While nothing goes out the queues are full, and more would only be dropped.
    const items = second < 20 || second >= 590 ? 2 : second % 30 === 0 ? 10 : 0
    for (const client of clients) for (let i = 0; i < items; i++) client.send(i)
    await clock.advanceAsync(1_000)
  }
  const usual = 200 // requests per second without a failure
  const late = requests.slice(300, 600)
  const mean = late.reduce((sum, count) => sum + count, 0) / late.length
  const after = requests.slice(600, 700)
  const meanAfter = after.reduce((sum, count) => sum + count, 0) / after.length
  expect(mean).toBeLessThan(usual / 4) // an unreachable server is called less often
  expect(Math.max(...late)).toBeLessThan(mean * 2)
  expect(Math.max(...after)).toBeLessThan(meanAfter * 2)
  figure(
    'retry',
    `1,000 clients: at most ${Math.max(...late)} requests in a second of the outage (mean ${mean.toFixed(0)}), ` +
      `${Math.max(...after)} after it (mean ${meanAfter.toFixed(0)})`,
  )
})

test('items waiting for a retry are also sent when the process exits, and none twice', async () => {
  const seen: number[][] = []
  const exporter = {
    export: () => Promise.reject(new ExportError('ERR_TEST', 'busy', { retryable: true })),
    exportSync: (items: readonly number[]) => void seen.push([...items]),
  }
  const transport = transportTo(exporter, { maxBatchSize: 2 })
  for (let i = 0; i < 3; i++) transport.send(i)
  await clock.advanceAsync(100)
  transport.flushSync()
  await clock.advanceAsync(100_000)
  transport.flushSync()
  expect(seen).toEqual([[0, 1, 2]])
  expect(transport.accounting).toEqual({ accepted: 3, exported: 3, rejected: 0, dropped: 0, queued: 0, inFlight: 0 })
})

test('after shutdown a second one returns the same promise, flush does nothing, and sent items are counted as dropped', async () => {
  const exporter = { name: 'shut down', export: vi.fn(), shutdown: vi.fn() }
  const transport = transportTo(exporter)
  transport.send(1)
  const ending = transport.shutdown()
  expect(transport.shutdown()).toBe(ending)
  await ending
  transport.send(2)
  await transport.flush()
  transport.flushSync()
  await transport.shutdown()
  expect([exporter.export.mock.calls.length, exporter.shutdown.mock.calls.length]).toEqual([1, 1])
  expect(transport.accounting).toMatchObject({ accepted: 2, exported: 1, dropped: 1 })
  expect(selfValue('tallyscope_transport_dropped_items_total', 'shut down', 'shutdown')).toBe(1)
  expect(clock.timers).toBe(0)
})
