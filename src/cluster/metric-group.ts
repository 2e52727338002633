import { errorText } from '../base/rate-limited-log.js'
import type { Clock } from '../base/clock.js'
import { TallyscopeError } from '../base/errors.js'
import { warnOnce } from '../base/logger.js'
import type { Metric } from '../metrics/data/metric.js'
import type { GatheringContext, MetricProducer } from '../metrics/data/producer.js'
import type { Family } from '../metrics/data/row-source.js'
import { snapshotsOf } from '../metrics/data/snapshot.js'
import { countRejected } from './group-metrics.js'
import type { Member } from './member.js'
import type { Membership } from './membership.js'
import type { RosterEntry } from './net/control-frames.js'
import { knownProducer } from './member-producer.js'

/** A process or thread of a group. */
export interface MemberInfo {
  /** Number of the member, from 0; the smallest free one when it joined. Value of the label `member`. */
  readonly slot: number
  readonly pid: number
  /** 0 for the main thread. */
  readonly threadId: number
  /** `late` if it did not reply in time. Its last rows are shown, and scrapes do not wait for it until it has replied. */
  readonly state: 'live' | 'late'
  /** True for the member that adds up the rows of all others. */
  readonly isKeeper: boolean
  /** True for the member of this process or thread. */
  readonly isThis: boolean
}

const DEFAULT_TIMEOUT_MS = 10_000

/**
 * A producer of the metrics of all processes and threads of a group. Created by {@link shareMetrics}.
 *
 * Every member returns the same metrics. No total falls while the group lives: if one would fall, because members are missing, gathering
 * rejects and the scrape fails.
 */
export class MetricGroup implements MetricProducer {
  readonly name = 'MetricGroup'
  /** A scrape without these metrics would be wrong, and fails instead. */
  readonly isRequired = true
  readonly includesSelfMetrics: boolean
  readonly #member: Member
  readonly #membership: Membership
  readonly #clock: Clock
  /** A producer with the same metrics in the keeper and none in other members, for exporters that push. */
  readonly once: MetricProducer
  #leaving: Promise<void> | undefined
  readonly #onLeave: () => void

  /** @internal */
  constructor(member: Member, membership: Membership, clock: Clock, includesSelfMetrics: boolean, onLeave: () => void) {
    this.#member = member
    this.#membership = membership
    this.#clock = clock
    this.includesSelfMetrics = includesSelfMetrics
    this.#onLeave = onLeave
    this.once = {
      name: 'MetricGroup.once',
      getMetrics: (context) => (membership.isKeeper ? this.getMetrics(context) : []),
      getFamilies: (context) => (membership.isKeeper ? this.getFamilies(context) : []),
    }
  }

  /** Adds a producer of this process. Adding it twice changes nothing. */
  add(producer: MetricProducer): void {
    this.#member.add(knownProducer(producer))
  }

  /** Returns snapshots of all metrics of the group. */
  async getMetrics(context?: GatheringContext): Promise<readonly Metric[]> {
    return snapshotsOf(await this.getFamilies(context), this.#clock.unixMs())
  }

  /**
   * Returns all metrics of the group. Waits for members at most a second, and at most half of the time-out.
   * @throws {@link TallyscopeError} (as a rejection) `ERR_GROUP_INCOMPLETE` if totals would be too low, `ERR_GROUP_LEFT` after `leave()`.
   */
  async getFamilies({ timeoutMs }: GatheringContext = { timeoutMs: DEFAULT_TIMEOUT_MS }): Promise<readonly Family[]> {
    try {
      return await this.#membership.families(timeoutMs)
    } catch (error) {
      countRejected(TallyscopeError.is(error) && error.code === 'ERR_GROUP_LEFT' ? 'left' : 'incomplete')
      warnOnce('TALLYSCOPE_GROUP', 'gathering', `metrics of the group could not be gathered: ${errorText(error)}`)
      throw error
    }
  }

  /** Returns the members by slot. Members other than the keeper learn of changes after some 100 ms. */
  members(): readonly MemberInfo[] {
    const entries = this.#membership.keeper?.roster.entries() ?? this.#member.roster
    return entries.map(({ id, ...entry }: RosterEntry) => ({ ...entry, isThis: id === this.#member.id }))
  }

  /**
   * Sends all changes to the group, without waiting for a scrape. For tasks of a pool whose threads block their event loop between tasks.
   * @throws {@link TallyscopeError} (as a rejection) `ERR_GROUP_INCOMPLETE` if there is no keeper within a second, `ERR_GROUP_LEFT` after
   *   `leave()`.
   */
  flush(): Promise<void> {
    return this.#membership.flush()
  }

  /** Sends the last values of this process to the group and leaves it. Its totals stay in the group, its gauges are removed. */
  leave(): Promise<void> {
    this.#leaving ??= this.#membership.leave().finally(this.#onLeave)
    return this.#leaving
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.leave()
  }
}
