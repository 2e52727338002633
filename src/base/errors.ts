import { types } from 'node:util'
import { cutString } from './strings/intern-string.js'
import { escapeControlCharacters } from './strings/inspect-value.js'

const MAX_LINE_LENGTH = 4_096
const BRAND = Symbol.for('tallyscope.error')

/**
 * Base class of all errors of this library. `code` is stable; the message may change. A message may quote foreign names and values: each
 * of its lines is escaped and cut at 4,096 characters.
 */
export class TallyscopeError extends Error {
  readonly code: string
  static {
    nameClass(this, 'TallyscopeError')
  }
  /** @param message One line, or several. */
  constructor(code: string, message: string | readonly string[], options?: { cause?: unknown }) {
    super(typeof message === 'string' ? printable(message) : message.map(printable).join('\n'), options)
    this.name = new.target.name
    this.code = code
    Object.defineProperty(this, BRAND, { value: true })
  }

  /** True for errors of any copy of this package in the process, for which `instanceof` would return false. */
  static is(error: unknown): error is TallyscopeError {
    try {
      return typeof error === 'object' && error !== null && BRAND in error
    } catch {
      return false // a proxy that throws
    }
  }
}

function printable(line: string): string {
  return cutString(escapeControlCharacters(cutString(line, MAX_LINE_LENGTH)), MAX_LINE_LENGTH)
}

/** A definition (measure, view, instrument, option) breaks a rule. It is thrown at once, and an earlier definition stays. */
export class DefinitionError extends TallyscopeError {
  static {
    nameClass(this, 'DefinitionError')
  }
}

/**
 * An export that failed. `retryable` is true if the same batch may succeed later.
 * @example
 * throw new ExportError('MY_SEND', `the backend answered ${status}`, { retryable: status >= 500 })
 */
export class ExportError extends TallyscopeError {
  readonly retryable: boolean
  /**
   * How many items of the batch were delivered. Default 0. If `retryable` is true, these are the first ones, and only the items after them
   * are sent again.
   */
  readonly delivered: number
  /** How long to wait before the next attempt, in milliseconds, if the destination requested it. */
  readonly retryAfterMs: number | undefined
  static {
    nameClass(this, 'ExportError')
  }
  constructor(
    code: string,
    message: string,
    options: { retryable: boolean; cause?: unknown; delivered?: number; retryAfterMs?: number | undefined },
  ) {
    super(code, message, options)
    this.retryable = options.retryable
    this.delivered = options.delivered ?? 0
    this.retryAfterMs = options.retryAfterMs
  }
}

/** Thrown by an exporter or transport that can never work again. It ends a periodic task. */
export class TransportError extends TallyscopeError {
  static {
    nameClass(this, 'TransportError')
  }
  /** True for a TransportError of any copy of this package in the process. */
  static override is(error: unknown): error is TransportError {
    return TallyscopeError.is(error) && error.name === 'TransportError'
  }
}

/** Names the errors of a class as its documentation does, also in bundles, whose minifier shortens the names of classes. */
export function nameClass(errorClass: object, name: string): void {
  Object.defineProperty(errorClass, 'name', { value: name, configurable: true })
}

/** True for errors of this realm and of others, such as those of a test runner. Throws for proxies that throw. */
export function isError(value: unknown): value is Error {
  return types.isNativeError(value) || value instanceof Error
}

/** The code of an error, such as `ECONNREFUSED`; undefined if it has none. */
export function errorCode(error: unknown): string | undefined {
  const code: unknown = (error as { code?: unknown } | null | undefined)?.code
  return typeof code === 'string' ? code : undefined
}

/** At most so many errors of an AggregateError are in its message. */
const MAX_ERRORS = 4

/**
 * The message of an error. If it is empty, those of its `errors`, or its code: Node reports a name whose addresses all refuse a connection
 * as an AggregateError without a message. Throws if a getter does.
 */
export function errorMessage(error: { readonly message?: unknown; readonly errors?: unknown }): string {
  const { message, errors } = error
  if (message !== '' && message !== undefined) return String(message)
  const messages = Array.isArray(errors) ? errors.slice(0, MAX_ERRORS).map((each) => (isError(each) ? each.message : String(each))) : []
  return messages.filter((text) => text !== '').join(', ') || (errorCode(error) ?? '')
}
