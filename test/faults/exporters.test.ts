import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ExportError } from '../../src/base/errors.js'
import type { Exporter } from '../../src/base/exporter.js'
import { AsyncTransport } from '../../src/exporters/transport/async-transport.js'
import { FileExporter } from '../../src/exporters/file/file-exporter.js'
import { HlogExporter } from '../../src/exporters/file/hlog-exporter.js'
import { MemoryExporter } from '../../src/exporters/memory-exporter.js'
import { PushGatewayExporter } from '../../src/exporters/prometheus/push/push-gateway-exporter.js'
import { TextfileExporter } from '../../src/exporters/prometheus/push/textfile-exporter.js'
import { SyncTransport } from '../../src/exporters/transport/sync-transport.js'
import { exportPeriodically } from '../../src/metrics/collection/export-periodically.js'
import type { Metric } from '../../src/metrics/data/metric.js'
import { selfMetrics } from '../../src/metrics/collection/internal-metrics-producer.js'
import { count, distribution, lastValue } from '../../src/stats/views/aggregation.js'
import { Stats } from '../../src/stats/stats.js'
import type { TallyscopeOptions } from '../../src/setup/tallyscope-options.js'
import { createTallyscope, type Tallyscope } from '../../src/setup/tallyscope.js'
import { ManualClock } from '../../src/testing/manual-clock.js'
import type { SpanData } from '../../src/trace/data/span-data.js'
import { selfValue } from '../exporters/self-value.js'

const never = new Promise<never>(() => {})
const fail = (): never => {
  throw new Error('planted')
}

let clock: ManualClock
let warnings: string[]
beforeEach(() => {
  clock = new ManualClock()
  warnings = []
  vi.spyOn(process, 'emitWarning').mockImplementation((message) => void warnings.push(String(message)))
})
afterEach(() => void vi.restoreAllMocks())

/** Stats with one view and one value, a tracer that samples all, and exports each second. */
async function started(options: TallyscopeOptions): Promise<Tallyscope> {
  const scope = createTallyscope({ env: {}, stats: new Stats({ clock }), clock, ...options })
  const orders = scope.stats.measure('shop/orders')
  scope.stats.viewManager.registerView({ name: 'shop/orders', measure: orders, aggregation: count() })
  scope.stats.record(orders, 1)
  await scope.start()
  return scope
}

/** Whatever somebody may throw or reject with. */
const THROWN: readonly unknown[] = [
  new Error('no'),
  undefined,
  null,
  0,
  'a text',
  5n,
  Symbol('no'),
  Object.freeze({}),
  Object.freeze(new Error('frozen')),
  Object.create(null),
  new Proxy({}, { get: fail, has: fail, getPrototypeOf: fail, ownKeys: fail }),
  () => {},
]

test('an exporter that throws is logged and counted, others are not affected, and it is called again at the next tick', async () => {
  const kept = new MemoryExporter<Metric>()
  const throwing = { name: 'throws at once', export: vi.fn(fail) }
  const scope = await started({ metrics: { exporters: [throwing, kept], intervalMs: 1_000 }, traces: { exporters: [] } })
  await clock.advanceAsync(3_000)
  expect(throwing.export).toHaveBeenCalledTimes(3)
  expect(kept.batches).toBe(3)
  expect(selfValue('tallyscope_task_runs_total', 'throws at once', 'failed')).toBe(3)
  expect(warnings.filter((text) => text.includes('throws at once'))).toEqual([
    'periodic task throws at once failed; the next tick is the next try: planted',
  ])
  await scope.shutdown()
})

test('any value that an exporter throws or rejects with is a failure', async () => {
  for (const thrown of THROWN) {
    const throws = (): never => {
      throw thrown // oxlint-disable-line typescript/only-throw-error
    }
    for (const how of [() => Promise.reject(thrown as Error), throws]) {
      const exporter: Exporter<number> = { export: how }
      const task = exportPeriodically({ producers: [], exporter: exporter as never, intervalMs: 1_000, clock })
      const async = new AsyncTransport(exporter, { clock })
      const sync = new SyncTransport(exporter, { clock })
      async.send(1)
      sync.send(1)
      await async.flush()
      await clock.advanceAsync(2_000)
      expect(task.status).toMatchObject({ state: 'waiting', failures: 2 })
      expect([async.accounting.rejected, sync.accounting.rejected]).toEqual([1, 1])
      await Promise.all([task.close(), async.shutdown(), sync.shutdown()])
    }
  }
})

