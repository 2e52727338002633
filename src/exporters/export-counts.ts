import { internalCount, internalCounter } from '../base/internal-metrics.js'

const exported = internalCounter('tallyscope_exporter_items_total', 'Items that an exporter has exported.', 'exporter')
const dropped = internalCounter(
  'tallyscope_exporter_dropped_items_total',
  'Items that an exporter has dropped, by reason.',
  'exporter',
  'reason',
)
const errors = internalCounter('tallyscope_exporter_errors_total', 'Errors of an exporter, by code.', 'exporter', 'code')

/** Counts the items and errors of one exporter. Exporters of the same name share their counters. */
export class ExportCounts {
  readonly #exporter: string

  constructor(exporter: string) {
    this.#exporter = exporter
  }

  exported(items: number): void {
    if (items > 0) internalCount(exported, this.#exporter).value += items
  }

  dropped(reason: string, items: number): void {
    if (items > 0) internalCount(dropped, this.#exporter, reason).value += items
  }

  error(code: string): void {
    internalCount(errors, this.#exporter, code).value++
  }
}
