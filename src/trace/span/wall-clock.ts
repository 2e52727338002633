import type { Clock } from '../../base/clock.js'

const CHECK_EVERY_MS = 1_000
// Wall time is reported in whole milliseconds: smaller differences mean nothing.
const TOLERANCE_MS = 2

/** What has to be added to monotonic time to get wall time; one object for all spans that go by it. */
export interface WallOffset {
  readonly ms: number
}

/**
 * Ties monotonic time to wall time. Wall time is looked at once a second at most, so that a span reads one clock; if
 * it has been set again, spans of new traces follow.
 */
export class WallClock {
  private readonly clock: Clock
  private offset: WallOffset | undefined = undefined
  private checkedAtMs = 0

  constructor(clock: Clock) {
    this.clock = clock
  }

  offsetAt(monotonicMs: number): WallOffset {
    if (this.offset !== undefined && monotonicMs - this.checkedAtMs < CHECK_EVERY_MS) return this.offset
    const ms = this.clock.unixMs() - monotonicMs
    if (this.offset === undefined || !(Math.abs(ms - this.offset.ms) < TOLERANCE_MS)) this.offset = { ms }
    this.checkedAtMs = monotonicMs
    return this.offset
  }
}