test('an exporter that never settles is timed out, marked as stuck, and not called again for a minute', async () => {
  const exporter = { name: 'never answers', export: vi.fn(() => never) }
  const kept = new MemoryExporter<Metric>()
  const scope = await started({ metrics: { exporters: [kept], intervalMs: 1_000 }, traces: { exporters: [] } })
  const task = exportPeriodically({ producers: [scope.stats], exporter, intervalMs: 10_000, clock })
  await clock.advanceAsync(60_000)
  expect(exporter.export).toHaveBeenCalledOnce()
  expect(task.status).toMatchObject({ state: 'stuck', failures: 1 })
  expect(selfValue('tallyscope_task_runs_total', 'never answers', 'late')).toBe(1)
  expect(selfValue('tallyscope_task_skipped_ticks_total', 'never answers', 'stuck')).toBeGreaterThan(0)
  expect(kept.batches).toBe(60)
  await Promise.all([task.close(), clock.advanceAsync(60_000)])
  await scope.shutdown()
})

test('an exporter without a queue that never settles holds 2 048 items; later ones are dropped, counted and logged', async () => {
  const exporter = { name: 'never answers at once', export: () => never }
  const transport = new SyncTransport(exporter, { clock })
  for (let i = 0; i < 3_000; i++) transport.send(i)
  expect(transport.accounting).toMatchObject({ accepted: 3_000, inFlight: 2_048, dropped: 952 })
  expect(selfValue('tallyscope_transport_dropped_items_total', 'never answers at once', 'queue_full')).toBe(952)
  expect(warnings).toEqual(['exporter never answers at once is too slow: 2048 exports are running and new items are dropped'])
})

test('an exporter slower than the interval misses ticks, which are counted, and never runs twice at a time', async () => {
  let atOnce = 0
  let most = 0
  const exporter = {
    name: 'slower than the interval',
    export: async () => {
      most = Math.max(most, ++atOnce)
      await new Promise<void>((resolve) => void clock.setTimer(2_500, resolve))
      atOnce--
    },
  }
  const task = exportPeriodically({ producers: [], exporter, intervalMs: 1_000, clock })
  await clock.advanceAsync(30_000)
  expect(most).toBe(1)
  expect(task.status.runs + task.status.skippedTicks).toBeGreaterThanOrEqual(28)
  expect(selfValue('tallyscope_task_skipped_ticks_total', 'slower than the interval', 'running')).toBe(task.status.skippedTicks)
  await Promise.all([task.close(), clock.advanceAsync(10_000)])
})

test('only the first result of an exporter that calls back twice or after its time-out counts', async () => {
  const answers: ((error?: unknown) => void)[] = []
  const twice = {
    // oxlint-disable-next-line unicorn/no-thenable
    then: (done: () => void, refuse: (error: unknown) => void) => {
      done()
      done()
      refuse(new Error('no'))
      answers.push(done, refuse)
    },
  }
  const exporter = { export: () => twice as unknown as Promise<void> }
  const transports = [new AsyncTransport(exporter, { clock, maxBatchSize: 1 }), new SyncTransport(exporter, { clock })]
  for (const transport of transports) transport.send(1)
  await clock.advanceAsync(60_000)
  for (const answer of answers) answer(new Error('again'))
  await clock.advanceAsync(60_000)
  for (const { accounting } of transports) expect(accounting).toMatchObject({ accepted: 1, exported: 1, rejected: 0, inFlight: 0 })
})

