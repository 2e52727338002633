import type { Metric } from '../metrics/data/metric.js'
import type { GatheringContext, MetricProducer } from '../metrics/data/producer.js'
import type { Family } from '../metrics/data/row-source.js'

/**
 * A producer of a member. Between scrapes only rows are looked at: snapshots, such as those of the runtime or of the library
 * about itself, change with every reading, and a group that has nothing to do would send for ever.
 */
export class MemberProducer implements MetricProducer {
  readonly name: string
  isPeriodic = false
  readonly #producer: MetricProducer
  #last: readonly Metric[] = []

  readonly #isThread: boolean

  /** @param isThread True in a thread: what describes the whole process comes from the main thread. */
  constructor(producer: MetricProducer, name: string, isThread = false) {
    this.#producer = producer
    this.name = name
    this.#isThread = isThread
  }

  async getMetrics(): Promise<readonly Metric[]> {
    return this.#last
  }

  getFamilies(context?: GatheringContext): readonly Family[] | Promise<readonly Family[]> {
    const { getFamilies } = this.#producer
    if (getFamilies !== undefined) return getFamilies.call(this.#producer, context)
    if (this.isPeriodic) return this.#last
    const metrics = this.#producer.getMetrics(context)
    return metrics instanceof Promise ? metrics.then((settled) => this.#keep(settled)) : this.#keep(metrics)
  }

  #keep(metrics: readonly Metric[]): readonly Metric[] {
    this.#last = this.#isThread ? metrics.filter(({ descriptor }) => !descriptor.name.startsWith('process_')) : metrics
    return this.#last
  }
}
