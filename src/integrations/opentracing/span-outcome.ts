import { Status } from '../../trace/data/status.js'
import { StatusCode } from '../../trace/data/status-code.js'

/** The outcome of a span by its tags and logs; the status does not depend on their order. */
export class SpanOutcome {
  /** The tag `error`. */
  error: boolean | undefined = undefined
  /** The tag `http.status_code`. */
  httpCode: number | undefined = undefined
  /** Of the last error that was logged. */
  message: string | undefined = undefined

  /** Undefined if neither was set. The tag `error` takes precedence over the HTTP code. */
  get status(): Status | undefined {
    if (this.error === true) return new Status(StatusCode.UNKNOWN, this.message)
    if (this.error === false) return Status.OK
    return this.httpCode === undefined ? undefined : Status.fromHttpStatus(this.httpCode)
  }
}
