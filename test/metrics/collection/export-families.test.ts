import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { MemoryExporter } from '../../../src/exporters/memory-exporter.js'
import { exportPeriodically } from '../../../src/metrics/collection/export-periodically.js'
import { withResource } from '../../../src/metrics/data/with-resource.js'
import type { FamilyExportContext, FamilyExporter } from '../../../src/metrics/data/family-exporter.js'
import type { Metric } from '../../../src/metrics/data/metric.js'
import { relabel } from '../../../src/metrics/data/relabel.js'
import { type Family, isRowSource, type RowSource } from '../../../src/metrics/data/row-source.js'
import { MetricRegistry } from '../../../src/metrics/instruments/metric-registry.js'
import { ManualClock } from '../../../src/testing/manual-clock.js'

interface Call {
  readonly families: readonly Family[]
  readonly context: FamilyExportContext
  readonly wasAborted: boolean
}

class FamilyRecorder implements FamilyExporter {
  readonly calls: Call[] = []
  export(): void {
    throw new Error('snapshots were exported')
  }
  exportFamilies(families: readonly Family[], context: FamilyExportContext): void {
    this.calls.push({ families, context, wasAborted: context.signal.aborted })
  }
}

let clock: ManualClock
let registry: MetricRegistry
let exporter: FamilyRecorder
beforeEach(() => {
  clock = new ManualClock({ unixMs: 1_000_000 })
  registry = new MetricRegistry({ clock })
  registry.counter('jobs', { labelKeys: ['queue'] }).inc({ queue: 'mail' })
  exporter = new FamilyRecorder()
  vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
})
afterEach(() => void vi.restoreAllMocks())

test('an exporter with exportFamilies gets row sources, and never snapshots', async () => {
  const task = exportPeriodically({ producers: [registry], exporter, intervalMs: 1_000, clock })
  await clock.advanceAsync(2_000)
  expect(exporter.calls.map(({ families }) => families.map(isRowSource))).toEqual([[true], [true]])
  expect(exporter.calls[0]!.families[0]).toBe(exporter.calls[1]!.families[0])
  await task.close()
})

test('row sources with a resource and other labels are the same objects each time', async () => {
  const producers = [relabel(withResource(registry, { labels: { 'service.name': 'shop' } }), { constantLabels: { zone: 'a' } })]
  const task = exportPeriodically({ producers, exporter, intervalMs: 1_000, clock })
  await clock.advanceAsync(2_000)
  const [first, second] = exporter.calls.map(({ families }) => families[0] as RowSource)
  expect(first).toBe(second)
  expect(first!.resource).toEqual({ 'service.name': 'shop' })
  expect(first!.chunks[0]).toBe(second!.chunks[0])
  expect([0, 1].map((key) => first!.chunks[0]!.labelValue(0, key))).toEqual(['mail', 'a'])
  await task.close()
})

test('times increase from export to export, also if the clock is set back and for two flushes in one millisecond', async () => {
  let backMs = 0
  const settable = { ...methodsOf(clock), unixMs: () => clock.unixMs() - backMs }
  const task = exportPeriodically({ producers: [registry], exporter, intervalMs: 1_000, clock: settable })
  await task.flush()
  await task.flush()
  backMs = 3_600_000
  await task.flush()
  backMs = -3_600_000
  await task.flush()
  expect(exporter.calls.map(({ context }) => context.timeUnixMs)).toEqual([1_000_000, 1_000_001, 1_000_002, 4_600_000])
  await task.close()
})

test('an export must settle shortly before its run times out', async () => {
  const task = exportPeriodically({ producers: [registry], exporter, intervalMs: 60_000, exportTimeoutMs: 10_000, clock })
  await task.flush()
  expect(exporter.calls[0]!.context.timeoutMs).toBe(9_750)
  const slow = { getMetrics: () => new Promise<Metric[]>(() => {}) }
  const late = exportPeriodically({ producers: [slow], exporter, intervalMs: 60_000, exportTimeoutMs: 10_000, clock })
  void late.flush()
  await clock.advanceAsync(5_000)
  expect(exporter.calls[1]!.context.timeoutMs).toBe(4_750)
  await Promise.all([task.close(), clock.advanceAsync(5_000)])
})

test('close aborts the signal of a running export, and exports a last time', async () => {
  const task = exportPeriodically({ producers: [registry], exporter, intervalMs: 60_000, clock })
  await task.flush()
  await task.close()
  const [first, last] = exporter.calls
  expect(first).toMatchObject({ wasAborted: false, context: { isLast: false } })
  expect(first!.context.signal.aborted).toBe(true)
  expect(last).toMatchObject({ wasAborted: true, context: { isLast: true } })
})

test('all points of an export of snapshots have one time, also those of thousands of rows that are read in slices', async () => {
  const counter = registry.counter('many', { labelKeys: ['n'] })
  for (let n = 0; n < 1_500; n++) counter.inc(n, { n: String(n) })
  const memory = new MemoryExporter<Metric>()
  const producers = [withResource(registry, { labels: { 'service.name': 'shop' } })]
  const task = exportPeriodically({ producers, exporter: memory, intervalMs: 60_000, clock })
  await task.flush()
  const expected = (await withResource(registry, { labels: { 'service.name': 'shop' } }).getMetrics()) as Metric[]
  expect(memory.items).toEqual(expected)
  expect(new Set(memory.items.flatMap(({ timeSeries }) => timeSeries.map(({ points }) => points[0]!.timeUnixMs)))).toEqual(
    new Set([1_000_000]),
  )
  await task.close()
})

function methodsOf({ monotonicMs, setTimer }: ManualClock) {
  return { monotonicMs: monotonicMs.bind(clock), setTimer: setTimer.bind(clock) }
}
