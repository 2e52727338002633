import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { MemoryExporter } from '../../src/exporters/memory-exporter.js'
import { exportPeriodically, type ExportPeriodicallyOptions } from '../../src/metrics/collection/export-periodically.js'
import type { Metric } from '../../src/metrics/data/metric.js'
import { PeriodicMetricTask } from '../../src/metrics/collection/periodic-metric-task.js'
import { count } from '../../src/stats/views/aggregation.js'
import { Stats } from '../../src/stats/stats.js'
import { ManualClock } from '../../src/testing/manual-clock.js'
import { selfValue } from '../exporters/self-value.js'

let clock: ManualClock
beforeEach(() => {
  clock = new ManualClock()
  vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
})
afterEach(() => {
  vi.restoreAllMocks()
})

/** An engine that counts, exported every second by the manual clock. */
function exporting(options: Partial<ExportPeriodicallyOptions> & Pick<ExportPeriodicallyOptions, 'exporter' | 'name'>) {
  const stats = new Stats({ clock })
  const measure = stats.measure('calls')
  stats.viewManager.registerView({ name: 'calls', measure, aggregation: count() })
  const task = exportPeriodically({ producers: [stats], intervalMs: 1_000, clock, ...options })
  return { stats, measure, task }
}

const valueOf = (metrics: readonly Metric[]): unknown => metrics[0]?.timeSeries[0]?.points[0]?.value
const skipped = (task: string, reason: string): number => selfValue('tallyscope_task_skipped_ticks_total', task, reason)
const ran = (task: string, result: string): number => selfValue('tallyscope_task_runs_total', task, result)

test('an export that takes three intervals never overlaps another, and each missed tick is counted', async () => {
  let atOnce = 0
  let most = 0
  const exporter = {
    export: async () => {
      most = Math.max(most, ++atOnce)
      await new Promise<void>((resolve) => void clock.setTimer(3_500, resolve))
      atOnce--
    },
  }
  const { task } = exporting({ exporter, name: 'long' })
  await clock.advanceAsync(12_000)
  expect(most).toBe(1)
  // Ticks: 12. Begun: 4. One is owed to the run that goes on.
  expect(task.status).toMatchObject({ state: 'running', runs: 3, skippedTicks: 7 })
  expect([ran('long', 'done'), skipped('long', 'running')]).toEqual([3, 7])
})

test('an export that throws is counted and affects no other export, and the next tick runs', async () => {
  const failing = exporting({
    exporter: {
      export: () => {
        throw new Error('no')
      },
    },
    name: 'throwing',
  })
  const rejecting = exporting({ exporter: { export: () => Promise.reject(new Error('no')) }, name: 'rejecting' })
  const exporter = new MemoryExporter<Metric>()
  const healthy = exporting({ exporter, name: 'healthy' })
  healthy.stats.record(healthy.measure, 1)
  await clock.advanceAsync(5_000)
  expect([ran('throwing', 'failed'), ran('rejecting', 'failed'), ran('healthy', 'done')]).toEqual([5, 5, 5])
  expect(failing.task.status).toMatchObject({ state: 'waiting', failures: 5 })
  expect(rejecting.task.status).toMatchObject({ state: 'waiting', failures: 5 })
  expect(exporter.items.map((metric) => valueOf([metric]))).toEqual([1, 1, 1, 1, 1])
})

test('after a stall of a minute there is one export and not sixty, and the 59 others are counted', async () => {
  const exporter = new MemoryExporter<Metric>()
  const { stats, measure, task } = exporting({ exporter, name: 'stalled' })
  stats.record(measure, 1)
  await clock.advanceAsync(1_500)
  await clock.sleepAsync(60_000)
  expect(exporter.items).toHaveLength(2)
  expect(skipped('stalled', 'late')).toBe(59)
  await clock.advanceAsync(500) // back in the old schedule
  expect(task.status).toMatchObject({ runs: 3, skippedTicks: 59 })
})

test('close waits for the running export, then exports the latest data', async () => {
  const seen: unknown[] = []
  const exporter = {
    export: async (metrics: readonly Metric[]) => {
      seen.push(valueOf(metrics))
      await new Promise<void>((resolve) => void clock.setTimer(200, resolve))
    },
  }
  const { stats, measure, task } = exporting({ exporter, name: 'closed' })
  stats.record(measure, 1)
  await clock.advanceAsync(1_100)
  stats.record(measure, 1)
  const closed = task.close()
  await clock.advanceAsync(1_000)
  await closed
  expect(seen).toEqual([1, 2])
  await clock.advanceAsync(60_000)
  expect(seen).toHaveLength(2)
  expect(clock.timers).toBe(0)
})

test('a hanging exporter delays close up to the time-out', async () => {
  const { task } = exporting({ exporter: { export: () => new Promise(() => {}) }, name: 'hung', exportTimeoutMs: 800 })
  await clock.advanceAsync(1_100)
  let isClosed = false
  void task.close().then(() => (isClosed = true))
  await clock.advanceAsync(600)
  expect(isClosed).toBe(false)
  await clock.advanceAsync(200)
  expect(isClosed).toBe(true)
  expect([ran('hung', 'late'), skipped('hung', 'stuck')]).toEqual([1, 1])
})

test("intervals that Node's timers would turn into a millisecond are refused", () => {
  const wrong: unknown[] = [0, -1, 0.5, Number.NaN, '5', 2 ** 31, Infinity, null, 5n, {}, true]
  for (const intervalMs of wrong) {
    const exporter = new MemoryExporter<Metric>()
    const refused = expect.objectContaining({ name: 'DefinitionError', code: 'ERR_INTERVAL' })
    expect(() => exporting({ exporter, name: 'refused', intervalMs: intervalMs as number }), String(intervalMs)).toThrow(refused)
    expect(() => exporting({ exporter, name: 'refused', exportTimeoutMs: intervalMs as number }), String(intervalMs)).toThrow(refused)
  }
  expect(clock.timers).toBe(0)
})

test('a wall clock that jumps by an hour moves no export', async () => {
  const startsMs: number[] = []
  const { task } = exporting({ exporter: { export: async () => void startsMs.push(clock.monotonicMs()) }, name: 'jumping' })
  for (const hours of [-1, 1, -24, 24]) {
    clock.setUnixMs(clock.unixMs() + hours * 3_600_000)
    await clock.advanceAsync(1_000)
  }
  expect(startsMs).toEqual([1_000, 2_000, 3_000, 4_000])
  expect(task.status.skippedTicks).toBe(0)
})

test('ten thousand ticks of fake time neither overlap nor drift', async () => {
  const startsMs: number[] = []
  let atOnce = 0
  let most = 0
  const task = new PeriodicMetricTask({
    intervalMs: 10,
    clock,
    name: 'ten thousand',
    run: async () => {
      most = Math.max(most, ++atOnce)
      startsMs.push(clock.monotonicMs())
      const tookMs = startsMs.length % 10
      if (tookMs > 0) await new Promise<void>((resolve) => void clock.setTimer(tookMs, resolve))
      atOnce--
    },
  })
  await clock.advanceAsync(100_000)
  expect(startsMs).toHaveLength(10_000)
  expect(startsMs.findIndex((ms, at) => ms !== (at + 1) * 10)).toBe(-1)
  expect(most).toBe(1)
  expect(task.status.skippedTicks).toBe(0)
})
