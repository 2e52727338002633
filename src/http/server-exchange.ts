import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ServerHttp2Stream } from 'node:http2'
import type { Clock } from '../base/clock.js'
import { contextState, EMPTY_FRAME, runInFrame } from '../base/context.js'
import { httpMethodIndex } from './http-method.js'
import type { HttpOutcome } from './views/http-views.js'
import type { TagMap } from '../stats/tags/tag-map.js'
import { frameWith } from '../trace/span/current-span.js'
import { addErrorAttributes, HttpAttribute, setResponseStatus, SWITCHING_PROTOCOLS } from './http-attributes.js'
import type { Span } from '../trace/span/span.js'
import { Status } from '../trace/data/status.js'
import { StatusCode } from '../trace/data/status-code.js'
import { BodyBytes } from './http-body-bytes.js'
import { isBroken } from './own-errors.js'
import { detectOwnReset } from './own-resets.js'
import { ExchangeTags } from './exchange-tags.js'
import type { TickShapeGuard } from './tick-shape-guard.js'
import { type RequestAttributes, setStatusCode } from './request-attributes.js'
import type { RouteSeries } from './route-series.js'
import { headOf, isWritten, statusOf } from './sent-response.js'
import type { ServerMeasures } from './server-measures.js'

/** The gauge of requests in progress. */
export interface InFlightGauge {
  add(change: number): void
}

/** The part of the server's instrumentation that its exchanges use. */
export interface ExchangeHome {
  readonly clock: Clock
  readonly measures: ServerMeasures
  readonly inFlight: InFlightGauge
  readonly tickShapeGuard: TickShapeGuard
  /** The route of requests until one is found. */
  readonly unmatched: RouteSeries
  /** Finds the routes of requests that have been handled. */
  readonly routes: { find(request: IncomingMessage): RouteSeries | undefined } | undefined
  /** True if the application has taken over a response (`reply.hijack()`). */
  readonly isHijacked: ((reply: object) => boolean) | undefined
  /** True while a view reads tags from the context. */
  readonly readsContext: boolean
  startSpan(request: IncomingMessage, name: string): Span | undefined
  describe(span: Span, request: IncomingMessage, route: string): RequestAttributes
  sentTags(request: IncomingMessage): TagMap | undefined
}