test('an exporter that throws during shutdown does not affect the other shutdowns, and is logged once', async () => {
  const calls: string[] = []
  const make = (name: string, shutdown: () => void) => ({ name, export: () => {}, shutdown })
  const ends = (name: string) => make(name, () => void calls.push(name))
  const scope = await started({
    metrics: { exporters: [make('metrics that throw', fail), ends('metrics')], intervalMs: 1_000 },
    traces: {
      exporters: [make('spans that throw', fail), make('spans that reject', () => Promise.reject(new Error('no')) as never), ends('spans')],
    },
  })
  await Promise.all([scope.shutdown(), scope.shutdown()])
  expect(calls.sort()).toEqual(['metrics', 'spans'])
  expect(warnings.sort()).toEqual([
    'exporter spans that reject could not be shut down properly: no',
    'exporter spans that throw could not be shut down properly: planted',
    'periodic task metrics that throw could not be closed properly: planted',
  ])
})

test('a foreign transport that throws does not affect the others', async () => {
  const kept = new MemoryExporter<SpanData>()
  const broken = { send: fail, flush: fail, shutdown: fail }
  let made = 0
  const scope = await started({
    traces: {
      sampler: 'alwaysOn',
      exporters: [{ export() {} }, kept],
      transport: ((exporter: Exporter<SpanData>) => (made++ === 0 ? broken : new SyncTransport(exporter))) as never,
    },
  })
  scope.tracer.span('a', () => {})
  await scope.flush()
  await scope.shutdown()
  expect(kept.items.map(({ name }) => name)).toEqual(['a'])
})

test('one of five exporters that always fails does not affect the four others', async () => {
  const kept = Array.from({ length: 4 }, () => new MemoryExporter<SpanData>())
  const failing = { name: 'one of five', export: () => Promise.reject(new ExportError('ERR_TEST', 'down', { retryable: true })) }
  const transports: AsyncTransport<SpanData>[] = []
  const scope = await started({
    traces: {
      sampler: 'alwaysOn',
      exporters: [kept[0]!, kept[1]!, failing, kept[2]!, kept[3]!],
      transport: ((exporter: Exporter<SpanData>) => {
        transports.push(new AsyncTransport(exporter, { clock, maxQueueSize: 1_000, maxBatchSize: 100, waitPeriodMs: 1_000 }))
        return transports.at(-1)
      }) as never,
    },
  })
  for (let round = 0; round < 40; round++) {
    for (let i = 0; i < 100; i++) scope.tracer.span('a', () => {})
    await clock.advanceAsync(1_000)
  }
  expect(kept.map(({ items }) => items.length)).toEqual([4_000, 4_000, 4_000, 4_000])
  const { accepted, exported, rejected, dropped, queued, inFlight } = transports[2]!.accounting
  expect([accepted, exported, rejected + dropped + queued + inFlight]).toEqual([4_000, 0, 4_000])
  expect(selfValue('tallyscope_transport_rejected_items_total', 'one of five', 'retries')).toBe(rejected)
  expect(selfValue('tallyscope_transport_dropped_items_total', 'one of five', 'queue_full')).toBe(dropped)
  await Promise.all([scope.shutdown(), clock.advanceAsync(10_000)])
})

/** Changes whatever can be changed of what it is given, down to the last list. */
class Vandal {
  readonly #seen = new Set<object>()

  export(items: readonly unknown[]): void {
    this.#ruin(items)
  }

  #ruin(value: unknown): void {
    if (typeof value !== 'object' || value === null || this.#seen.has(value)) return
    this.#seen.add(value)
    const keys = new Set(Reflect.ownKeys(value))
    const type = Object.getPrototypeOf(value) as object | null
    if (type !== null && type !== Object.prototype) for (const key of Reflect.ownKeys(type)) keys.add(key)
    for (const key of keys) {
      try {
        this.#ruin(Reflect.get(value, key))
      } catch {}
      if (Object.hasOwn(value, key)) Reflect.set(value, key, 'ruined')
    }
    if (Array.isArray(value)) Reflect.apply(Array.prototype.push, Object.isFrozen(value) ? [] : value, ['ruined'])
  }
}

