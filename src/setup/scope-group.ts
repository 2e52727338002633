import { givenOptions } from '../base/check-options.js'
import { isThenable } from '../base/finally-async.js'
import { TallyscopeError } from '../base/errors.js'
import type { MetricGroup } from '../cluster/metric-group.js'
import type { Clock } from '../base/clock.js'
import type { Metric } from '../metrics/data/metric.js'
import type { GatheringContext, MetricProducer } from '../metrics/data/producer.js'
import type { Family } from '../metrics/data/row-source.js'

/** The group of a Tallyscope. Integrations can use it before it joins the other members in `start()`. */
export class ScopeGroup implements MetricProducer {
  readonly name = 'MetricGroup'
  readonly isRequired = true
  readonly includesSelfMetrics = true
  /** For push exporters: a producer of the group's metrics in one process of the group, and of none in the other processes. */
  readonly once: MetricProducer
  readonly #groupName: string | undefined
  readonly #added: MetricProducer[] = []
  #group: MetricGroup | undefined
  #joining: Promise<void> | undefined

  /** @param name Undefined for processes of a cluster, or of one application under PM2. */
  constructor(name: string | undefined) {
    this.#groupName = name
    // Synchronous if possible, because the last export of a task does not wait for promises.
    const once = (): MetricProducer | Promise<MetricProducer> => this.#group?.once ?? this.#joined().then((group) => group.once)
    this.once = {
      name: 'MetricGroup.once',
      getMetrics: (context) => whenThere(once(), (producer) => producer.getMetrics(context)),
      getFamilies: (context) => whenThere(once(), (producer) => producer.getFamilies!(context)),
    }
  }

  /** Adds a producer of this process. */
  add(producer: MetricProducer): void {
    if (this.#group === undefined) this.#added.push(producer)
    else this.#group.add(producer)
  }

  async getMetrics(context?: GatheringContext): Promise<readonly Metric[]> {
    return (await this.#joined()).getMetrics(context)
  }

  async getFamilies(context?: GatheringContext): Promise<readonly Family[]> {
    return (await this.#joined()).getFamilies(context)
  }

  /** Joins the group. @throws (as a rejection) the errors of `shareMetrics`. */
  join(producers: readonly MetricProducer[], clock: Clock | undefined): Promise<void> {
    this.#joining = this.#join([...producers, ...this.#added.splice(0)], clock)
    return this.#joining
  }

  async leave(): Promise<void> {
    await this.#group?.leave()
    this.#group = undefined
    this.#joining = undefined
  }

  async #join(producers: readonly MetricProducer[], clock: Clock | undefined): Promise<void> {
    // Loaded lazily: programs with one process do not need node:net and node:cluster.
    const { shareMetrics } = await import('../cluster/share-metrics.js')
    this.#group = shareMetrics({ producers, ...givenOptions({ name: this.#groupName, clock }) })
    for (const producer of this.#added.splice(0)) this.#group.add(producer)
  }

  async #joined(): Promise<MetricGroup> {
    await this.#joining
    if (this.#group !== undefined) return this.#group
    throw new TallyscopeError('ERR_GROUP_INCOMPLETE', 'the metrics of the group are incomplete: start() has not been called')
  }
}

function whenThere<T>(
  producer: MetricProducer | Promise<MetricProducer>,
  read: (producer: MetricProducer) => T | Promise<T>,
): T | Promise<T> {
  return isThenable(producer) ? Promise.resolve(producer).then(read) : read(producer)
}
