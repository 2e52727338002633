import type { Metric } from '../metrics/data/metric.js'
import type { GatheringContext, MetricProducer } from '../metrics/data/producer.js'
import type { Family } from '../metrics/data/row-source.js'

/**
 * A producer of a member. Between scrapes only rows are looked at: snapshots, such as those of the runtime or of the library
 * about itself, change with every reading, and a group that has nothing to do would send for ever.
 */
export class TickedProducer implements MetricProducer {
  readonly name: string
  isTick = false
  readonly #producer: MetricProducer
  #last: readonly Metric[] = []

  constructor(producer: MetricProducer, name: string) {
    this.#producer = producer
    this.name = name
  }

  async getMetrics(): Promise<readonly Metric[]> {
    return this.#last
  }

  getFamilies(context?: GatheringContext): readonly Family[] | Promise<readonly Family[]> {
    const { getFamilies } = this.#producer
    if (getFamilies !== undefined) return getFamilies.call(this.#producer, context)
    if (this.isTick) return this.#last
    const metrics = this.#producer.getMetrics(context)
    if (!(metrics instanceof Promise)) return (this.#last = metrics)
    return metrics.then((settled) => (this.#last = settled))
  }
}
