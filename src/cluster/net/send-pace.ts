/** Little that was recorded is sent at once: a process that is killed takes less of it along. */
const LEAST_MS = 50
const MOST_MS = 5_000
/** A member that has nothing to send looks again after this. */
const IDLE_MS = 200
/** The keeper takes frames of at most so many members a second. */
const MS_PER_MEMBER = 5
/** A row that has changed costs the member and the keeper about a microsecond each, and has some twelve bytes. */
const BYTES_PER_MS = 32
/** To find rows that have changed, all are looked at. */
const ROWS_PER_MS = 1_000

/** How often a member sends what was recorded, so that it costs less than a hundredth of the time of both sides. */
export class SendPace {
  #delayMs = LEAST_MS

  /** In milliseconds. */
  get delayMs(): number {
    return this.#delayMs
  }

  /** Call with what was sent, with all rows of the member, and with the members of the group. */
  sent(bytes: number, rows: number, members: number): void {
    const leastMs = Math.max(bytes === 0 ? IDLE_MS : LEAST_MS, members * MS_PER_MEMBER, rows / ROWS_PER_MS)
    this.#delayMs = Math.min(MOST_MS, Math.max(leastMs, bytes / BYTES_PER_MS))
  }
}
