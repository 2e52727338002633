import type { Clock } from '../base/clock.js'
import { startTimer } from '../base/timer.js'
import { incomplete } from './group-error.js'
import type { KnownMember } from './net/control-frames.js'
import { isProcessGone } from './net/process-gone.js'

/** After this time the totals of members that have not rejoined are given up. */
const REJOIN_TIMEOUT_MS = 10_000
/** A new process that follows a dead keeper does not know its members. One of them rejoins within this time and names the others. */
const UNSURE_MS = 2_000
/** Members that joined the former keeper just before its end are in no roster. They rejoin within this time. */
const GRACE_MS = 300
const CHECK_EVERY_MS = 50

export interface RejoinOptions {
  /** Members of the former keeper, as far as they are known. */
  readonly expected: readonly KnownMember[]
  /** True if this process was a member of the former keeper. */
  readonly isSuccessor: boolean
  /** True if there was a keeper, and this process was not a member of it. */
  readonly isUnsure: boolean
}

/** The members of the former keeper. Scrapes fail until they have rejoined, because totals would be too low. */
export class RejoiningMembers {
  readonly #clock: Clock
  readonly #finalRowIds: () => readonly string[]
  readonly #sinceMs: number
  readonly #isSuccessor: boolean
  readonly #expected: Map<string, number>
  #isUnsure: boolean
  #hasLearned = false
  #isStopped = false
  readonly #wake: (() => void)[] = []

  /** @param finalRowIds Returns the ids of members that wrote their final rows to a file, and do not rejoin. */
  constructor({ expected, isSuccessor, isUnsure }: RejoinOptions, clock: Clock, finalRowIds: () => readonly string[]) {
    this.#clock = clock
    this.#finalRowIds = finalRowIds
    this.#sinceMs = clock.monotonicMs()
    this.#isSuccessor = isSuccessor
    this.#isUnsure = isUnsure
    this.#expected = new Map(expected.map(({ id, pid }) => [id, pid]))
  }

  /** True if this keeper continues the group of a former one; undefined until that is known. */
  get isContinued(): boolean | undefined {
    if (this.#isSuccessor || this.#hasLearned) return true
    return this.#isUnsure && this.#clock.monotonicMs() - this.#sinceMs < UNSURE_MS ? undefined : false
  }

  /** True if all have rejoined, so that no total is too low. */
  get isComplete(): boolean {
    const ageMs = this.#clock.monotonicMs() - this.#sinceMs
    if (ageMs >= UNSURE_MS) this.#isUnsure = false
    if (this.#isUnsure || ((this.#isSuccessor || this.#hasLearned) && ageMs < GRACE_MS)) return false
    if (this.#expected.size > 0) for (const id of this.#finalRowIds()) this.#expected.delete(id)
    for (const [id, pid] of this.#expected) {
      // The rows of a member that has died meanwhile are lost: only the former keeper had them.
      if (ageMs >= REJOIN_TIMEOUT_MS || isProcessGone(pid)) this.#expected.delete(id)
    }
    return this.#expected.size === 0
  }

  /**
   * Call with a member that rejoins and the roster of the former keeper, which it sends.
   * @param isRosterKnown False if it has joined the former keeper just before its end, and knows no other members.
   */
  addExpected(members: readonly KnownMember[], isRosterKnown: boolean): void {
    this.#hasLearned = true
    if (!this.#isUnsure) return
    this.#isUnsure = !isRosterKnown
    for (const { id, pid } of members) this.#expected.set(id, pid)
  }

  /** Call when all rows of this member have arrived. */
  rejoined(id: string): void {
    if (this.#expected.delete(id) && this.#expected.size === 0) this.#wakeAll()
  }

  /**
   * Waits until all have rejoined.
   * @throws {@link TallyscopeError} (as a rejection) `ERR_GROUP_INCOMPLETE` after `waitMs`.
   */
  async untilComplete(waitMs: number): Promise<void> {
    const endsMs = this.#clock.monotonicMs() + waitMs
    while (!this.isComplete) {
      const leftMs = endsMs - this.#clock.monotonicMs()
      if (leftMs <= 0 || this.#isStopped) {
        const missing = this.#isUnsure ? 'its members' : `${this.#expected.size} of its members`
        throw incomplete(`its keeper is new, and ${missing} have not rejoined yet`)
      }
      await this.#pause(Math.min(leftMs, CHECK_EVERY_MS))
    }
  }

  stop(): void {
    this.#isStopped = true
    this.#wakeAll()
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const stop = startTimer(this.#clock, ms, resolve, { keepAlive: true })
      this.#wake.push(() => {
        stop()
        resolve()
      })
    })
  }

  #wakeAll(): void {
    for (const wake of this.#wake.splice(0)) wake()
  }
}
