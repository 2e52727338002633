import { contextState, type Frame, runInFrame } from '../../base/context.js'
import type { HttpOutcome } from '../../http/views/http-views.js'
import { addErrorAttributes, addResponseStatus, HttpAttribute, SWITCHING_PROTOCOLS } from '../../http/http-attributes.js'
import type { Span } from '../../trace/span/span.js'
import { Status } from '../../trace/data/status.js'
import { StatusCode } from '../../trace/data/status-code.js'
import type { ClientMeasures, CountedExchange } from './client-measures.js'

/** The part of the client instrumentation that its exchanges use. */
export interface ExchangeHome {
  readonly measures: ClientMeasures
  monotonicMs(): number
}

/** One outgoing request, until its response has been read or it has failed; counted once. */
export class ClientExchange implements CountedExchange {
  readonly method: string
  readonly span: Span | undefined
  status: number | undefined = undefined
  /** May change until `close()`: Node does not keep the port of a request. */
  host: string
  sent = 0
  received = 0
  readonly #home: ExchangeHome
  readonly #startMs: number
  /** The context of the caller. The end event has that of the connection. */
  readonly #frame: Frame
  #error: unknown
  #aborted = false
  #connectionFailed = false
  #open = true

  constructor(home: ExchangeHome, frame: Frame, method: string, host: string, span: Span | undefined) {
    this.#home = home
    this.#frame = frame
    this.method = method
    this.host = host
    this.#startMs = home.monotonicMs()
    this.span = span
  }

  /** Sets the error of the request. Later errors are ignored. */
  failed(error: unknown): void {
    this.#error ??= timeoutIn(error) ?? error
  }

  /** Sets the error of its connection, which counts as a failure even if it looks like that of an abort. */
  connectionFailed(error: unknown): void {
    if (this.#error === undefined) this.#connectionFailed = true
    this.failed(error)
  }

  /**
   * Records that the caller ended the request. A time-out counts as a failure instead. A client that follows a redirect destroys the response
   * without reading its body, which is the end of that request.
   */
  aborted(reason?: unknown): void {
    if (timeoutIn(reason) !== undefined) this.failed(reason)
    else if (this.#error === undefined && !this.#isRedirect()) this.#aborted = true
  }

  #isRedirect(): boolean {
    return this.status !== undefined && REDIRECTS.has(this.status)
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    if (this.#home.measures.readsContext) runInFrame(this.#frame, () => this.#finish())
    else this.#finish()
  }

  #finish(): void {
    const { span } = this
    const outcome = this.#outcome()
    if (span !== undefined) this.#describe(span)
    const seconds = (this.#home.monotonicMs() - this.#startMs) / 1_000
    // Exemplars of these values must name this span, even if the end event has another context.
    const before = contextState.endingSpan
    contextState.endingSpan = span?.sampled === true ? span : before
    this.#home.measures.record(this, outcome, seconds)
    contextState.endingSpan = before
    span?.end()
  }

  #describe(span: Span): void {
    const error = this.#error
    if (this.status === SWITCHING_PROTOCOLS) span.addAttribute(HttpAttribute.STATUS_CODE, this.status)
    else if (this.status !== undefined) addResponseStatus(span, this.status)
    if (this.#isAborted()) span.setStatus(new Status(StatusCode.CANCELLED, 'the caller aborted the request'))
    else if (error !== undefined) this.#describeError(span, error)
    else if (this.status === undefined) span.setStatus(Status.fromClientFailure('other', 'no response'))
  }

  #describeError(span: Span, error: unknown): void {
    addErrorAttributes(span, error)
    // undici has the name AbortError for the refusal of a proxy too.
    if (isAbort(error)) span.setStatus(Status.fromClientFailure('other', 'the connection failed'))
  }

  #outcome(): HttpOutcome {
    if (this.#isAborted()) return 'aborted'
    if (this.#error !== undefined) return 'error'
    return this.status === undefined || this.status >= 500 ? 'error' : 'ok'
  }

  #isAborted(): boolean {
    return this.#aborted || (!this.#connectionFailed && isAbort(this.#error))
  }
}

/** True for the default errors of AbortController, `request.abort()` and `destroy()` of a client or pool of undici. */
function isAbort(error: unknown): boolean {
  const { name, code } = factsOf(error)
  return name === 'AbortError' || code === 'ABORT_ERR' || code === 'UND_ERR_DESTROYED'
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

/** ECONNABORTED is that of axios and superagent. The system has it for connections that failed. */
const TIMEOUT_CODES: ReadonlySet<unknown> = new Set(['ETIMEDOUT', 'ESOCKETTIMEDOUT', 'ECONNABORTED'])

/** The error of a time-out. Node wraps that of an `AbortSignal.timeout` into an AbortError. */
function timeoutIn(error: unknown): unknown {
  if (isTimeout(error)) return error
  const { cause } = factsOf(error)
  return isAbort(error) && isTimeout(cause) ? cause : undefined
}

function isTimeout(error: unknown): boolean {
  const { name, code } = factsOf(error)
  return name === 'TimeoutError' || TIMEOUT_CODES.has(code) || /^UND_ERR_.*_TIMEOUT$/.test(String(code))
}

/** Never throws. The caller may abort with any value. */
function factsOf(error: unknown): { readonly name?: unknown; readonly code?: unknown; readonly cause?: unknown } {
  if (typeof error !== 'object' || error === null) return {}
  try {
    const { name, code, cause } = error as { name?: unknown; code?: unknown; cause?: unknown }
    return { name, code: typeof code === 'string' ? code : undefined, cause }
  } catch {
    return {}
  }
}
