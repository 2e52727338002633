import { checkOptions, type OptionNames } from '../base/check-options.js'
import type { Exporter, Transport } from '../base/exporter.js'
import { ExportCounts } from './export-counts.js'
import { wholeNumber } from './exporter-options.js'

export interface MemoryExporterOptions {
  /** Maximum number of items, 1 … 10 000 000. Beyond it, the oldest are removed. Default 10 000. */
  readonly maxItems?: number
}

const OPTIONS: OptionNames<MemoryExporterOptions> = { maxItems: true }

/**
 * Keeps the newest items in memory, for tests and for showing the latest metrics or spans.
 *
 * @throws {@link DefinitionError} `ERR_EXPORTER_OPTION` if `maxItems` is out of range.
 * @example
 * const memory = new MemoryExporter<Metric>()
 * const task = exportPeriodically({ producers: [stats], exporter: memory })
 * await task.flush()
 * memory.items[0]?.descriptor.name
 */
// oxlint-disable-next-line typescript/no-explicit-any -- without annotations, as in JavaScript, items can be read
export class MemoryExporter<T = any> implements Exporter<T> {
  /** The transport of the tracer that uses this exporter: `exporter.transport?.flush()`. Undefined before. */
  declare readonly transport?: Transport<T>
  /** The newest items, in the order of their export. */
  readonly items: T[] = []
  /** The number of batches since the last reset. */
  batches = 0
  readonly #maxItems: number
  readonly #counts = new ExportCounts('MemoryExporter')

  constructor(options: MemoryExporterOptions = {}) {
    checkOptions('MemoryExporter', options, OPTIONS)
    this.#maxItems = wholeNumber('maxItems', options.maxItems, 10_000, 1, 1e7)
  }

  export(items: readonly T[]): void {
    this.batches++
    for (const item of items) this.items.push(item)
    const surplus = this.items.length - this.#maxItems
    if (surplus > 0) this.items.splice(0, surplus)
    this.#counts.exported(items.length)
    this.#counts.dropped('older', Math.max(surplus, 0))
  }

  exportSync(items: readonly T[]): void {
    this.export(items)
  }

  /** Removes all items. */
  reset(): void {
    this.items.length = 0
    this.batches = 0
  }
}
