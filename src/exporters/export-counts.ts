import { internalCount, internalCounter } from '../base/internal-metrics.js'

const exported = internalCounter('tallyscope_exporter_items_total', 'Items that an exporter has passed on.', 'exporter')
const dropped = internalCounter(
  'tallyscope_exporter_dropped_items_total',
  'Items that an exporter has left out of a batch, by reason.',
  'exporter',
  'reason',
)
const errors = internalCounter('tallyscope_exporter_errors_total', 'Faults that an exporter has met, by code.', 'exporter', 'code')

/** What an exporter counts about itself; exporters of one name share the counters. */
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
