import type { Clock } from '../../base/clock.js'

const CHECK_EVERY_MS = 1_000
// Wall-clock time has whole milliseconds, so that smaller differences are not significant.
const TOLERANCE_MS = 2

/** The difference between wall-clock and monotonic time; one object for all spans that use it. */
export interface WallOffset {
  readonly ms: number
}

/**
 * Converts monotonic time to wall-clock time. The wall clock is read at most once a second, so that a span reads only one clock. If the
 * wall clock has been set, spans of new traces use the new time.
 */
export class WallClock {
  private readonly clock: Clock
  private offset: WallOffset | undefined = undefined
  private checkedAtMs = 0

  constructor(clock: Clock) {
    this.clock = clock
  }

  /** @param nowMs The current monotonic time. Another time would set the clock wrong for all spans. */
  offsetAt(nowMs: number): WallOffset {
    if (this.offset !== undefined && nowMs - this.checkedAtMs < CHECK_EVERY_MS) return this.offset
    const ms = this.clock.unixMs() - nowMs
    if (this.offset === undefined || !(Math.abs(ms - this.offset.ms) < TOLERANCE_MS)) this.offset = { ms }
    this.checkedAtMs = nowMs
    return this.offset
  }
}
