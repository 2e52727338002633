import { contextState } from '../../base/context.js'
import type { HttpOutcome } from '../../http/http-views.js'
import { addErrorAttributes, addResponseStatus } from '../../http/http-attributes.js'
import type { Span } from '../../trace/span/span.js'
import { Status } from '../../trace/data/status.js'
import type { ClientMeasures } from './client-measures.js'

/** What an exchange needs of the client side it belongs to. */
export interface ExchangeHome {
  readonly measures: ClientMeasures
  monotonicMs(): number
}

/** One outgoing request, until its response has been read or it has failed; counted once. */
export class ClientExchange {
  readonly span: Span | undefined
  status: number | undefined = undefined
  sent = 0
  received = 0
  readonly #home: ExchangeHome
  readonly #method: string
  readonly #host: string
  readonly #startMs: number
  #error: unknown
  #open = true

  constructor(home: ExchangeHome, method: string, host: string, span: Span | undefined) {
    this.#home = home
    this.#method = method
    this.#host = host
    this.#startMs = home.monotonicMs()
    this.span = span
  }

  /** Says what went wrong; the first error counts. */
  failed(error: unknown): void {
    this.#error ??= error
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    const { span } = this
    const outcome = this.#outcome()
    if (span !== undefined) this.#describe(span)
    const seconds = (this.#home.monotonicMs() - this.#startMs) / 1_000
    // The values are this span's, wherever the event of the end comes from.
    const before = contextState.endingSpan
    contextState.endingSpan = span?.sampled === true ? span : before
    this.#home.measures.record(this.#method, this.#host, this.status, outcome, seconds, this.sent, this.received)
    contextState.endingSpan = before
    span?.end()
  }

  #describe(span: Span): void {
    const error = this.#error
    if (this.status !== undefined) addResponseStatus(span, this.status)
    if (error === undefined) {
      if (this.status === undefined) span.setStatus(Status.fromClientFailure('other', 'no response'))
      return
    }
    addErrorAttributes(span, error)
  }

  #outcome(): HttpOutcome {
    if (this.#error !== undefined) return isAbort(this.#error) ? 'aborted' : 'error'
    return this.status === undefined || this.status >= 500 ? 'error' : 'ok'
  }
}

/** What AbortController and `request.abort()` give; a time-out is none. */
function isAbort(error: unknown): boolean {
  const { name, code } = (typeof error === 'object' && error !== null ? error : {}) as { name?: unknown; code?: unknown }
  return name === 'AbortError' || code === 'ABORT_ERR'
}
