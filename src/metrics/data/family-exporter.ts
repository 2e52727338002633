import type { Exporter } from '../../base/exporter.js'
import type { Metric } from './metric.js'
import type { Family } from './row-source.js'

/** The context of one export of families. */
export interface FamilyExportContext {
  /** The time of all points of the export, in milliseconds since 1970. Rises from export to export, also if the wall clock goes back. */
  readonly timeUnixMs: number
  /** Time limit of the export, in milliseconds. */
  readonly timeoutMs: number
  /** Aborted when the task is closed. The exporter then ends its retries, since one more export follows. */
  readonly signal: AbortSignal
  /** True for the export that `close()` of the task makes. Its signal is aborted from the beginning. */
  readonly isLast: boolean
}

/**
 * An exporter that reads rows in slices, without an object for each row. It retries by itself until the deadline: rows change, and only the
 * exporter has the bytes that were sent.
 *
 * @example
 * class Names implements FamilyExporter {
 *   export(metrics: readonly Metric[]) { return this.exportFamilies(metrics) }
 *   exportFamilies(families: readonly Family[]) { for (const { descriptor } of families) console.log(descriptor.name) }
 * }
 */
export interface FamilyExporter extends Exporter<Metric> {
  exportFamilies(families: readonly Family[], context: FamilyExportContext): Promise<void> | void
}

export function takesFamilies(exporter: Exporter<Metric>): exporter is FamilyExporter {
  return typeof (exporter as Partial<FamilyExporter>).exportFamilies === 'function'
}
