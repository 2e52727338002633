import type { Clock } from '../../../base/clock.js'
import type { Gathering } from '../../../metrics/collection/gather.js'
import type { Family } from '../../../metrics/data/row-source.js'
import { TIMED_OUT, withTimeout } from '../../../base/with-timeout.js'

/** A gathering that reports whether required metrics are missing. */
export interface RequiredGathering extends Gathering<Family> {
  isMissing?(): boolean
}

export interface GatheredFamilies {
  readonly families: readonly Family[]
  /** False if the scrape stopped waiting while producers were still being called. */
  readonly isWhole: boolean
  /** True if required metrics are missing, so that the document would be misleading. */
  readonly isMisleading: boolean
}

interface RunningGathering {
  readonly endsMs: number
  readonly all: Promise<readonly Family[]>
  soFar(): readonly Family[]
  isMissing(): boolean
}

/**
 * Shares one gathering among all scrapes that arrive while it runs. It has its own time limit. A scrape with a shorter time-out gets the
 * metrics that are available by then, and does not affect the others.
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

  /** The families. A promise only if a producer is asynchronous. */
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
