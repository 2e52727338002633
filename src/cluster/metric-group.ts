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
import { knownProducer } from './shared-stats.js'

/** A process or thread of a group. */
export interface MemberInfo {
  /** The smallest free number when it joined. */
  readonly slot: number
  readonly pid: number
  /** 0 for the main thread. */
  readonly threadId: number
  /** `late`: it did not answer in time; its last rows stand, and it is not waited for until it answers. */
  readonly state: 'live' | 'late'
  readonly isKeeper: boolean
  readonly isThis: boolean
}

const DEFAULT_TIMEOUT_MS = 10_000

/**
 * The metrics of all processes and threads of a group as those of one producer. Made by {@link shareMetrics}.
 *
 * Every member has the same metrics. A total never falls while the group lives: if it would, since members are missing that were
 * there before, gathering rejects, and a scrape fails.
 */
export class MetricGroup implements MetricProducer {
  readonly name = 'MetricGroup'
  /** A scrape without these metrics would be wrong, and fails instead. */
  readonly isRequired = true
  readonly includesSelfMetrics: boolean
  readonly #member: Member
  readonly #membership: Membership
  readonly #clock: Clock
  /** The same metrics in the keeper, and none elsewhere: for pushes, which one member has to make. */
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

  /** Snapshots of all metrics of the group. */
  async getMetrics(context?: GatheringContext): Promise<readonly Metric[]> {
    return snapshotsOf(await this.getFamilies(context), this.#clock.unixMs())
  }

  /**
   * All metrics of the group. Members are waited for at most a second, and at most half of the time-out.
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

  /** The members as this one knows them, by slot; those of another member may be a moment old. */
  members(): readonly MemberInfo[] {
    const entries = this.#membership.keeper?.roster.entries() ?? this.#member.roster
    return entries.map(({ id, ...entry }: RosterEntry) => ({ ...entry, isThis: id === this.#member.id }))
  }

  /**
   * Sends the group what has changed, without waiting for a scrape: at the end of a task of a pool whose threads block their event loop
   * between tasks.
   * @throws {@link TallyscopeError} (as a rejection) `ERR_GROUP_INCOMPLETE` if there is no keeper within a second, `ERR_GROUP_LEFT` after `leave()`.
   */
  flush(): Promise<void> {
    return this.#membership.flush()
  }

  /** Sends the group the last values of this process and leaves it. Totals stay with the group, gauges go. */
  leave(): Promise<void> {
    this.#leaving ??= this.#membership.leave().finally(this.#onLeave)
    return this.#leaving
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.leave()
  }
}
