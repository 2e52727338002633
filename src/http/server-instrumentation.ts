import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Clock } from '../base/clock.js'
import { EMPTY_FRAME, type Frame, type TagScope } from '../base/context.js'
import { onClose } from '../base/on-close.js'
import type { TagMap } from '../stats/tags/tag-map.js'
import { rememberDistrusted } from './distrusted-traces.js'
import { isHostExcluded, type PathExclusion } from './http-exclusion.js'
import { TraceContextPropagator } from '../trace/propagation/trace-context.js'
import { frameWith } from '../trace/span/current-span.js'
import { RemoteSamplingLimit } from '../trace/sampling/remote-sampling-limit.js'
import type { Span } from '../trace/span/span.js'
import { SpanKind } from '../trace/data/span-kind.js'
import type { TracerCore } from '../trace/tracer-core.js'
import { bytesOf, countReceived, countSent, hasBody, tieBytes } from './http-body-bytes.js'
import { TickShapeGuard } from './tick-shape-guard.js'
import { RequestAttributes } from './request-attributes.js'
import { type RequestTagReader, RouteSeries } from './route-series.js'
import { type ExchangeHome, type InFlightGauge, ServerExchange } from './server-exchange.js'
import { type ServerMeasures, UNMATCHED_ROUTE } from './server-measures.js'
import { UpgradedConnection } from './upgraded-connection.js'
import type { UrlQuery } from './url-query.js'

interface ServerInstrumentationOptions {
  readonly tracer: TracerCore | undefined
  readonly measures: ServerMeasures
  readonly inFlight: InFlightGauge
  readonly clock: Clock
  readonly ignorePaths: PathExclusion
  readonly ignoreHosts: readonly string[]
  readonly publicEndpoint: boolean
  /** True if callers decide about sampling. Default: the setting of the tracer. */
  readonly trustsCallers?: boolean | undefined
  readonly urlQuery: UrlQuery
  /** Tags for requests without a matching route. */
  readonly requestTags?: RequestTagReader | undefined
  /** Finds the routes of requests that have been handled. */
  readonly routes?: RouteFinder | undefined
  readonly isHijacked?: ((reply: object) => boolean) | undefined
}

/** Finds the route of a request once it has been handled; undefined if there is none. Never throws. */
export interface RouteFinder {
  find(request: IncomingMessage): RouteSeries | undefined
}

/** Creates the exchanges of one server, and has its measures, tracer and routes. */
export class ServerInstrumentation implements ExchangeHome {
  readonly measures: ServerMeasures
  readonly inFlight: InFlightGauge
  readonly clock: Clock
  readonly unmatched: RouteSeries
  readonly tickShapeGuard: TickShapeGuard = new TickShapeGuard()
  private readonly tracer: TracerCore | undefined
  private readonly paths: PathExclusion
  private readonly hosts: readonly string[]
  private readonly publicEndpoint: boolean
  /** Limits how often callers decide that a trace is sampled; undefined if they are trusted, or never decide. */
  private readonly remoteLimit: RemoteSamplingLimit | undefined
  private readonly urlQuery: UrlQuery
  readonly routes: RouteFinder | undefined
  readonly isHijacked: ((reply: object) => boolean) | undefined
  /** True once another instrumentation has taken over. */
  stopped = false
  /** True if the propagator reads nothing without `traceparent`. */
  private readonly isW3c: boolean

  constructor(options: ServerInstrumentationOptions) {
    this.measures = options.measures
    this.inFlight = options.inFlight
    this.clock = options.clock
    this.unmatched = new RouteSeries(options.measures, UNMATCHED_ROUTE, undefined, options.requestTags)
    this.tracer = options.tracer
    this.paths = options.ignorePaths
    this.hosts = options.ignoreHosts
    this.publicEndpoint = options.publicEndpoint
    const isTrusting = options.trustsCallers ?? options.tracer?.trustsCallers
    this.remoteLimit = isTrusting === true || options.publicEndpoint ? undefined : new RemoteSamplingLimit(options.clock)
    this.urlQuery = options.urlQuery
    this.isHijacked = options.isHijacked
    this.routes = options.routes
    this.isW3c = options.tracer?.propagator instanceof TraceContextPropagator
  }

  /** The exchange of a request, which is begun if there is none; undefined if the request is excluded. */
  exchangeOf(request: IncomingMessage, response: ServerResponse): ServerExchange | undefined {
    return exchangeOf(request) ?? (this.stopped ? undefined : this.begin(request, response))
  }

