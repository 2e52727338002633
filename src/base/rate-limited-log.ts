import { escapeControlCharacters } from './inspect-value.js'
import { errorMessage, isError } from './errors.js'
import { cutRedacted } from './redact-credentials.js'
import { type Clock, timerClock } from './clock.js'
import { type Logger, warnOnce } from './logger.js'

const REPORT_EVERY_MS = 60_000

interface RateLimitedLogOptions {
  /** Code of the process warning, `TALLYSCOPE_…`. */
  readonly code: string
  /** The subject of the message: `exporter FileExporter`. */
  readonly subject: string
  readonly logger?: Logger | undefined
  readonly clock?: Clock | undefined
}

/**
 * Reports failures at a limited rate. With a logger: at most once a minute, with the number of failures that were not reported. Without
 * one: a process warning, once for each kind of failure. Never throws, even if the logger does.
 */
export class RateLimitedLog {
  readonly #options: RateLimitedLogOptions
  readonly #clock: Clock
  #reportedAtMs = Number.NEGATIVE_INFINITY
  #suppressed = 0
  #lastWarned: string | undefined

  constructor(options: RateLimitedLogOptions) {
    this.#options = options
    this.#clock = options.clock ?? timerClock
  }

  report(what: string, error?: unknown): void {
    const { code, subject, logger } = this.#options
    // A full queue reports each item it drops, so that a suppressed report must be cheap.
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
    if (nowMs - this.#reportedAtMs < REPORT_EVERY_MS) {
      this.#suppressed++
      return
    }
    const suppressed = this.#suppressed
    this.#reportedAtMs = nowMs
    this.#suppressed = 0
    try {
      logger.warn({ err: error, code, ...(suppressed > 0 && { suppressed }) }, escapeControlCharacters(message))
    } catch {
      warnOnce(code, subject, message)
    }
  }
}

const MAX_CHARACTERS = 500
const MAX_CAUSES = 3

/**
 * The message of a thrown value with its causes, on one line: at most about 500 characters, without credentials of URLs. Never throws, even
 * if the getters of the error do.
 */
export function errorText(error: unknown): string {
  try {
    const texts: string[] = []
    let cause = error
    for (let depth = 0; depth <= MAX_CAUSES && cause != null; depth++) {
      const text = messageOf(cause)
      if (!texts.some((known) => known.includes(text))) texts.push(text)
      cause = isError(cause) ? cause.cause : undefined
    }
    const text = texts.length === 0 ? String(error) : texts.join(': ')
    const shown = escapeControlCharacters(cutRedacted(text, 2 * MAX_CHARACTERS))
    return shown.length > MAX_CHARACTERS ? `${shown.slice(0, MAX_CHARACTERS)}…` : shown
  } catch {
    return 'an error that cannot be read'
  }
}

/** The message of an error, or its code, or its name. */
function messageOf(error: unknown): string {
  if (!isError(error)) return String(error)
  return errorMessage(error) || error.name
}
