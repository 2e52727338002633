import type { Exporter } from '../base/exporter.js'
import { warnOnce } from '../base/logger.js'
import { errorText } from '../base/rate-limited-log.js'
import type { FamilyExportContext, FamilyExporter } from '../metrics/data/family-exporter.js'
import type { Metric } from '../metrics/data/metric.js'
import type { Family } from '../metrics/data/row-source.js'

/**
 * An exporter whose code is loaded only if it is used. Loading begins at once. If it fails, this is logged, and each export
 * rejects with the reason.
 */
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

/** The same for an exporter that takes rows. */
export class LazyFamilyExporter extends LazyExporter<Metric, FamilyExporter> implements FamilyExporter {
  async exportFamilies(families: readonly Family[], context: FamilyExportContext): Promise<void> {
    const exporter = await this.loading
    await exporter.exportFamilies(families, context)
  }
}
