import { checkFunctions, checkOneOf } from '../../base/check-options.js'
import { type Clock, systemClock } from '../../base/clock.js'
import { currentFrame } from '../../base/context.js'
import { httpClientViews } from '../../http/views/http-views.js'
import { type ReadyView, registerReadyViews } from '../../http/views/predefined-view.js'
import { type Stats, stats as sharedStats } from '../../stats/stats.js'
import { checkHttpOptions } from '../../http/check-http-options.js'
import { addRequestAttributes, pathWithoutQuery } from '../../http/http-attributes.js'
import { isHostExcluded, PathExclusion, type PathRule } from '../../http/http-exclusion.js'
import type { Span } from '../../trace/span/span.js'
import { SpanKind } from '../../trace/data/span-kind.js'
import { addMembers, removeMembers } from '../../trace/propagation/baggage.js'
import { integrationTracer } from '../../trace/integration-tracer.js'
import type { TracerCore } from '../../trace/tracer-core.js'
import { distrustedTraceId } from '../../http/distrusted-traces.js'
import { type UrlQuery, withoutUserInfo, withUrlQuery } from '../../http/url-query.js'
import { defaultTracer } from '../../setup/tracer.js'
import { ClientExchange, type ExchangeHome } from './client-exchange.js'
import { ClientMeasures } from './client-measures.js'
import { headersSent, propagateToThrew } from './channels.js'

export interface HttpClientOptions {
  /** Tracer of the client spans. Default: one shared by all integrations, which exports nothing. False: no spans, no headers. */
  readonly tracer?: TracerCore | false
  /** Stats that record the requests. Default: the shared `stats`. */
  readonly stats?: Stats
  /** Views to register, such as `openCensusHttpClientViews`. Default: `httpClientViews`; false for none. */
  readonly views?: readonly ReadyView[] | false
  /** Additional tag keys of these views that are read from the async context of the caller, such as the tenant. Default none. */
  readonly contextTags?: readonly string[]
  /** Hosts without spans, headers and measurements, as `host` or `host:port`, exactly as in the URL. Default none. */
  readonly ignoreHosts?: readonly string[]
  /** Older name of `ignoreHosts`, with the same default. */
  readonly excludelistHostnames?: readonly string[]
  /** Paths without spans, headers and measurements. A string also matches all paths below it. Default none. */
  readonly ignorePaths?: readonly PathRule[]
  /** Older name of `ignorePaths`, with the same default. */
  readonly excludelistPaths?: readonly PathRule[]
  /** Returns true if requests to this `host` or `host:port` get trace headers. Default: all do. Exclude third parties to hide trace ids from them. */
  readonly propagateTo?: (host: string) => boolean
  /**
   * The name of a span: the method, method and host, or the result of a function. Default `'method'`. Names are label values of
   * `span/latency`, so a function should return few different names and no paths, which contain ids and secrets.
   */
  readonly spanName?: 'method' | 'methodAndHost' | ((request: OutgoingRequest) => string)
  /**
   * The query in the attribute `http.url`: `false` none, `'redacted'` names with `REDACTED` for values, `true` all, or a function of the
   * query. Default `'redacted'`.
   */
  readonly urlQuery?: UrlQuery
  /** Source of time. Default: the system clock. */
  readonly clock?: Clock
}

/** An outgoing request, as known at its start. */
export interface OutgoingRequest {
  readonly method: string
  /** With the port if it is not the default of the scheme. */
  readonly host: string
  /** `http:` or `https:`. */
  readonly protocol: string
  /** Path and query; a whole URL for a proxy, `host:port` for CONNECT. */
  readonly target: string
  readonly userAgent: string | undefined
}

