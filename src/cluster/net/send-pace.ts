/**
 * The minimum delay. The shorter it is, the less a killed process loses. With 50 ms, a keeper of four members of which each changes one row
 * needs about 2.5 % of a processor; with 20 ms about 4 %.
 */
const MIN_DELAY_MS = 50
const MAX_DELAY_MS = 5_000
/** The delay after a check that found no changes. */
const IDLE_MS = 200
/** Minimum delay for each member of the group, which limits the rate of frames that the keeper receives. */
const MS_PER_MEMBER = 5
/** A changed row needs about twelve bytes, and about a microsecond of CPU in the member and in the keeper. */
const BYTES_PER_MS = 32
/** All rows are checked for changes, which takes time even if none has changed. */
const ROWS_PER_MS = 1_000

/** How often a member sends what was recorded, so that it costs less than a hundredth of the time of both sides. */
export class SendPace {
  #delayMs = MIN_DELAY_MS

  /** In milliseconds. */
  get delayMs(): number {
    return this.#delayMs
  }

  /** Call with the bytes that were sent, the number of rows of the member, and the number of members of the group. */
  sent(bytes: number, rows: number, members: number): void {
    const leastMs = Math.max(bytes === 0 ? IDLE_MS : MIN_DELAY_MS, members * MS_PER_MEMBER, rows / ROWS_PER_MS)
    this.#delayMs = Math.min(MAX_DELAY_MS, Math.max(leastMs, bytes / BYTES_PER_MS))
  }
}
