import { errorMessage } from '../../base/errors.js'
import { readSafely } from './read-safely.js'
import { isStatusCode, StatusCode, statusCodeName } from './status-code.js'

const BY_HTTP_CODE: Readonly<Record<number, StatusCode>> = {
  400: StatusCode.INVALID_ARGUMENT,
  401: StatusCode.UNAUTHENTICATED,
  403: StatusCode.PERMISSION_DENIED,
  404: StatusCode.NOT_FOUND,
  429: StatusCode.RESOURCE_EXHAUSTED,
  501: StatusCode.UNIMPLEMENTED,
  503: StatusCode.UNAVAILABLE,
  504: StatusCode.DEADLINE_EXCEEDED,
}

/** The reason why a request failed without a response. */
export type ClientFailure = 'cancelled' | 'bad_url' | 'timeout' | 'dns' | 'other'

const BY_FAILURE: Readonly<Record<ClientFailure, StatusCode>> = {
  cancelled: StatusCode.CANCELLED,
  bad_url: StatusCode.INVALID_ARGUMENT,
  timeout: StatusCode.DEADLINE_EXCEEDED,
  dns: StatusCode.UNKNOWN,
  other: StatusCode.UNKNOWN,
}

// By the `name` or `code` of an error of Node or of the web platform.
const BY_ERROR: ReadonlyMap<unknown, ClientFailure> = new Map<unknown, ClientFailure>(
  Object.entries<ClientFailure>({
    AbortError: 'cancelled',
    ABORT_ERR: 'cancelled',
    TimeoutError: 'timeout',
    ETIMEDOUT: 'timeout',
    UND_ERR_CONNECT_TIMEOUT: 'timeout',
    UND_ERR_HEADERS_TIMEOUT: 'timeout',
    UND_ERR_BODY_TIMEOUT: 'timeout',
    ERR_INVALID_URL: 'bad_url',
  }),
)

/**
 * The outcome of a span: a canonical code and an optional message. Immutable.
 *
 * @example
 * span.setStatus(new Status(StatusCode.NOT_FOUND, 'no such cart'))
 */
export class Status {
  static readonly OK: Status = new Status(StatusCode.OK)

  readonly code: StatusCode
  /** A description for people; undefined if there is none. */
  readonly message: string | undefined
  readonly details: readonly unknown[] | undefined

  /**
   * @param code A number that is not a canonical code becomes UNKNOWN.
   * @param message An error is replaced by its message. Any other value that is not a string is converted to one.
   */
  constructor(code: number, message?: string, details?: readonly unknown[]) {
    this.code = isStatusCode(code) ? code : StatusCode.UNKNOWN
    this.message = message == null || typeof message === 'string' ? (message ?? undefined) : (readSafely(() => textOf(message)) ?? '')
    this.details = Array.isArray(details) ? Object.freeze([...details]) : details
    Object.freeze(this) // spans and exporters share it
  }

  /** Converts a code, or a status of another copy of this package. A Status is returned unchanged. */
  static from(status: Status | StatusCode, message?: string): Status {
    if (status instanceof Status) return status
    if (typeof status !== 'object' || status === null) return new Status(status, message)
    const other = status as Status
    return new Status(other.code, other.message, other.details)
  }

  /** The status of success. */
  static asOk(): Status {
    return Status.OK
  }

  /**
   * The status of a thrown value, with its message: CANCELLED, DEADLINE_EXCEEDED or INVALID_ARGUMENT for errors of Node about an abort, a
   * time-out or a bad URL, otherwise UNKNOWN. Never throws, even if getters of the value do.
   */
  static fromError(thrown: unknown): Status {
    try {
      const { name, code } = (typeof thrown === 'object' && thrown !== null ? thrown : {}) as { name?: unknown; code?: unknown }
      const failure = BY_ERROR.get(code) ?? BY_ERROR.get(name) ?? 'other'
      return new Status(BY_FAILURE[failure], textOf(thrown))
    } catch {
      return new Status(StatusCode.UNKNOWN, '')
    }
  }

  /**
   * The status of an HTTP response code. Codes below 200, and codes that the specification does not list, are UNKNOWN.
   * @see https://github.com/census-instrumentation/opencensus-specs/blob/master/trace/HTTP.md#status
   */
  static fromHttpStatus(httpCode: number, reason?: string): Status {
    if (httpCode >= 200 && httpCode < 400) return reason === undefined ? Status.OK : new Status(StatusCode.OK, reason)
    return new Status(BY_HTTP_CODE[httpCode] ?? StatusCode.UNKNOWN, reason)
  }

  /** The status of a request without a response. */
  static fromClientFailure(failure: ClientFailure, message?: string): Status {
    return new Status(BY_FAILURE[failure] ?? StatusCode.UNKNOWN, message)
  }

  get isOk(): boolean {
    return this.code === StatusCode.OK
  }

  /** Alias of `code`, the name in OpenCensus. */
  get canonicalCode(): StatusCode {
    return this.code
  }

  /** Alias of `message`, the name in OpenCensus. */
  get description(): string | undefined {
    return this.message
  }

  /** The name of the code: `OK`, `NOT_FOUND`, … */
  get name(): string {
    return statusCodeName(this.code)
  }

  /** `code`, and `message` and `details` if they were given. */
  toJSON(): { code: StatusCode; message?: string; details?: readonly unknown[] } {
    const { code, message, details } = this
    return { code, ...(message !== undefined && { message }), ...(details !== undefined && { details }) }
  }
}

/** The message of an error; any other value as a string. */
function textOf(value: unknown): string {
  const { message } = Object(value) as { message?: unknown }
  return typeof message === 'string' ? message || errorMessage(value as Error) : String(value)
}