/** One request, from its headers to the close of its response. It is counted once. */
export class ServerExchange extends BodyBytes {
  // Only declared, because V8 calls an extra function for fields that a derived class defines.
  declare readonly request: IncomingMessage
  declare readonly response: ServerResponse
  declare readonly method: number
  declare span: Span | undefined
  declare error: unknown
  declare private readonly home: ExchangeHome
  declare private readonly startMs: number
  declare private route: RouteSeries
  /** The attributes of a sampled span. */
  declare private attributes: RequestAttributes | undefined
  /** Tags that the caller sent. */
  declare private sentTags: TagMap | undefined
  /** Undefined unless a view reads tags from the context. */
  declare private scope: ExchangeTags | undefined
  declare private open: boolean
  // Read here and not when the response closes: Express gives requests other prototypes, after which V8 finds properties slowly.
  declare private readonly isUpgrade: boolean
  declare private readonly isHttp2: boolean
  declare private readonly isHead: boolean
  declare private readonly acceptsEvents: boolean
  /** True if the program has reset the stream of HTTP/2. */
  declare private isResetHere: boolean
  /** Fastify's request: the argument of functions for tags. */
  declare private subject: object | undefined
  declare private reply: object | undefined

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
    this.scope = undefined
    this.open = true
    this.isUpgrade = (request as { upgrade?: unknown }).upgrade === true
    this.isHttp2 = request.httpVersionMajor === 2
    this.isHead = request.method === 'HEAD'
    this.acceptsEvents = request.headers.accept === 'text/event-stream'
    this.isResetHere = false
    this.subject = undefined
    this.reply = undefined
    if (this.isHttp2) detectOwnReset((response as { stream?: unknown }).stream as ServerHttp2Stream, () => (this.isResetHere = true))
  }

  /** Sets the matched route, and begins the span. */
  routed(route: RouteSeries, subject?: object, reply?: object): void {
    this.subject = subject
    this.reply = reply
    this.route = route
    const span = this.home.startSpan(this.request, route.spanName(this.method))
    if (span?.sampled) this.attributes = this.home.describe(span, this.request, route.route)
    const sent = this.home.sentTags(this.request)
    if (sent !== undefined) this.sentTags = sent
    this.span = span
    const tags = sent === undefined ? route.tags : route.tags === undefined ? sent : sent.with(route.tags.record)
    if (this.home.readsContext) this.scope ??= new ExchangeTags(tags, this.response)
    const { scope } = this
    const base = tags === undefined && scope === undefined ? EMPTY_FRAME : { ...EMPTY_FRAME, tags, scope }
    this.frame = span === undefined ? (base === EMPTY_FRAME ? undefined : base) : frameWith(base, span)
  }

  /** Ends the exchange without recording it, because its route is excluded. */
  dismiss(): void {
    if (!this.open) return
    this.open = false
    this.home.inFlight.add(-1)
  }

  close(): void {
    if (!this.open) return
    this.dismiss()
    this.home.tickShapeGuard.count()
    if (this.scope === undefined) this.finish()
    else runInFrame(this.scope.frame(), () => this.finish())
  }

  private finish(): void {
    if (this.home.routes !== undefined) this.findRoute(this.home.routes.find(this.request))
    const isUnsent = this.isUnsent()
    const head = isUnsent ? undefined : headOf(this.response)
    const statusCode = head === undefined ? 0 : statusOf(head, this.response)
    const isDone = !isUnsent && this.isFinished()
    // Another protocol took the connection over: no response of HTTP will ever finish.
    const isUpgraded = this.isUpgrade && head === undefined
    const isStream = isUpgraded || this.isStream(isDone, head, statusCode)
    const outcome = isUpgraded && !isDone ? 'ok' : this.outcome(isDone, isStream && head !== undefined, statusCode)
    const switched = outcome === 'ok' ? SWITCHING_PROTOCOLS : 0
    this.recordAndEndSpan(head === undefined ? switched : clamped(statusCode), outcome, isStream)
  }

  private recordAndEndSpan(status: number, outcome: HttpOutcome, isStream: boolean): void {
    const { span } = this
    if (span === undefined) return this.record(status, outcome, isStream)
    if (span.sampled) {
      this.describe(span, status, outcome)
      // Exemplars belong to this span, in whichever context the close event is emitted.
      contextState.endingSpan = span
      this.record(status, outcome, isStream)
      contextState.endingSpan = undefined
    } else {
      this.record(status, outcome, isStream)
      if (status >= 400 || status === 0) this.describe(span, status, outcome)
    }
    span.end()
  }

  /** Uses a route that was found only at the end. */
  private findRoute(route: RouteSeries | undefined): void {
    if (route === undefined) return
    this.route = route
    const { span, attributes } = this
    if (span === undefined) return
    span.setName(route.spanName(this.method))
    if (attributes === undefined || attributes.isAdded) span.addAttribute(HttpAttribute.ROUTE, route.route)
    else attributes.route = route.route
  }

  private record(status: number, outcome: HttpOutcome, isStream: boolean): void {
    const seconds = (this.home.clock.monotonicMs() - this.startMs) / 1_000
    const tags = this.ownTags()
    const { route, method } = this
    const series = tags === undefined ? route.seriesOf(method, status, outcome) : route.seriesWith(method, status, outcome, tags)
    if (isStream) series.recordStream(seconds, this.received, this.sentBytes(status))
    else series.record(seconds, this.received, this.sentBytes(status))
  }

  /** Tags that the caller sent, and those that functions read from the request. */
  private ownTags(): TagMap | undefined {
    const { requestTags } = this.route
    if (requestTags === undefined) return this.sentTags
    const read = requestTags.read((this.subject ?? this.request) as never)
    return this.sentTags === undefined ? read : this.sentTags.with(read.record)
  }

  private describe(span: Span, status: number, outcome: HttpOutcome): void {
    const { status: own } = span
    if (this.error !== undefined) addErrorAttributes(span, this.error)
    const message = this.error === undefined ? undefined : span.status.message
    if (status !== 0) {
      setStatusCode(span, this.attributes, status)
      if (status !== SWITCHING_PROTOCOLS) setResponseStatus(span, status, message)
    }
    // A response of GraphQL or JSON-RPC is 200 even if the application has failed.
    if (!own.isOk) span.setStatus(own)
    if (outcome === 'aborted') span.setStatus(new Status(StatusCode.CANCELLED, 'the client closed the connection'))
    else if (outcome === 'error' && span.status.isOk) span.setStatus(new Status(StatusCode.UNKNOWN, 'the response was aborted'))
  }

  /** True for a response whose duration depends on the client, such as server-sent events. */
  private isStream(isDone: boolean, head: string | undefined, statusCode: number): boolean {
    if (head === undefined) return false
    if (statusCode === 200 && this.sendsEvents(head)) return true
    // If a handler takes over a response and ends it, it is an ordinary response.
    return !isDone && this.reply !== undefined && this.home.isHijacked?.(this.reply) === true
  }

  /** True for server-sent events: by their type, or by the request if the response has none. */
  private sendsEvents(head: string): boolean {
    if (!this.isHttp2) return EVENTS_TYPE.test(head) || (this.acceptsEvents && !ANY_TYPE.test(head))
    const type = this.response.getHeader('content-type')
    return type === undefined ? this.acceptsEvents : /^text\/event-stream/i.test(String(type))
  }

  private outcome(isDone: boolean, isSentStream: boolean, statusCode: number): HttpOutcome {
    if (isDone) return statusCode >= 500 ? 'error' : 'ok'
    if (this.isHttp2 ? this.isResetHere : !clientLeft(this.request, this.response)) return 'error'
    // Clients end streams by closing the connection.
    return isSentStream && statusCode < 500 ? 'ok' : 'aborted'
  }

  /** True if the client left while it sent its body. Node calls a response that is then written to the closed connection finished. */
  private isUnsent(): boolean {
    if (!this.countsReceived) return false
    const { request, response } = this
    return !request.complete && request.aborted && !this.isHttp2 && clientLeft(request, response)
  }

  private isFinished(): boolean {
    const { response } = this
    if (this.isHttp2) {
      const { stream } = response as { stream?: ServerHttp2Stream }
      return stream !== undefined && !stream.aborted && stream.rstCode === 0
    }
    // Node also calls a response finished if the connection failed before the last bytes were written.
    if (isWritten(response)) return !isBroken(this.request.socket)
    return isInjected(response) && response.writableEnded
  }

  /** Bytes of the body. Responses to HEAD, and those with 204 and 304, are sent without one, whatever is written to them. */
  private sentBytes(status: number): number {
    return this.isHead || status === 204 || status === 304 ? 0 : this.sent
  }
}

const ANY_TYPE = /^content-type:/im
const EVENTS_TYPE = /^content-type: *text\/event-stream/im

function clamped(status: number): number {
  return status >= 100 && status <= 999 ? status : 0
}

/** True if the client ended or reset the connection, false if the server did. */
function clientLeft(request: IncomingMessage, response: ServerResponse): boolean {
  if (isInjected(response)) return (request as InjectedRequest)._lightMyRequest?.signal?.aborted === true
  const { socket } = request
  if (failedHere(response)) return false
  return socket == null || socket.readableEnded || isBroken(socket)
}

type InjectedRequest = IncomingMessage & { readonly _lightMyRequest?: { readonly signal?: AbortSignal } }

/** True for a response of Fastify's `app.inject()`, which has no connection. */
function isInjected(response: ServerResponse): boolean {
  return (response as { isLightMyRequest?: boolean }).isLightMyRequest === true
}

/** True if the response failed on this side. From Node 24 on, a response that still waited for its connection when that closed has an error too, but no socket. */
function failedHere({ errored, socket }: ServerResponse): boolean {
  return errored != null && !(socket === null && (errored as NodeJS.ErrnoException).code === 'ECONNRESET')
}
