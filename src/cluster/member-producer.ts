import { existingState } from '../base/process-global.js'
import type { Metric } from '../metrics/data/metric.js'
import type { GatheringContext, MetricProducer } from '../metrics/data/producer.js'
import type { Family } from '../metrics/data/row-source.js'

/**
 * Wraps a producer of a member. Snapshots, such as those of the runtime, change with every reading, and an idle group would send them for
 * ever. Between scrapes the last snapshots are therefore repeated, and only row sources are read.
 */
export class MemberProducer implements MetricProducer {
  readonly name: string
  /** True while changes are sent that no scrape has requested. */
  isPeriodic = false
  readonly #producer: MetricProducer
  readonly #isThread: boolean
  #last: readonly Metric[] = []

  /** @param isThread True in a worker thread, which leaves metrics of the whole process to the main thread. */
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

/** The shared `stats` of this process, once the program has loaded it. This subpath does not load it. */
export const sharedStats: MetricProducer = {
  name: 'stats',
  getMetrics: (context) => existingState<MetricProducer>('stats')?.getMetrics(context) ?? [],
  getFamilies: (context) => existingState<MetricProducer>('stats')?.getFamilies?.(context) ?? [],
}

/** Replaces the shared `stats` by {@link sharedStats}, which members have by default, so that its families are not sent twice. */
export function knownProducer(producer: MetricProducer): MetricProducer {
  return producer === existingState<MetricProducer>('stats') ? sharedStats : producer
}
