import { warnOnce } from '../../base/logger.js'

/** A wall clock that is further behind the time of the previous export is logged. */
const FAR_BACK_MS = 60_000

/**
 * The times of one exporter's exports: wall-clock time that rises by at least a millisecond with each export. Receivers refuse points that
 * are not newer than the last ones, so that after the clock was set back, the times continue from the last export.
 */
export class RisingTime {
  readonly #subject: string
  #lastUnixMs = Number.NEGATIVE_INFINITY

  /** @param subject The exporter's name, for the log. */
  constructor(subject: string) {
    this.#subject = subject
  }

  next(unixMs: number): number {
    if (unixMs > this.#lastUnixMs) this.#lastUnixMs = unixMs
    else {
      if (this.#lastUnixMs - unixMs > FAR_BACK_MS) this.#warn(this.#lastUnixMs - unixMs)
      this.#lastUnixMs++
    }
    return this.#lastUnixMs
  }

  #warn(backMs: number): void {
    const seconds = Math.round(backMs / 1_000)
    const message = `${this.#subject}: the clock was set back by ${seconds} s; times of exports rise by 1 ms each until the clock has caught up`
    warnOnce('TALLYSCOPE_CLOCK_SET_BACK', this.#subject, message)
  }
}
