import type { Clock } from '../base/clock.js'
import { startTimer } from '../base/timer.js'
import type { Contributor, Departure } from './data/contributor.js'
import { countDeparted } from './group-metrics.js'

/** It may only have lost its connection, and then comes back with the same id: its rows must not count twice. */
const FOLD_AFTER_MS = 10_000
/** A process that was killed has ended for certain: until then only the keeper knows its totals. */
const LOOK_EVERY_MS = 50
const MAX_LOST = 64
const MAX_REMEMBERED = 4_096

interface Lost {
  readonly contributor: Contributor
  readonly isGone: () => boolean
  endsMs: number
  /** Undefined for one whose process may still run: a keeper that was stopped. */
  stop: (() => void) | undefined
}

/** Members whose connection has ended: for ten seconds they may come back, then their totals are added to those of the departed. */
export class Departures {
  readonly #clock: Clock
  readonly #lost = new Map<string, Lost>()
  readonly #folded = new Set<string>()
  readonly #onFold: (id: string) => void

  /** @param onFold Called with the id of a member whose totals have been added to the account. */
  constructor(clock: Clock, onFold: (id: string) => void) {
    this.#clock = clock
    this.#onFold = onFold
  }

  get lostCount(): number {
    return this.#lost.size
  }

  /** True for a member whose totals are part of the account already: it would count twice. */
  isFolded(id: string): boolean {
    return this.#folded.has(id)
  }

  /**
   * Gauges go at once, totals are kept under the member's id.
   * @param isGone True once its process has certainly ended: it is not waited for then.
   * @param isStopped True for a keeper that was found to hang, and that is waited for until {@link isOver}.
   */
  lose(contributor: Contributor, isGone: () => boolean, isStopped = false): void {
    contributor.disconnect()
    const lost: Lost = { contributor, isGone, endsMs: 0, stop: undefined }
    this.#lost.get(contributor.id)?.stop?.()
    this.#lost.set(contributor.id, lost)
    if (!isStopped) this.#begin(lost)
    for (const oldest of this.#lost.values()) {
      if (this.#lost.size <= MAX_LOST) break
      if (oldest.stop !== undefined) this.depart(oldest.contributor, 'lost')
    }
  }

  /** The process of a member that was lost has certainly ended. */
  isOver(id: string): void {
    const lost = this.#lost.get(id)
    if (lost !== undefined && lost.stop === undefined) this.#begin(lost)
  }

  /** The member is back. Returns what it had, which its rows replace; undefined if it was not lost. */
  found(id: string): Contributor | undefined {
    const lost = this.#lost.get(id)
    lost?.stop?.()
    this.#lost.delete(id)
    return lost?.contributor
  }

  /** Slots of lost members, which nobody else gets while they may come back. */
  slots(): number[] {
    return [...this.#lost.values()].map(({ contributor }) => contributor.slot)
  }

  depart(contributor: Contributor, how: Departure): void {
    this.found(contributor.id)
    contributor.depart(how)
    countDeparted(how)
    this.#folded.add(contributor.id)
    for (const oldest of this.#folded) {
      if (this.#folded.size <= MAX_REMEMBERED) break
      this.#folded.delete(oldest)
    }
    this.#onFold(contributor.id)
  }

  stop(): void {
    for (const { stop } of this.#lost.values()) stop?.()
    this.#lost.clear()
  }

  #begin(lost: Lost): void {
    lost.endsMs = this.#clock.monotonicMs() + FOLD_AFTER_MS
    this.#look(lost)
  }

  #look(lost: Lost): void {
    if (lost.isGone() || this.#clock.monotonicMs() >= lost.endsMs) return this.depart(lost.contributor, 'lost')
    lost.stop = startTimer(this.#clock, LOOK_EVERY_MS, () => this.#look(lost))
  }
}
