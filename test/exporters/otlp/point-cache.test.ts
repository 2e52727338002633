import { beforeEach, expect, test, vi } from 'vitest'
import { OtlpMetricExporter } from '../../../src/exporters/otlp/otlp-metric-exporter.js'
import { gatherFamilies } from '../../../src/metrics/collection/gather.js'
import { memoize } from '../../../src/base/memoize.js'
import { relabel } from '../../../src/metrics/data/relabel.js'
import { type Family, isRowSource, type RowChunk } from '../../../src/metrics/data/row-source.js'
import { MetricRegistry } from '../../../src/metrics/instruments/metric-registry.js'
import { sum } from '../../../src/stats/views/aggregation.js'
import { Stats } from '../../../src/stats/stats.js'
import { ManualClock } from '../../../src/testing/manual-clock.js'
import { amount } from '../../faults/amount.js'
import { randomFrom } from '../prometheus/format/random-registry.js'
import { receiver } from '../sending/receiver.js'

beforeEach(() => void vi.spyOn(process, 'emitWarning').mockImplementation(() => {}))

/** The same object with another identity. */
function anew<T extends object>(object: T): T {
  return new Proxy(object, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target)
      if (key === 'chunks') return (value as RowChunk[]).map(anew)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

/** The same source, but each reading of it has other chunks, so that nothing can be cached for them. */
const withoutCache = memoize<Family, Family>(anew)

/** Instruments of which a step changes some, makes and removes rows, and records exemplars. */
function program(random: () => number, clock: ManualClock) {
  const registry = new MetricRegistry({ clock })
  const counter = registry.counter('done', { labelKeys: ['kind', 'place'] })
  const gauge = registry.gauge('depth', { labelKeys: ['queue'], type: 'double' })
  const fixed = registry.gauge('size', { labelKeys: ['queue'] })
  const stats = new Stats({ clock })
  const spent = stats.measure('spent', { tagKeys: ['route'] })
  stats.viewManager.registerView({ name: 'spent', measure: spent, tagKeys: ['route'], aggregation: sum() })
  const label = () => ['', 'a', 'ü', '😀', 'x'.repeat(150)][Math.floor(random() * 5)]! + Math.floor(random() * 300)
  const values = [0, 1, -1, 0.5, -0, 2 ** 40, Number.MAX_SAFE_INTEGER, 1e300, NaN, Infinity]
  const value = () => values[Math.floor(random() * values.length)]!
  const attachments = () => (random() < 0.01 ? { trace_id: '0af7651916cd43dd8448eb211c80319c' } : undefined)
  const steps = [
    () => counter.inc(Math.abs(Math.round(random() * 1e6)), { kind: label(), place: label() }),
    () => gauge.set(value(), { queue: label() }),
    () => fixed.set(Math.round(random() * 10), { queue: label() }),
    () => stats.record(spent, Math.round(random() * 100) / 4, { route: label() }, attachments()),
    () => random() < 0.1 && counter.remove({ kind: label(), place: label() }),
    () => random() < 0.1 && gauge.remove({ queue: label() }),
    () => clock.advance(random() < 0.5 ? 0 : 1),
  ]
  const step = (): void => {
    steps[Math.floor(random() * steps.length)]!()
  }
  return { step, producers: [relabel(registry, { constantLabels: { app: 'shop' } }), stats] }
}

test('exports with cached points have the same bytes as exports without', { timeout: 60_000 }, async () => {
  for (let seed = 1; seed <= amount(8, 1_000); seed++) {
    const random = randomFrom(seed)
    const clock = new ManualClock({ unixMs: 1_000_000 })
    const { step, producers } = program(random, clock)
    const [cached, plain] = [await receiver(), await receiver()]
    const temporality = random() < 0.2 ? 'delta' : 'cumulative'
    const maxPointsPerRequest = random() < 0.5 ? 10_000 : 100 + Math.floor(random() * 1_000)
    const exporters = [cached, plain].map(
      ({ url }) => new OtlpMetricExporter({ endpoint: url, clock, temporality, maxPointsPerRequest, concurrency: 1, compression: 'none' }),
    )
    for (let round = 0; round < 6; round++) {
      for (let steps = Math.floor(random() * 2_000); steps > 0; steps--) step()
      clock.advance(1_000)
      const families = await gatherFamilies(producers)
      const context = { timeUnixMs: clock.unixMs() - 100, timeoutMs: 60_000, signal: new AbortController().signal, isLast: false }
      await exporters[0]!.exportFamilies(families, context)
      await exporters[1]!.exportFamilies(families.map(withoutCache), context)
      const [ours, expected] = [cached, plain].map(({ requests }) => requests.splice(0).map(({ body }) => body.toString('hex')))
      expect(ours, `seed ${seed}, round ${round}`).toEqual(expected)
    }
    for (const exporter of exporters) await exporter.shutdown()
  }
})

/** Exports twice, and returns how often labels were read in each export. */
async function labelReads(registry: MetricRegistry): Promise<number[]> {
  const { url } = await receiver()
  const exporter = new OtlpMetricExporter({ endpoint: url })
  const reads: number[] = []
  for (let i = 0; i < 2; i++) {
    const families = await gatherFamilies([registry])
    const chunks = families.flatMap((family) => (isRowSource(family) ? family.chunks : []))
    const spies = chunks.map((chunk) => vi.spyOn(chunk, 'labelValue'))
    const context = { timeUnixMs: Date.now() + i, timeoutMs: 60_000, signal: new AbortController().signal, isLast: false }
    await exporter.exportFamilies(families, context)
    reads.push(spies.reduce((sum, spy) => sum + spy.mock.calls.length, 0))
    vi.restoreAllMocks()
  }
  await exporter.shutdown()
  return reads
}

test('labels of rows are read in the first export only', { timeout: 60_000 }, async () => {
  const registry = new MetricRegistry()
  const counter = registry.counter('done', { labelKeys: ['kind'] })
  for (let i = 0; i < 1_000; i++) counter.inc(i, { kind: `k${i}` })
  expect(await labelReads(registry)).toEqual([1_000, 0])
})

test('points of more than 8 MiB are not cached', { timeout: 60_000 }, async () => {
  const registry = new MetricRegistry()
  const counter = registry.counter('done', { labelKeys: ['kind'], rowLimit: 40_000 })
  const rows = 40_000
  for (let i = 0; i < rows; i++) counter.inc(i, { kind: String(i).padEnd(240, 'x') })
  const [first, second] = await labelReads(registry)
  expect(first).toBe(rows)
  const cachedBytes = (rows - second!) * 300
  expect(cachedBytes).toBeLessThan(8.5 * 2 ** 20)
  expect(cachedBytes).toBeGreaterThan(7.5 * 2 ** 20)
})
