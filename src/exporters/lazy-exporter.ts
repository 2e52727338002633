import type { Exporter } from '../base/exporter.js'
import { warnOnce } from '../base/logger.js'
import { errorText } from '../base/rate-limited-log.js'
import type { FamilyExportContext, FamilyExporter } from '../metrics/data/family-exporter.js'
import type { Metric } from '../metrics/data/metric.js'
import type { Family } from '../metrics/data/row-source.js'

/** An exporter whose code is loaded by its constructor. If loading fails, the error is logged once, and each export rejects with it. */
export class LazyExporter<T, E extends Exporter<T> = Exporter<T>> implements Exporter<T> {
  protected readonly loading: Promise<E>

  constructor(name: string, load: () => Promise<E>) {
    this.loading = load()
    this.loading.catch((error: unknown) => {
      warnOnce('TALLYSCOPE_CONFIGURATION', name, `the exporter ${name} exports nothing: ${errorText(error)}`)
    })
  }

  async export(items: readonly T[]): Promise<void> {
    const exporter = await this.loading
    await exporter.export(items)
  }

  async shutdown(): Promise<void> {
    const exporter = await this.loading.catch(() => undefined)
    await exporter?.shutdown?.()
  }
}

/** A {@link LazyExporter} for exporters of metric families. */
export class LazyFamilyExporter extends LazyExporter<Metric, FamilyExporter> implements FamilyExporter {
  async exportFamilies(families: readonly Family[], context: FamilyExportContext): Promise<void> {
    const exporter = await this.loading
    await exporter.exportFamilies(families, context)
  }
}
