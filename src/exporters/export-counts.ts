import { selfCount, selfFamily } from '../base/internal-metrics.js'

const exported = selfFamily({
  name: 'tallyscope_exporter_items_total',
  description: 'Items that an exporter has passed on.',
  type: 'counter',
  unit: '1',
  labelKeys: ['exporter'],
})
const dropped = selfFamily({
  name: 'tallyscope_exporter_dropped_items_total',
  description: 'Items that an exporter has left out of a batch, by reason.',
  type: 'counter',
  unit: '1',
  labelKeys: ['exporter', 'reason'],
})
const errors = selfFamily({
  name: 'tallyscope_exporter_errors_total',
  description: 'Faults that an exporter has met, by code.',
  type: 'counter',
  unit: '1',
  labelKeys: ['exporter', 'code'],
})

/** What an exporter counts about itself; exporters of one name share the counters. */
export class ExportCounts {
  readonly #exporter: string

  constructor(exporter: string) {
    this.#exporter = exporter
  }

  exported(items: number): void {
    if (items > 0) selfCount(exported, this.#exporter).value += items
  }

  dropped(reason: string, items: number): void {
    if (items > 0) selfCount(dropped, this.#exporter, reason).value += items
  }

  error(code: string): void {
    selfCount(errors, this.#exporter, code).value++
  }
}
