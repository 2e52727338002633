import type { Clock } from '../base/clock.js'
import { isThenable } from '../base/finally-async.js'
import { existingState } from '../base/process-global.js'
import { HungCalls, TIMED_OUT, withTimeout } from '../base/with-timeout.js'
import type { Metric } from '../metrics/data/metric.js'
import type { GatheringContext, MetricProducer } from '../metrics/data/producer.js'
import type { Family } from '../metrics/data/row-source.js'

/** The share of the time in which a producer has to answer, so that the reply arrives in time. More than the share that producers take. */
const SHARE_OF_TIMEOUT = 0.9
const DEFAULT_TIMEOUT_MS = 10_000

/**
 * Wraps a producer of a member. Snapshots, such as those of the runtime, change with every reading, and an idle group would send them for
 * ever. Between scrapes the last snapshots are therefore repeated, and only row sources are read. A producer that does not answer in time
 * is not called again before it has answered, or a minute later, so that it does not delay the values of others.
 */
export class MemberProducer implements MetricProducer {
  readonly name: string
  /** True while changes are sent that neither a scrape nor the application has requested. */
  isPeriodic = false
  readonly #producer: MetricProducer
  readonly #clock: Clock
  readonly #isThread: boolean
  #last: readonly Metric[] = []
  readonly #hungCalls = new HungCalls()
  #isHung = false

  /** @param isThread True in a worker thread, which leaves metrics of the whole process to the main thread. */
  constructor(producer: MetricProducer, name: string, clock: Clock, isThread = false) {
    this.#producer = producer
    this.name = name
    this.#clock = clock
    this.#isThread = isThread
  }

  async getMetrics(): Promise<readonly Metric[]> {
    return this.#last
  }

  /** With a `timeoutMs` of 0, at the end of a process, the last snapshots stand for those in a promise. */
  getFamilies(context?: GatheringContext): readonly Family[] | Promise<readonly Family[]> {
    const { getFamilies } = this.#producer
    const isLast = context?.timeoutMs === 0
    const keep = (list: readonly Family[]): readonly Family[] => (getFamilies === undefined ? this.#keep(list as readonly Metric[]) : list)
    if (getFamilies === undefined && this.isPeriodic && !isLast) return this.#last
    if (this.#isHung && !isLast) throw new Error('it has not answered an earlier call')
    const given = getFamilies === undefined ? this.#producer.getMetrics(context) : getFamilies.call(this.#producer, context)
    if (!isThenable(given)) return keep(given)
    const answer = Promise.resolve(given).then(keep)
    if (!isLast) return this.#inTime(answer, context?.timeoutMs ?? DEFAULT_TIMEOUT_MS)
    if (getFamilies !== undefined) return answer
    answer.catch(() => {}) // nothing can wait for it
    return this.#last
  }

  async #inTime(answer: Promise<readonly Family[]>, givenMs: number): Promise<readonly Family[]> {
    const timeoutMs = givenMs * SHARE_OF_TIMEOUT
    const families = await withTimeout(answer, { timeoutMs, clock: this.#clock })
    if (families !== TIMED_OUT) return families
    this.#isHung = true
    const settled = answer.catch(() => {}) // it is too late to report
    void this.#hungCalls.untilNext(settled, this.#clock).then(() => {
      this.#isHung = false
    })
    throw new Error(`it did not answer within ${timeoutMs} ms`)
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
