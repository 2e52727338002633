import { Status } from '../../trace/data/status.js'
import { StatusCode } from '../../trace/data/status-code.js'

/** Collects the tags and logs that determine the status of a span. Their order does not matter. */
export class SpanOutcome {
  /** The tag `error`. */
  error: boolean | undefined = undefined
  /** The tag `http.status_code`. */
  httpCode: number | undefined = undefined
  /** The message of the last error that was logged. */
  message: string | undefined = undefined

  /** Undefined if neither tag was set. `error` takes precedence over the HTTP code. */
  get status(): Status | undefined {
    if (this.error === true) return new Status(StatusCode.UNKNOWN, this.message)
    if (this.error === false) return Status.OK
    return this.httpCode === undefined ? undefined : Status.fromHttpStatus(this.httpCode)
  }
}
