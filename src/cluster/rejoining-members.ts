import type { Clock } from '../base/clock.js'
import { startTimer } from '../base/timer.js'
import { incomplete } from './group-error.js'
import type { KnownMember } from './net/control-frames.js'
import { isProcessGone } from './net/process-gone.js'

/** Returning members are waited for, before their totals are given up. */
const REJOIN_TIMEOUT_MS = 10_000
/** If there was a keeper before and this process knows nothing of its members, one of them comes within this time. */
const UNSURE_MS = 2_000
/** Members that joined the keeper before in its last moments are known to nobody, and come back within this time. */
const GRACE_MS = 300
const CHECK_EVERY_MS = 50

export interface RejoinOptions {
  /** Members of the keeper before, which have to come back before totals are whole. */
  readonly expected: readonly KnownMember[]
  /** There was a keeper before, and this process was one of its members. */
  readonly isSuccessor: boolean
  /** There was a keeper before, and this process was not one of its members. */
  readonly isUnsure: boolean
}

/** The members of the keeper before. Until they are back with their totals, a page would be too low, and is not served. */
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

  /** @param finalRowIds Members that have left their last rows, and will not be back. */
  constructor({ expected, isSuccessor, isUnsure }: RejoinOptions, clock: Clock, finalRowIds: () => readonly string[]) {
    this.#clock = clock
    this.#finalRowIds = finalRowIds
    this.#sinceMs = clock.monotonicMs()
    this.#isSuccessor = isSuccessor
    this.#isUnsure = isUnsure
    this.#expected = new Map(expected.map(({ id, pid }) => [id, pid]))
  }

  /** True if there was a keeper before whose group goes on, undefined as long as that is not known. */
  get isContinued(): boolean | undefined {
    if (this.#isSuccessor || this.#hasLearned) return true
    return this.#isUnsure && this.#clock.monotonicMs() - this.#sinceMs < UNSURE_MS ? undefined : false
  }

  /** True if a page would not be too low. */
  get isComplete(): boolean {
    return this.#checkComplete()
  }

  /** A returning member has sent the members it knows. */
  addExpected(members: readonly KnownMember[]): void {
    this.#hasLearned = true
    if (!this.#isUnsure) return
    this.#isUnsure = false
    for (const { id, pid } of members) this.#expected.set(id, pid)
  }

  /** Everything of this member has come. */
  rejoined(id: string): void {
    if (this.#expected.delete(id) && this.#expected.size === 0) this.#wakeAll()
  }

  /**
   * Waits until all are back.
   * @throws {@link TallyscopeError} (as a rejection) `ERR_GROUP_INCOMPLETE` after `waitMs`.
   */
  async untilComplete(waitMs: number): Promise<void> {
    const endsMs = this.#clock.monotonicMs() + waitMs
    while (!this.#checkComplete()) {
      const leftMs = endsMs - this.#clock.monotonicMs()
      if (leftMs <= 0 || this.#isStopped) {
        const who = this.#isUnsure ? 'its members' : `${this.#expected.size} of its members`
        throw incomplete(`its keeper is new, and ${who} have not come back yet`)
      }
      await this.#pause(Math.min(leftMs, CHECK_EVERY_MS))
    }
  }

  stop(): void {
    this.#isStopped = true
    this.#wakeAll()
  }

  #checkComplete(): boolean {
    const ageMs = this.#clock.monotonicMs() - this.#sinceMs
    if (ageMs >= UNSURE_MS) this.#isUnsure = false
    if (this.#isUnsure || (this.#isSuccessor && ageMs < GRACE_MS)) return false
    if (this.#expected.size > 0) for (const id of this.#finalRowIds()) this.#expected.delete(id)
    for (const [id, pid] of this.#expected) {
      // What a member that has died since had recorded was known to the keeper before alone.
      if (ageMs >= REJOIN_TIMEOUT_MS || isProcessGone(pid)) this.#expected.delete(id)
    }
    return this.#expected.size === 0
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
