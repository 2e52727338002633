import type { Clock } from '../../../base/clock.js'
import type { Family } from '../../../metrics/data/row-source.js'

/** Gathers all producers, each given at most `timeoutMs`. */
export type Gather = (timeoutMs: number) => Promise<readonly Family[]>

/** One gathering for all scrapes that come while it runs: derived metrics are asked once, not once a scraper. */
export class SingleFlightGather {
  readonly #gather: Gather
  readonly #clock: Clock
  #running: { readonly endsMs: number; readonly families: Promise<readonly Family[]> } | undefined

  constructor(gather: Gather, clock: Clock) {
    this.#gather = gather
    this.#clock = clock
  }

  families(timeoutMs: number): Promise<readonly Family[]> {
    const endsMs = this.#clock.monotonicMs() + timeoutMs
    // One that may run longer than this scrape's caller waits is of no use to it.
    if (this.#running !== undefined && this.#running.endsMs <= endsMs) return this.#running.families
    const families = this.#gather(timeoutMs).finally(() => {
      if (this.#running === running) this.#running = undefined
    })
    const running = { endsMs, families }
    this.#running = running
    return families
  }
}
