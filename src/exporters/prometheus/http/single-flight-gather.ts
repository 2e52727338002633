import type { Clock } from '../../../base/clock.js'
import type { Gathering } from '../../../metrics/collection/gather.js'
import type { Family } from '../../../metrics/data/row-source.js'
import { TIMED_OUT, withTimeout } from '../../../base/with-timeout.js'

/** A gathering, and whether metrics are missing in it that a document needs. */
export interface RequiredGathering extends Gathering<Family> {
  isMissing?(): boolean
}

export interface GatheredFamilies {
  readonly families: readonly Family[]
  /** False if the scrape stopped waiting while producers were still being called. */
  readonly isWhole: boolean
  /** True if a document without the missing metrics would mislead. */
  readonly isMisleading: boolean
}

interface RunningGathering {
  readonly endsMs: number
  readonly all: Promise<readonly Family[]>
  soFar(): readonly Family[]
  isMissing(): boolean
}

/**
 * One gathering for all scrapes that come while it runs. How long it runs is set here; how long a scrape waits is its own
 * affair: one that waits less gets what there is by then, and changes nothing for the others.
 */
export class SingleFlightGather {
  readonly #begin: () => RequiredGathering
  readonly #timeoutMs: number
  readonly #clock: Clock
  #running: RunningGathering | undefined

  /** @param begin Begins a gathering that ends after at most `timeoutMs`. */
  constructor(begin: () => RequiredGathering, timeoutMs: number, clock: Clock) {
    this.#begin = begin
    this.#timeoutMs = timeoutMs
    this.#clock = clock
  }

  /** The families; at once if no producer has to be waited for. */
  families(waitMs: number): GatheredFamilies | Promise<GatheredFamilies> {
    const nowMs = this.#clock.monotonicMs()
    let running = this.#running
    if (running === undefined) {
      const { all, soFar, isMissing = () => false } = this.#begin()
      if (!(all instanceof Promise)) return { families: all, isWhole: true, isMisleading: isMissing() }
      const begun = { endsMs: nowMs + this.#timeoutMs, all, soFar, isMissing }
      this.#running = running = begun
      void all.then(() => {
        if (this.#running === begun) this.#running = undefined
      })
    }
    return this.#join(running, waitMs, nowMs)
  }

  async #join({ endsMs, all, soFar, isMissing }: RunningGathering, waitMs: number, nowMs: number): Promise<GatheredFamilies> {
    if (nowMs + waitMs >= endsMs) return { families: await all, isWhole: true, isMisleading: isMissing() }
    const families = await withTimeout(all, { clock: this.#clock, timeoutMs: Math.max(waitMs, 1) })
    const isWhole = families !== TIMED_OUT
    return { families: isWhole ? families : soFar(), isWhole, isMisleading: isMissing() }
  }
}