/** Starts spans and measurements of outgoing requests, for all HTTP clients. */
export class ClientInstrumentation implements ExchangeHome {
  readonly measures: ClientMeasures
  readonly #tracer: TracerCore | undefined
  readonly #clock: Clock
  readonly #hosts: readonly string[]
  readonly #paths: PathExclusion
  readonly #propagateTo: ((host: string) => boolean) | undefined
  readonly #spanName: (request: OutgoingRequest) => string
  readonly #urlQuery: UrlQuery

  constructor(options: HttpClientOptions) {
    checkClientOptions(options)
    const { stats = sharedStats, clock = systemClock, views = httpClientViews } = options
    this.#tracer = integrationTracer(options.tracer, () => defaultTracer(stats))
    this.measures = new ClientMeasures(stats)
    if (views !== false) registerReadyViews(stats, views, [], options.contextTags)
    this.#clock = clock
    this.#hosts = options.ignoreHosts ?? options.excludelistHostnames ?? []
    this.#paths = new PathExclusion(options.ignorePaths ?? options.excludelistPaths ?? [])
    this.#propagateTo = options.propagateTo
    this.#spanName = spanNameOf(options.spanName)
    this.#urlQuery = options.urlQuery ?? 'redacted'
  }

  /** Starts an exchange. Returns undefined if the request is excluded or an exporter sends it. */
  begin(sent: OutgoingRequest): ClientExchange | undefined {
    const frame = currentFrame()
    if (frame.suppressed) return undefined
    const request = destinationOf(sent)
    const { method, host, target } = request
    if (isHostExcluded(host, this.#hosts) || this.#paths.excludes(target)) return undefined
    const span = this.#tracer?.startSpanIn(frame, this.#nameOf(request), { kind: SpanKind.CLIENT })
    this.#describe(span, request)
    return new ClientExchange(this, frame, method, host, span)
  }

  /** Corrects the host of a request that began without its port. */
  locate(exchange: ClientExchange, request: OutgoingRequest): void {
    exchange.host = request.host
    exchange.span?.setName(this.#nameOf(request))
    this.#describe(exchange.span, request)
  }

  #describe(span: Span | undefined, { method, host, protocol, target, userAgent }: OutgoingRequest): void {
    if (span?.sampled !== true) return
    const url = method === 'CONNECT' ? host : `${protocol}//${host}${withUrlQuery(target, this.#urlQuery)}`
    addRequestAttributes(span, { method, host, path: pathWithoutQuery(target), url, userAgent })
  }

  /**
   * Writes the context of the span and the tags that may be propagated into the headers of the request. Tags are added to `baggage` of the
   * program. If the program has set trace headers of another trace, they stay. Headers of the same trace, which a gateway forwards, are replaced, or the gateway would be
   * missing in the trace. So are headers without a valid context, which no server could continue.
   * @param late Headers that the program has set after those of the tracer. It may add further parts of a context.
   * @returns false if headers of another trace stay.
   */
  inject(span: Span | undefined, host: string, headers: OutgoingHeaders, late?: Readonly<Record<string, unknown>>): boolean {
    const tracer = this.#tracer
    if (span === undefined || tracer === undefined || !this.#mayPropagateTo(host)) return true
    const fields = tracer.propagator.fields ?? []
    if (fields.some((name) => headers.get(name) !== undefined)) {
      // With several formats, the headers also have a context of the tracer itself.
      const { traceId } = (late === undefined ? undefined : tracer.extract(late)) ?? tracer.extract(headers) ?? {}
      const distrusted = distrustedTraceId(span)
      const isReplaced = traceId === undefined ? late === undefined : traceId === span.context.traceId || traceId === distrusted
      if (!isReplaced) return false
      for (const name of fields) headers.delete(name)
      if (distrusted !== undefined) headers.delete(BAGGAGE)
    }
    if (headers.areSent) headersSent.value++
    else tracer.inject({ set: (name: string, value: string) => writeHeader(headers, name, value) }, span)
    return true
  }

  /** Removes the headers that {@link inject} has written, if they were not replaced. */
  withdraw(span: Span, headers: OutgoingHeaders): void {
    const written = this.#tracer?.inject<Record<string, string>>({}, span)
    for (const name in written) {
      const found = headers.get(name)
      if (name === BAGGAGE && found !== undefined) replaceHeader(headers, name, removeMembers(found, written[name]!))
      else if (found === written[name]) headers.delete(name)
    }
  }

  /** True for headers of a trace or its tags, which {@link inject} may replace. */
  isContextHeader(name: string): boolean {
    return this.isTraceHeader(name) || name.toLowerCase() === BAGGAGE
  }

  /** True for headers of a trace. Unlike `baggage`, a request must not have two of them. */
  isTraceHeader(name: string): boolean {
    return this.#tracer?.propagator.fields?.includes(name.toLowerCase()) === true
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs()
  }

  /** If the function throws, the host might be one that must not get the headers. */
  #mayPropagateTo(host: string): boolean {
    try {
      return this.#propagateTo?.(host) !== false
    } catch {
      propagateToThrew.value++
      return false
    }
  }

  #nameOf(request: OutgoingRequest): string {
    try {
      return this.#spanName(request)
    } catch {
      return request.method
    }
  }
}

/** The headers of an outgoing request. They can be changed until they are sent. */
export interface OutgoingHeaders {
  readonly areSent: boolean
  get(name: string): string | undefined
  set(name: string, value: string): void
  delete(name: string): void
}

const BAGGAGE = 'baggage'

/** Sets a header. Baggage of the program stays, since its members are not those of the tracer. */
function writeHeader(headers: OutgoingHeaders, name: string, value: string): void {
  const found = name === BAGGAGE ? headers.get(name) : undefined
  if (found === undefined) headers.set(name, value)
  else replaceHeader(headers, name, addMembers(found, value))
}

/** Clients of undici add a header beside another one of its name. */
function replaceHeader(headers: OutgoingHeaders, name: string, value: string): void {
  headers.delete(name)
  if (value !== '') headers.set(name, value)
}

function checkClientOptions(options: HttpClientOptions): void {
  const { ignoreHosts = options.excludelistHostnames, propagateTo, spanName = 'method' } = options
  checkHttpOptions(OWNER, { ...options, ignoreHosts }, {})
  checkFunctions('ERR_OPTION', { [`propagateTo of ${OWNER}`]: propagateTo })
  if (typeof spanName !== 'function') checkOneOf('ERR_OPTION', `spanName of ${OWNER}`, spanName, ['method', 'methodAndHost'])
}

const OWNER = 'instrumentHttpClient'

function spanNameOf(option: HttpClientOptions['spanName']): (request: OutgoingRequest) => string {
  if (typeof option === 'function') return option
  return option === 'methodAndHost' ? ({ method, host }) => `${method} ${host}` : ({ method }) => method
}

const WHOLE_URL = /^([a-z][\w+.-]*:)\/\/([^/?#]*)(.*)$/is

/** The request with the destination of its target. A request through a proxy is sent to the host of the proxy. */
function destinationOf(request: OutgoingRequest): OutgoingRequest {
  const { method, target } = request
  if (method === 'CONNECT') return { ...request, host: withoutUserInfo(`//${target}`).slice(2), target: '/' }
  if (target.startsWith('/')) return request
  const match = WHOLE_URL.exec(target)
  if (match === null) return { ...request, target: `/${target}` }
  const [, protocol, authority, rest] = match as unknown as [string, string, string, string]
  const host = authority.slice(authority.lastIndexOf('@') + 1)
  return { ...request, protocol, host, target: rest.startsWith('/') ? rest : `/${rest}` }
}

/** `host:port`, or `host` if the port is the default of the scheme. */
export function hostWithPort(protocol: string, host: string, port: number | string | undefined): string {
  const usual = protocol === 'https:' ? 443 : 80
  const bracketed = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
  return port === undefined || port === '' || Number(port) === usual ? bracketed : `${bracketed}:${port}`
}
