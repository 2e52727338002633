import type { Clock } from '../base/clock.js'

const CHECK_EVERY_MS = 1_000
// Wall time is told in whole milliseconds: smaller differences say nothing.
const TOLERANCE_MS = 2

/**
 * What has to be added to monotonic time to get wall time. Wall time is looked at once a second at most, so that a
 * span reads one clock; where it has been set anew, spans of new traces follow.
 */
export class WallOffset {
  readonly #clock: Clock
  #offsetMs = 0
  #checkedAtMs = Number.NEGATIVE_INFINITY

  constructor(clock: Clock) {
    this.#clock = clock
  }

  at(monotonicMs: number): number {
    if (monotonicMs - this.#checkedAtMs < CHECK_EVERY_MS) return this.#offsetMs
    const offsetMs = this.#clock.unixMs() - monotonicMs
    if (!(Math.abs(offsetMs - this.#offsetMs) < TOLERANCE_MS) || this.#checkedAtMs === Number.NEGATIVE_INFINITY) this.#offsetMs = offsetMs
    this.#checkedAtMs = monotonicMs
    return this.#offsetMs
  }
}
