import type { FamilyExportContext, FamilyExporter } from '../metrics/data/family-exporter.js'
import type { Metric } from '../metrics/data/metric.js'
import type { Family } from '../metrics/data/row-source.js'

/**
 * An exporter of metrics whose code is loaded by those only who use it. Loading begins at once. If it fails, each export rejects with
 * the reason.
 */
export class LazyExporter implements FamilyExporter {
  readonly #loading: Promise<FamilyExporter>

  constructor(load: () => Promise<FamilyExporter>) {
    this.#loading = load()
    this.#loading.catch(() => {}) // each export has the reason
  }

  async export(metrics: readonly Metric[]): Promise<void> {
    const exporter = await this.#loading
    await exporter.export(metrics)
  }

  async exportFamilies(families: readonly Family[], context: FamilyExportContext): Promise<void> {
    const exporter = await this.#loading
    await exporter.exportFamilies(families, context)
  }

  async shutdown(): Promise<void> {
    const exporter = await this.#loading.catch(() => undefined)
    await exporter?.shutdown?.()
  }
}
