import type { Clock } from '../base/clock.js'
import { startTimer } from '../base/timer.js'
import type { Contributor, Departure } from './frames/contributor.js'
import { countDeparted } from './group-metrics.js'

/** Time for a member to rejoin with the same id, if it has only lost its connection. */
const DEPART_AFTER_MS = 10_000
/** If the process of a disconnected member has ended, its totals are added at the next check. */
const CHECK_EVERY_MS = 50
const MAX_LOST = 64
/** The same with members of keepers that hang, which may come back at any time. */
const MAX_LOST_OR_STOPPED = 4_096
const MAX_REMEMBERED = 4_096

interface LossOptions {
  /** True for a keeper that hangs. It may rejoin until {@link Departures.processEnded} is called. Default false. */
  readonly isStopped?: boolean
  /** How long the member is refused if it rejoins, in milliseconds. It has this much more time to rejoin. Default 0. */
  readonly refusedMs?: number
}

interface Lost {
  readonly contributor: Contributor
  readonly isGone: () => boolean
  readonly stayMs: number
  endsMs: number
  /** Stops the checks; undefined before they begin, as for a keeper that hangs. */
  stop: (() => void) | undefined
}

/** Members whose connection has ended. They may rejoin for ten seconds; then their totals are added to those of departed members. */
export class Departures {
  readonly #clock: Clock
  readonly #lost = new Map<string, Lost>()
  readonly #departed = new Set<string>()
  readonly #onDeparted: (id: string) => void
  readonly #importFinalRows: () => void

  /**
   * @param onDeparted Called with the id of a member whose totals have been added to those of departed members.
   * @param importFinalRows Called before a member is given up, which may have written its final rows to a file.
   */
  constructor(clock: Clock, onDeparted: (id: string) => void, importFinalRows: () => void) {
    this.#clock = clock
    this.#onDeparted = onDeparted
    this.#importFinalRows = importFinalRows
  }

  get lostCount(): number {
    return this.#lost.size
  }

  /** True if the totals of this member have been added to those of departed members. If it rejoined, they would count twice. */
  hasDeparted(id: string): boolean {
    return this.#departed.has(id)
  }

  /**
   * Call when the connection of a member has ended. Hides its gauges, and keeps its totals under its id.
   * @param isGone Returns true if its process has certainly ended, so that it cannot rejoin.
   */
  disconnected(contributor: Contributor, isGone: () => boolean, { isStopped = false, refusedMs = 0 }: LossOptions = {}): void {
    contributor.showGauges(false)
    const lost: Lost = { contributor, isGone, stayMs: refusedMs + DEPART_AFTER_MS, endsMs: 0, stop: undefined }
    this.#lost.get(contributor.id)?.stop?.()
    this.#lost.set(contributor.id, lost)
    if (!isStopped) this.#begin(lost)
    for (const oldest of this.#lost.values()) {
      if (this.#lost.size <= MAX_LOST) break
      if (oldest.stop !== undefined || this.#lost.size > MAX_LOST_OR_STOPPED) this.depart(oldest.contributor, 'lost')
    }
  }

  /** Call when the process of a keeper that hung has ended. */
  processEnded(id: string): void {
    const lost = this.#lost.get(id)
    if (lost !== undefined && lost.stop === undefined) this.#begin(lost)
  }

  /** Call when a member rejoins. Returns its former rows, which it is about to replace; undefined if it was not disconnected. */
  reclaim(id: string): Contributor | undefined {
    const lost = this.#lost.get(id)
    lost?.stop?.()
    this.#lost.delete(id)
    return lost?.contributor
  }

  /** The slots that are reserved for disconnected members. */
  slots(): number[] {
    return [...this.#lost.values()].map(({ contributor }) => contributor.slot)
  }

  /** Adds the member's totals to those of departed members. */
  depart(contributor: Contributor, how: Departure): void {
    this.reclaim(contributor.id)
    contributor.depart()
    countDeparted(how)
    this.#departed.add(contributor.id)
    for (const oldest of this.#departed) {
      if (this.#departed.size <= MAX_REMEMBERED) break
      this.#departed.delete(oldest)
    }
    this.#onDeparted(contributor.id)
  }

  stop(): void {
    for (const { stop } of this.#lost.values()) stop?.()
    this.#lost.clear()
  }

  #begin(lost: Lost): void {
    lost.endsMs = this.#clock.monotonicMs() + lost.stayMs
    this.#check(lost)
  }

  #check(lost: Lost): void {
    if (lost.isGone() || this.#clock.monotonicMs() >= lost.endsMs) {
      this.#importFinalRows()
      if (this.#lost.get(lost.contributor.id) === lost) this.depart(lost.contributor, 'lost')
      return
    }
    lost.stop = startTimer(this.#clock, CHECK_EVERY_MS, () => this.#check(lost))
  }
}