  get readsContext(): boolean {
    return this.measures.stats.viewManager.readsContext
  }

  /** Begins no more exchanges. */
  stop(): void {
    this.stopped = true
  }

  private begin(request: IncomingMessage, response: ServerResponse): ServerExchange | undefined {
    if (this.isExcluded(request)) return undefined
    const exchange = new ServerExchange(this, request, response)
    // Also if no view needs the bytes: it delivers the body in the context of the request instead of the connection.
    if (hasBody(request)) countReceived(request, exchange)
    else tieBytes(request, exchange)
    if (this.measures.wantsBytes) countSent(response, exchange)
    this.inFlight.add(1)
    const close = (): void => exchange.close()
    response.on('close', close)
    // A pipelined response that waits for earlier ones gets no close event if its connection closes.
    if (response.socket === null && isBusy(request.socket)) {
      const forget = onClose(request.socket, close)
      response.once('close', forget)
    }
    return exchange
  }

  private isExcluded(request: IncomingMessage): boolean {
    if (this.paths.excludes(request.url ?? '/')) return true
    return this.hosts.length > 0 && isHostExcluded(hostOf(request), this.hosts)
  }

  /**
   * Counts a connection that a client wants to upgrade to another protocol. Returns the context for its handler; undefined if it is
   * excluded, or if a framework may handle it, which then has its own context.
   */
  upgrading(request: IncomingMessage, socket: Duplex, isFrameworks: boolean): Frame | undefined {
    if (this.stopped || this.isExcluded(request)) return undefined
    const scope: TagScope | undefined = this.readsContext ? { tags: undefined } : undefined
    const base = scope === undefined ? EMPTY_FRAME : { ...EMPTY_FRAME, scope }
    const connection = new UpgradedConnection(this, request, socket, () => ({ ...EMPTY_FRAME, tags: scope?.tags }))
    if (isFrameworks) return undefined
    const span = connection.startSpan()
    return span === undefined ? base : frameWith(base, span)
  }

  /** Starts the span of a request, which continues the caller's trace. It has no local parent, because the current context is that of the server. */
  startSpan(request: IncomingMessage, name: string): Span | undefined {
    const tracer = this.tracer
    if (tracer === undefined) return undefined
    const { headers } = request
    // Most callers send no context, and searching for one would double the cost of an unsampled span.
    const sendsNone = this.isW3c && headers['traceparent'] === undefined
    const parent = sendsNone ? null : (tracer.extract(new NodeHeaders(headers)) ?? null)
    // The current frame is that of the connection.
    const span = tracer.startSpanIn(EMPTY_FRAME, name, {
      kind: SpanKind.SERVER,
      parent,
      untrusted: this.publicEndpoint,
      remoteLimit: this.remoteLimit,
    })
    if (this.publicEndpoint && parent !== null) rememberDistrusted(span, parent.traceId)
    return span
  }

  /** Adds the attributes of its request to a sampled span. */
  describe(span: Span, request: IncomingMessage, route: string): RequestAttributes {
    const attributes = new RequestAttributes(request, hostOf(request), route === UNMATCHED_ROUTE ? undefined : route, this.urlQuery)
    span.addLater(attributes)
    return attributes
  }

  /** The tags that the caller sent and that may be received. */
  sentTags(request: IncomingMessage): TagMap | undefined {
    if (this.publicEndpoint || request.headers['baggage'] === undefined) return undefined
    const tags = this.tracer?.extractTags(new NodeHeaders(request.headers))
    return tags === undefined || tags.size === 0 ? undefined : tags
  }
}

/** True while the response to an earlier request has the connection. Node publishes a request before it assigns the connection to its response. */
function isBusy(socket: Socket | null | undefined): boolean {
  return (socket as { _httpMessage?: object | null } | null | undefined)?._httpMessage != null
}

export function exchangeOf(request: IncomingMessage): ServerExchange | undefined {
  return bytesOf(request) as ServerExchange | undefined
}

/** Node's headers: names in lower case, several headers of one name joined. */
class NodeHeaders {
  private readonly headers: IncomingMessage['headers']

  constructor(headers: IncomingMessage['headers']) {
    this.headers = headers
  }

  get(name: string): string | undefined {
    const value = this.headers[name]
    return typeof value === 'string' ? value : value?.join(',')
  }
}

function hostOf({ headers }: IncomingMessage): string | undefined {
  const host = headers.host ?? (headers[':authority'] as string | undefined)
  return host?.includes('@') ? host.slice(host.lastIndexOf('@') + 1) : host
}
