import { gatherFamilies } from '../../src/metrics/collection/gather.js'
import type { FamilyExporter } from '../../src/metrics/data/family-exporter.js'
import { Stats, sum } from '../../src/index.js'

/** Exports a counter `done` with 100 to 700 in seven samples, 10 s apart, and shuts the exporter down. Returns the time of the last in seconds. */
export async function exportKnownSamples(exporter: Required<Pick<FamilyExporter, 'exportFamilies' | 'shutdown'>>): Promise<number> {
  const stats = new Stats()
  const done = stats.measure('done')
  stats.viewManager.registerView({ name: 'done', measure: done, aggregation: sum() })
  const timeUnixMs = Math.floor(Date.now() / 1_000) * 1_000 - 60_000
  for (let i = 0; i <= 6; i++) {
    stats.record(done, 100)
    const context = { timeUnixMs: timeUnixMs + i * 10_000, timeoutMs: 10_000, signal: new AbortController().signal, isLast: false }
    await exporter.exportFamilies(await gatherFamilies([stats]), context)
  }
  await exporter.shutdown()
  return timeUnixMs / 1_000 + 60
}
