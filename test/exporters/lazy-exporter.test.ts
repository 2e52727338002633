import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { LazyExporter, LazyFamilyExporter } from '../../src/exporters/lazy-exporter.js'
import type { FamilyExporter } from '../../src/metrics/data/family-exporter.js'
import type { Metric } from '../../src/metrics/data/metric.js'
import type { Family } from '../../src/metrics/data/row-source.js'
import { exporterContract } from '../../src/testing/exporter-contract.js'

beforeEach(() => void vi.spyOn(process, 'emitWarning').mockImplementation(() => {}))
afterEach(() => void vi.restoreAllMocks())

/** Keeps what it gets until it is shut down, as rows or not. */
class Families implements FamilyExporter {
  readonly items: Family[] = []
  #isShutDown = false

  export(metrics: readonly Metric[]): void {
    this.exportFamilies(metrics)
  }

  exportFamilies(families: readonly Family[]): void {
    if (!this.#isShutDown) this.items.push(...families)
  }

  shutdown(): void {
    this.#isShutDown = true
  }
}

for (const [name, create] of [
  ['LazyExporter', (inner: Families) => new LazyExporter<Metric>('a', async () => inner)],
  ['LazyFamilyExporter', (inner: Families) => new LazyFamilyExporter('a', async () => inner)],
] as const) {
  describe(`${name} meets the contract:`, () => {
    let inner: Families
    const cases = exporterContract<Metric>({
      items: ['one', 'two'].map((each) => ({ descriptor: { name: each }, timeSeries: [] }) as unknown as Metric),
      create: () => create((inner = new Families())),
      received: () => inner.items.length,
    })
    for (const each of cases) test(each.name, each.run)
  })
}

test('families are exported once the code is loaded', async () => {
  const inner = new Families()
  const exporter = new LazyFamilyExporter('a', async () => inner)
  const family = { descriptor: { name: 'a' }, timeSeries: [] } as unknown as Metric
  await exporter.exportFamilies([family], { timeUnixMs: 1, timeoutMs: 1, signal: new AbortController().signal, isLast: false })
  expect(inner.items).toEqual([family])
})

test('a loading error is logged immediately, exports reject with it, and shutdown does not', async () => {
  const exporter = new LazyExporter('broken', () => Promise.reject(new TypeError('no such option')))
  await new Promise((resolve) => setImmediate(resolve))
  expect(vi.mocked(process.emitWarning).mock.calls.map(([text]) => text)).toEqual(['the exporter broken exports nothing: no such option'])
  await expect(exporter.export([])).rejects.toThrow('no such option')
  await exporter.shutdown()
})
