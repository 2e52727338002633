import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ExportError } from '../../../src/base/errors.js'
import type { Exporter } from '../../../src/base/exporter.js'
import { currentFrame } from '../../../src/base/context.js'
import { MetricRegistry } from '../../../src/metrics/instruments/metric-registry.js'
import { exportPeriodically } from '../../../src/metrics/collection/export-periodically.js'
import type { Metric } from '../../../src/metrics/data/metric.js'
import type { MetricProducer } from '../../../src/metrics/data/producer.js'
import { MemoryExporter } from '../../../src/exporters/memory-exporter.js'
import { ManualClock } from '../../../src/testing/manual-clock.js'

const never = new Promise<never>(() => {})
const metric = (name: string): Metric => ({
  descriptor: { name, description: '', unit: '1', type: 'GAUGE_DOUBLE', labelKeys: [] },
  timeSeries: [],
})
const producer = (name: string): MetricProducer => ({ name, getMetrics: () => [metric(name)] })
const names = (metrics: readonly Metric[]): string[] => metrics.map(({ descriptor }) => descriptor.name)

let clock: ManualClock
beforeEach(() => {
  clock = new ManualClock()
  vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
})
afterEach(() => void vi.restoreAllMocks())

test('the metrics of all producers are exported every interval, in one batch', async () => {
  const exporter = new MemoryExporter<Metric>()
  const task = exportPeriodically({ producers: [producer('a'), producer('b')], exporter, intervalMs: 1_000, clock })
  await clock.advanceAsync(2_000)
  expect(names(exporter.items)).toEqual(['a', 'b', 'a', 'b'])
  expect(exporter.batches).toBe(2)
  await task.close()
})

test('producers that throw, reject or hang do not prevent the export of the others', async () => {
  const exporter = new MemoryExporter<Metric>()
  const producers: MetricProducer[] = [
    {
      name: 'throwing',
      getMetrics: () => {
        throw new Error('no')
      },
    },
    producer('good'),
    { name: 'rejecting', getMetrics: () => Promise.reject(new Error('no')) },
    { name: 'hanging', getMetrics: () => never },
  ]
  const task = exportPeriodically({ producers, exporter, intervalMs: 60_000, clock })
  await clock.advanceAsync(140_000)
  expect(names(exporter.items)).toEqual(['good', 'good'])
  expect(task.status).toMatchObject({ runs: 2, failures: 0 })
})

test('an exporter has time left if a producer has used up its own', async () => {
  const exportedMs: number[] = []
  const exporter = { export: () => void exportedMs.push(clock.monotonicMs()) }
  exportPeriodically({ producers: [{ getMetrics: () => never }], exporter, intervalMs: 60_000, exportTimeoutMs: 4_000, clock })
  await clock.advanceAsync(64_000)
  expect(exportedMs).toEqual([62_000])
})

describe('an exporter', () => {
  test('that throws or rejects is called again at the next tick', async () => {
    const exporting = vi.fn<Exporter<Metric>['export']>()
    exporting.mockImplementationOnce(() => {
      throw new Error('no')
    })
    exporting.mockImplementationOnce(() => Promise.reject(new Error('no')))
    const task = exportPeriodically({ producers: [producer('a')], exporter: { export: exporting }, intervalMs: 1_000, clock })
    await clock.advanceAsync(3_000)
    expect(exporting).toHaveBeenCalledTimes(3)
    expect(task.status).toMatchObject({ runs: 1, failures: 2 })
  })

  test('that hangs is timed out and gets no second batch beside the first for a minute', async () => {
    const exporting = vi.fn(() => never)
    const task = exportPeriodically({ producers: [producer('a')], exporter: { export: exporting }, intervalMs: 10_000, clock })
    await clock.advanceAsync(99_999)
    expect(exporting).toHaveBeenCalledOnce()
    expect(task.status).toMatchObject({ state: 'stuck', failures: 1 })
    // Nine ticks: one run, one that was owed when the run was given up and went by, seven skipped.
    expect(task.status.skippedTicks).toBe(8)
    await clock.advanceAsync(10_001)
    expect(exporting).toHaveBeenCalledTimes(2)
  })

  test('that is slower than the interval misses ticks, not exports', async () => {
    let running = 0
    let mostAtOnce = 0
    const exporter = {
      export: async () => {
        mostAtOnce = Math.max(mostAtOnce, ++running)
        await new Promise<void>((resolve) => void clock.setTimer(2_500, resolve))
        running--
      },
    }
    const task = exportPeriodically({ producers: [producer('a')], exporter, intervalMs: 1_000, clock })
    await clock.advanceAsync(20_000)
    expect(mostAtOnce).toBe(1)
    expect(task.status.failures).toBe(0)
    expect(task.status.runs).toBe(7)
    expect(task.status.skippedTicks).toBe(11)
  })

  test('is neither traced nor measured', async () => {
    const seen: boolean[] = []
    const exporter = {
      export: async () => {
        await Promise.resolve()
        seen.push(currentFrame().suppressed)
      },
    }
    await exportPeriodically({ producers: [], exporter, clock }).flush()
    expect(seen).toEqual([true])
  })

  test('is shut down once, after the last export', async () => {
    const calls: string[] = []
    const exporter = { export: () => void calls.push('export'), shutdown: () => void calls.push('shutdown') }
    const task = exportPeriodically({ producers: [], exporter, clock })
    await Promise.all([task.close(), task.close()])
    expect(calls).toEqual(['export', 'shutdown'])
  })
})

