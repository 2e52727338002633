import { cutString } from './strings/intern-string.js'
import { escapeControlCharacters } from './strings/inspect-value.js'
import { errorCode, errorMessage, isError } from './errors.js'
import { cutRedacted } from './strings/redact-credentials.js'
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
      logger.warn({ err: loggedError(error), code, ...(suppressed > 0 && { suppressed }) }, escapeControlCharacters(message))
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

const MAX_FRAMES = 20
const MAX_FRAME_CHARACTERS = 300

/**
 * A copy of a thrown error for a logger, which prints whatever an error has: `message` is its `errorText`, and `name`, `code` and the frames of
 * its stack are on one line each. Other fields, `cause` among them, are left out. Other values are returned as their text, undefined as it
 * is. Never throws.
 */
function loggedError(error: unknown): unknown {
  if (error === undefined) return undefined
  const text = errorText(error)
  try {
    if (!isError(error)) return text
    const { name, message, stack } = error
    const shown = escapeControlCharacters(cutRedacted(String(name), MAX_FRAME_CHARACTERS))
    const code = errorCode(error)
    return Object.defineProperties(new Error(text), {
      name: { value: shown },
      stack: { value: [`${shown}: ${text}`, ...framesOf(String(stack), String(message))].join('\n') },
      ...(code !== undefined && { code: { value: escapeControlCharacters(cutRedacted(code, MAX_FRAME_CHARACTERS)), enumerable: true } }),
    })
  } catch {
    return text
  }
}

/** The frames of a stack. None if they cannot be distinguished from lines of the message. */
function framesOf(stack: string, message: string): string[] {
  const at = stack.indexOf(message)
  if (at < 0) return []
  return stack
    .slice(at + message.length, at + message.length + 2 * MAX_FRAMES * MAX_FRAME_CHARACTERS)
    .split('\n')
    .filter((line) => /^ +at /.test(line))
    .slice(0, MAX_FRAMES)
    .map((line) => escapeControlCharacters(cutString(line, MAX_FRAME_CHARACTERS)))
}

/** The message of an error, or its code, or its name. */
function messageOf(error: unknown): string {
  if (!isError(error)) return String(error)
  return errorMessage(error) || error.name
}