test('an exporter that changes its batch does not affect other exporters or recorded data', async () => {
  const spans = new MemoryExporter<SpanData>()
  const scope = await started({ traces: { sampler: 'alwaysOn', exporters: [new Vandal(), spans], transport: 'sync' } })
  const { stats } = scope
  const latency = stats.measure('shop/latency', { unit: 'ms' })
  const tagKeys = ['page']
  stats.viewManager.registerView({ name: 'shop/latency', measure: latency, tagKeys, aggregation: distribution([1, 10]) })
  stats.viewManager.registerView({ name: 'shop/last', measure: latency, tagKeys, aggregation: lastValue() })
  stats.record(latency, 5, { page: 'cart' }, { trace_id: 'a' })
  scope.tracer.span('checkout', (span) => {
    span
      .addAttribute('page', 'cart')
      .addAnnotation('found', { items: 3 })
      .addMessageEvent({ type: 'SENT', id: 1 } as never)
    span.addLink(span.context).recordError(new Error('no'))
  })
  const [span] = spans.items
  expect(span).toMatchObject({
    name: 'checkout',
    attributes: { page: 'cart' },
    annotations: [{ description: 'found', attributes: { items: 3 } }],
  })
  expect(JSON.stringify(span)).not.toContain('ruined')

  const producers = [stats, scope.registry, selfMetrics({ clock })]
  const seen = (): string => JSON.stringify([stats, scope.registry].map((producer) => producer.getMetrics()))
  const before = seen()
  const task = exportPeriodically({ producers, exporter: new Vandal(), clock, name: 'vandal' })
  await expect(task.flush()).rejects.toThrowError(RangeError)
  expect(seen()).toBe(before)
  expect(JSON.stringify(selfMetrics({ clock }).getMetrics())).not.toContain('ruined')
})

test('an exporter that traces and is measured while it exports does not feed itself', async () => {
  const batches: number[] = []
  const exporter: Exporter<SpanData> = {
    export: async (spans) => {
      batches.push(spans.length)
      scope.tracer.span('export', () => {})
      await scope.tracer.span('export later', async () => {
        await Promise.resolve()
        scope.tracer.span('export inside', () => {})
      })
    },
  }
  const scope = await started({ traces: { sampler: 'alwaysOn', exporters: [exporter], transport: 'async(maxBatchSize=1)' } })
  scope.tracer.span('a', () => {})
  await scope.flush()
  await clock.advanceAsync(100_000)
  expect(batches).toEqual([1])
  const latency = (await scope.stats.getMetrics()).find(({ descriptor }) => descriptor.name === 'span/latency')
  expect(latency?.timeSeries.map(({ labelValues }) => labelValues[0])).toEqual(['a'])
  await scope.shutdown()
})

test('an exporter called after its shutdown rejects and does nothing', async () => {
  const exporters: Exporter<never>[] = [
    new FileExporter({ path: '/nowhere/a.jsonl' }),
    new HlogExporter({ path: '/nowhere/a.hlog' }),
    new TextfileExporter({ path: '/nowhere/a.prom', deleteOnShutdown: true }),
    new PushGatewayExporter({ url: 'http://127.0.0.1:1', job: 'a' }),
  ]
  for (const exporter of exporters) {
    await exporter.shutdown?.()
    await exporter.shutdown?.()
    const refused = async () => exporter.export([{ descriptor: { name: 'a', labelKeys: [] }, timeSeries: [] } as never])
    await expect(refused()).rejects.toMatchObject({ code: 'ERR_EXPORTER_CLOSED', retryable: false })
  }
})

test('a batch that the destination refuses in part is counted by parts and not resent', async () => {
  const exporter = {
    name: 'takes three',
    export: vi.fn(() => Promise.reject(new ExportError('ERR_TEST', 'seven refused', { retryable: false, delivered: 3 }))),
  }
  const transport = new AsyncTransport(exporter, { clock, maxBatchSize: 10 })
  for (let i = 0; i < 10; i++) transport.send(i)
  await clock.advanceAsync(100_000)
  expect(exporter.export).toHaveBeenCalledOnce()
  expect(transport.accounting).toMatchObject({ accepted: 10, exported: 3, rejected: 7 })
  expect(selfValue('tallyscope_transport_rejected_items_total', 'takes three', 'failed')).toBe(7)
})