test('a failing exporter does not affect another', async () => {
  const memory = new MemoryExporter<Metric>()
  const failing = { export: () => Promise.reject(new Error('no')) }
  const hanging = { export: () => never }
  for (const exporter of [failing, memory, hanging]) exportPeriodically({ producers: [producer('a')], exporter, intervalMs: 1_000, clock })
  await clock.advanceAsync(5_000)
  expect(memory.batches).toBe(5)
})

test('the task is named after the class of its exporter', () => {
  expect(exportPeriodically({ producers: [], exporter: new MemoryExporter(), clock }).name).toBe('MemoryExporter')
  expect(exportPeriodically({ producers: [], exporter: { export() {} }, clock }).name).toBe('exporter')
  expect(exportPeriodically({ producers: [], exporter: { export() {} }, name: 'mine', clock }).name).toBe('mine')
})

test.each([
  [{ producers: undefined, exporter: new MemoryExporter() }, 'ERR_PRODUCER'],
  [{ producers: [{}], exporter: new MemoryExporter() }, 'ERR_PRODUCER'],
  [{ producers: [], exporter: {} }, 'ERR_EXPORTER'],
  [{ producers: [], exporter: undefined }, 'ERR_EXPORTER'],
  [{ producers: [], exporter: new MemoryExporter(), intervalMs: 0 }, 'ERR_INTERVAL'],
  [{ producers: [], exporter: new MemoryExporter(), exportTimeoutMs: Number.NaN }, 'ERR_INTERVAL'],
])('invalid options are refused at once: %#', (options, code) => {
  expect(() => exportPeriodically(options as never)).toThrowError(expect.objectContaining({ name: 'DefinitionError', code }))
})

describe('an export that fails', () => {
  const failing = (times: number, error: Error) => {
    const triesMs: number[] = []
    const items: string[] = []
    return {
      triesMs,
      items,
      export(metrics: readonly Metric[]): void {
        triesMs.push(clock.monotonicMs())
        if (triesMs.length <= times) throw error
        items.push(...names(metrics))
      },
    }
  }
  const busy = new ExportError('ERR_TEST', 'busy', { retryable: true })

  test('is retried within the interval if the error is retryable', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.5)
    const exporter = failing(2, busy)
    const task = exportPeriodically({ producers: [producer('a')], exporter, intervalMs: 60_000, clock })
    await clock.advanceAsync(70_000)
    expect(exporter.triesMs.map((ms) => ms - exporter.triesMs[0]!)).toEqual([0, 1_000, 3_000])
    expect(exporter.items).toEqual(['a'])
    expect(task.status).toMatchObject({ runs: 1, failures: 0 })
  })

  test('waits for the next tick otherwise', async () => {
    const exporter = failing(1, new Error('bad'))
    const task = exportPeriodically({ producers: [producer('a')], exporter, intervalMs: 60_000, clock, name: 'bad exporter' })
    await clock.advanceAsync(119_000)
    expect(exporter.triesMs).toHaveLength(1)
    expect(task.status).toMatchObject({ runs: 0, failures: 1 })
  })

  test('is not retried after half of the interval', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.5)
    const exporter = failing(100, busy)
    exportPeriodically({ producers: [producer('a')], exporter, intervalMs: 10_000, clock, name: 'busy exporter' })
    await clock.advanceAsync(19_000)
    expect(exporter.triesMs.map((ms) => ms - exporter.triesMs[0]!)).toEqual([0, 1_000, 3_000])
  })

  test('is not waited for by close', async () => {
    const exporter = failing(100, busy)
    const task = exportPeriodically({ producers: [producer('a')], exporter, intervalMs: 60_000, clock, name: 'closing exporter' })
    await clock.advanceAsync(60_000)
    const closing = task.close({ strict: true })
    await expect(closing).rejects.toThrowError('busy')
    expect(exporter.triesMs).toHaveLength(3) // the first, the one whose pause was cut short, the last
  })
})

describe('at the end of the process', () => {
  test('the metrics of synchronous producers are exported without waiting', () => {
    const exporter = new MemoryExporter<Metric>()
    const task = exportPeriodically({ producers: [producer('a')], exporter, clock })
    task.flushSync()
    expect(names(exporter.items)).toEqual(['a'])
    expect(task.status).toMatchObject({ runs: 1, failures: 0 })
  })

  test('a registry is exported with derived metrics, and loses only those whose function is async', () => {
    const exporter = new MemoryExporter<Metric>()
    const registry = new MetricRegistry({ clock })
    registry.counter('done').inc()
    registry.derivedGauge('sync').observe(() => 1)
    registry.derivedGauge('async').observe(async () => 1)
    const task = exportPeriodically({ producers: [registry], exporter, clock })
    task.flushSync()
    expect(names(exporter.items)).toEqual(['done', 'sync'])
    expect(task.status).toMatchObject({ runs: 1, failures: 0 })
  })

  test('metrics of asynchronous producers and exporters are counted as lost', () => {
    const exporter = new MemoryExporter<Metric>()
    const slow = { getMetrics: () => Promise.resolve([metric('slow')]) }
    const tasks = [
      exportPeriodically({ producers: [producer('a'), slow], exporter, clock, name: 'slow producer' }),
      exportPeriodically({ producers: [producer('a')], exporter: { export: async () => {} }, clock, name: 'slow exporter' }),
    ]
    for (const task of tasks) task.flushSync()
    expect(names(exporter.items)).toEqual(['a'])
    expect(tasks.map(({ status }) => status.failures)).toEqual([1, 1])
  })
})
