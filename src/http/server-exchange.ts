import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ServerHttp2Stream } from 'node:http2'
import type { Clock } from '../base/clock.js'
import { contextState, EMPTY_FRAME } from '../base/context.js'
import { httpMethodIndex } from './http-method.js'
import type { HttpOutcome } from './http-views.js'
import type { TagMap } from '../stats/tags/tag-map.js'
import { frameWith } from '../trace/span/current-span.js'
import { addErrorAttributes, HttpAttribute, setResponseStatus } from './http-attributes.js'
import type { Span } from '../trace/span/span.js'
import { Status } from '../trace/data/status.js'
import { StatusCode } from '../trace/data/status-code.js'
import { BodyBytes } from './http-body-bytes.js'
import type { TickShapeGuard } from './tick-shape-guard.js'
import type { RequestAttributes } from './request-attributes.js'
import type { RouteSeries } from './route-series.js'
import type { ServerMeasures } from './server-measures.js'

/** The gauge of requests that are being answered. */
export interface InFlightGauge {
  add(change: number): void
}

/** What an exchange needs of the server it belongs to. */
export interface ExchangeHome {
  readonly clock: Clock
  readonly measures: ServerMeasures
  readonly inFlight: InFlightGauge
  readonly tickShapeGuard: TickShapeGuard
  /** For requests that no route has taken yet. */
  readonly unmatched: RouteSeries
  startSpan(request: IncomingMessage, name: string): Span | undefined
  describe(span: Span, request: IncomingMessage, route: string): RequestAttributes
  sentTags(request: IncomingMessage): TagMap | undefined
}

const SWITCHING_PROTOCOLS = 101

/** One request, from its headers to the close of its response; counted once, however it ends. */
export class ServerExchange extends BodyBytes {
  // Only declared: for fields that a derived class defines itself, V8 calls a function of its own.
  declare readonly request: IncomingMessage
  declare readonly response: ServerResponse
  declare readonly method: number
  declare span: Span | undefined
  declare error: unknown
  declare private readonly home: ExchangeHome
  declare private readonly startMs: number
  declare private route: RouteSeries
  /** Of a sampled span. */
  declare private attributes: RequestAttributes | undefined
  /** Tags that the caller sent along. */
  declare private sentTags: TagMap | undefined
  declare private open: boolean

  constructor(home: ExchangeHome, request: IncomingMessage, response: ServerResponse) {
    super()
    this.request = request
    this.response = response
    this.method = httpMethodIndex(request.method)
    this.span = undefined
    this.error = undefined
    this.home = home
    this.startMs = home.clock.monotonicMs()
    this.route = home.unmatched
    this.attributes = undefined
    this.sentTags = undefined
    this.open = true
  }

  /** Says which route answers, and begins the span. */
  routed(route: RouteSeries): void {
    this.route = route
    const span = this.home.startSpan(this.request, route.spanName(this.method))
    if (span?.sampled) this.attributes = this.home.describe(span, this.request, route.route)
    const sent = this.home.sentTags(this.request)
    if (sent !== undefined) this.sentTags = sent
    this.span = span
    const tags = sent === undefined ? route.tags : route.tags === undefined ? sent : sent.with(route.tags.record)
    const base = tags === undefined ? EMPTY_FRAME : { ...EMPTY_FRAME, tags }
    this.frame = span === undefined ? (tags === undefined ? undefined : base) : frameWith(base, span)
  }

  /** Forgets the request: its route is not to be measured. */
  dismiss(): void {
    if (!this.open) return
    this.open = false
    this.home.inFlight.add(-1)
  }

  close(): void {
    if (!this.open) return
    this.dismiss()
    this.home.tickShapeGuard.count()
    const outcome = this.outcome()
    const status = this.status(outcome)
    const { span } = this
    if (span?.sampled) {
      this.describe(span, status, outcome)
      // The values are this span's, wherever the event of the close comes from.
      contextState.endingSpan = span
      this.record(status, outcome)
      contextState.endingSpan = undefined
    } else {
      this.record(status, outcome)
      if (span !== undefined && (status >= 400 || status === 0)) this.describe(span, status, outcome)
    }
    span?.end()
  }

  private record(status: number, outcome: HttpOutcome): void {
    const seconds = (this.home.clock.monotonicMs() - this.startMs) / 1_000
    const { received } = this
    const sent = this.sentBytes(status)
    const route = this.route
    if (this.sentTags === undefined) return route.record(this.method, status, outcome, seconds, received, sent)
    const context = route.tags === undefined ? this.sentTags : this.sentTags.with(route.tags.record)
    this.home.measures.recordTagged(route.tagsOf(this.method, status, outcome), context, seconds, received, sent)
  }

  private describe(span: Span, status: number, outcome: HttpOutcome): void {
    if (this.error !== undefined) addErrorAttributes(span, this.error)
    const message = this.error === undefined ? undefined : span.status.message
    if (status !== 0) {
      this.tellStatus(span, status)
      if (status !== SWITCHING_PROTOCOLS) setResponseStatus(span, status, message)
    }
    if (outcome === 'aborted') span.setStatus(new Status(StatusCode.CANCELLED, 'the client went away'))
    else if (outcome === 'error' && span.status.isOk) span.setStatus(new Status(StatusCode.UNKNOWN, 'the response was broken off'))
  }

  private tellStatus(span: Span, status: number): void {
    const { attributes } = this
    if (attributes === undefined || attributes.isTold) span.addAttribute(HttpAttribute.STATUS_CODE, status)
    else attributes.statusCode = status
  }

  private outcome(): HttpOutcome {
    if (isFinished(this.response)) return this.response.statusCode >= 500 ? 'error' : 'ok'
    if (this.isUpgraded()) return 'ok'
    return clientLeft(this.request, this.response) ? 'aborted' : 'error'
  }

  private status(outcome: HttpOutcome): number {
    if (this.response.headersSent) return clamped(this.response.statusCode)
    return outcome === 'ok' ? SWITCHING_PROTOCOLS : 0
  }

  /** Another protocol took the connection over: no response of HTTP will ever finish. */
  private isUpgraded(): boolean {
    return (this.request as { upgrade?: unknown }).upgrade === true && !this.response.headersSent
  }

  /** Answers to HEAD, and those with 204 and 304, have no body on the wire whatever is written to them. */
  private sentBytes(status: number): number {
    return this.request.method === 'HEAD' || status === 204 || status === 304 ? 0 : this.sent
  }
}

function clamped(status: number): number {
  return status >= 100 && status <= 999 ? status : 0
}

function isFinished(response: ServerResponse): boolean {
  const { stream, isLightMyRequest } = response as { stream?: ServerHttp2Stream; isLightMyRequest?: boolean }
  if (stream !== undefined) return !stream.aborted && stream.rstCode === 0
  return response.writableFinished || (isLightMyRequest === true && response.writableEnded) // of app.inject(), which sends nothing
}

/** The other side ended or reset the connection; else it was this side that broke it off. */
function clientLeft({ socket }: IncomingMessage, response: ServerResponse): boolean {
  const { stream } = response as { stream?: ServerHttp2Stream }
  if (stream !== undefined) return stream.aborted
  return !failedHere(response) && (socket == null || socket.readableEnded || socket.errored != null)
}

/** From Node 24 on a response that was still waiting for its connection when that closed has an error too; it never had a socket. */
function failedHere({ errored, socket }: ServerResponse): boolean {
  return errored != null && !(socket === null && (errored as NodeJS.ErrnoException).code === 'ECONNRESET')
}
