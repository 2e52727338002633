import { type Clock, timerClock } from './clock.js'
import { type Logger, warnOnce } from './logger.js'

const TELL_EVERY_MS = 60_000

export interface FailureLogOptions {
  /** Code of the process warning, `TALLYSCOPE_…`. */
  readonly code: string
  /** What fails, for the text: `exporter FileExporter`. */
  readonly subject: string
  readonly logger?: Logger | undefined
  readonly clock?: Clock | undefined
}

/**
 * Tells that something fails without flooding: by the logger at most once a minute, with the number of failures
 * that were not told, or without a logger by a process warning, each kind of failure once. Never throws, whatever the logger does.
 */
export class FailureLog {
  readonly #options: FailureLogOptions
  readonly #clock: Clock
  #toldAtMs = Number.NEGATIVE_INFINITY
  #untold = 0
  #lastWarned: string | undefined

  constructor(options: FailureLogOptions) {
    this.#options = options
    this.#clock = options.clock ?? timerClock
  }

  tell(what: string, error?: unknown): void {
    const { code, subject, logger } = this.#options
    // A full queue tells of each item it drops: where it has been told, that must cost next to nothing.
    if (logger === undefined && error === undefined) {
      if (this.#lastWarned === what) return
      this.#lastWarned = what
    }
    const message = error === undefined ? `${subject} ${what}` : `${subject} ${what}: ${errorText(error)}`
    if (logger === undefined) {
      warnOnce(code, `${subject} ${what.replaceAll(/\d+/g, 'n')}`, message)
      return
    }
    const nowMs = this.#clock.monotonicMs()
    if (nowMs - this.#toldAtMs < TELL_EVERY_MS) {
      this.#untold++
      return
    }
    const untold = this.#untold
    this.#toldAtMs = nowMs
    this.#untold = 0
    try {
      logger.warn({ err: error, code, ...(untold > 0 && { untold }) }, message)
    } catch {
      warnOnce(code, subject, message)
    }
  }
}

/** The message of whatever was thrown, at most 500 characters; hostile getters included, it never throws. */
export function errorText(error: unknown): string {
  try {
    const text = error instanceof Error ? error.message || error.name : String(error)
    return text.length > 500 ? `${text.slice(0, 500)}…` : text
  } catch {
    return 'an error that cannot be read'
  }
}
