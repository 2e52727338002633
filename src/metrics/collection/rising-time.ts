import { warnOnce } from '../../base/logger.js'

/** Log it if the wall clock is this far behind the time of the previous export, in milliseconds. */
const FAR_BACK_MS = 60_000

/**
 * The times of one exporter's exports: wall-clock time that rises by at least a millisecond with each export. Receivers refuse points that
 * are not newer than the last ones, so that after the clock was set back, the times continue from the last export.
 */
export class RisingTime {
  readonly #subject: string
  #lastUnixMs = Number.NEGATIVE_INFINITY

  /** @param subject What exports, for the log. */
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
