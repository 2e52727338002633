import { type Clock, systemClock } from '../../base/clock.js'
import { isSuppressed } from '../../base/suppression.js'
import { httpClientViews } from '../../http/http-views.js'
import { type ReadyView, registerReadyViews } from '../../http/predefined-view.js'
import { type Stats, stats as sharedStats } from '../../stats/stats.js'
import { addRequestAttributes, pathWithoutQuery } from '../../http/http-attributes.js'
import { isHostExcluded, PathExclusion, type PathRule } from '../../http/http-exclusion.js'
import type { Span } from '../../trace/span/span.js'
import { SpanKind } from '../../trace/data/span-kind.js'
import type { TracerCore } from '../../trace/tracer-core.js'
import { distrustedTraceId } from '../../http/distrusted-traces.js'
import { type UrlQuery, withoutUserInfo, withUrlQuery } from '../../http/url-query.js'
import { defaultTracer } from '../../setup/tracer.js'
import { ClientExchange, type ExchangeHome } from './client-exchange.js'
import { ClientMeasures } from './client-measures.js'
import { headersSent } from './channels.js'

export interface HttpClientOptions {
  /** Makes the client spans. Default: the tracer that all integrations share, which exports nothing. False: no spans, no headers. */
  readonly tracer?: TracerCore | false
  /** Engine that records the requests. Default: the shared `stats`. */
  readonly stats?: Stats
  /** Views to register. Default: `httpClientViews`; false for none. `openCensusHttpClientViews` are the others that are ready. */
  readonly views?: readonly ReadyView[] | false
  /** Tags that these views are broken down by, read from the async context of the caller, such as the tenant. Default none. */
  readonly contextTags?: readonly string[]
  /** Hosts that get neither span, header nor measurement, as `host` or `host:port` and exactly as in the URL. Default none. */
  readonly ignoreHosts?: readonly string[]
  /** The older name of `ignoreHosts`, with the same default. */
  readonly excludelistHostnames?: readonly string[]
  /** Paths that get none of them, each with all below it. Default none. */
  readonly ignorePaths?: readonly PathRule[]
  /** The older name of `ignorePaths`, with the same default. */
  readonly excludelistPaths?: readonly PathRule[]
  /** Whether headers go to a host (`host`, or `host:port`). Default: to all. A foreign API need not know your trace ids. */
  readonly propagateTo?: (host: string) => boolean
  /**
   * The name of a span: the method, method and host, or what a function returns. Default `'method'`. Names become labels of
   * `span/latency`, and paths hold ids and secrets: a function should return few different names.
   */
  readonly spanName?: 'method' | 'methodAndHost' | ((request: OutgoingRequest) => string)
  /**
   * What of a URL's query is in the attribute `http.url`: `false` nothing, `'redacted'` names without values, `true` all, or a
   * function of the query. Default `'redacted'`.
   */
  readonly urlQuery?: UrlQuery
  /** Source of time. Default: the system clock. */
  readonly clock?: Clock
}

/** The parts of an outgoing request that are known when it begins. */
export interface OutgoingRequest {
  readonly method: string
  /** With the port if it is not the scheme's own. */
  readonly host: string
  /** `http:` or `https:`. */
  readonly protocol: string
  /** Path and query; a whole URL for a proxy, `host:port` for CONNECT. */
  readonly target: string
  readonly userAgent: string | undefined
}

/** What all outgoing requests share, by whatever client they are sent. */
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
    const { stats = sharedStats, clock = systemClock, views = httpClientViews } = options
    this.#tracer = options.tracer === false ? undefined : (options.tracer ?? defaultTracer(stats))
    this.measures = new ClientMeasures(stats)
    if (views !== false) registerReadyViews(stats, views, [], options.contextTags)
    this.#clock = clock
    this.#hosts = options.ignoreHosts ?? options.excludelistHostnames ?? []
    this.#paths = new PathExclusion(options.ignorePaths ?? options.excludelistPaths ?? [])
    this.#propagateTo = options.propagateTo
    this.#spanName = spanNameOf(options.spanName)
    this.#urlQuery = options.urlQuery ?? 'redacted'
  }

  /** Begins an exchange; undefined if the request is excluded, or is an exporter's own. */
  begin(sent: OutgoingRequest): ClientExchange | undefined {
    if (isSuppressed()) return undefined
    const request = destinationOf(sent)
    const { method, host, protocol, target, userAgent } = request
    if (isHostExcluded(host, this.#hosts) || this.#paths.excludes(target)) return undefined
    const span = this.#tracer?.startDetachedSpan(this.#nameOf(request), { kind: SpanKind.CLIENT })
    if (span?.sampled === true) {
      const url = method === 'CONNECT' ? host : `${protocol}//${host}${withUrlQuery(target, this.#urlQuery)}`
      addRequestAttributes(span, { method, host, path: pathWithoutQuery(target), url, userAgent })
    }
    return new ClientExchange(this, method, host, span)
  }

  /**
   * Writes the span's context, and the tags that may travel, into the headers of its request. A context that the program has written for a trace of
   * its own stays; one that a gateway has only passed on is replaced, or the gateway would be missing in the trace.
   */
  inject(span: Span | undefined, host: string, headers: OutgoingHeaders): void {
    const tracer = this.#tracer
    if (span === undefined || tracer === undefined || this.#propagateTo?.(host) === false) return
    const fields = tracer.propagator.fields ?? []
    if (fields.some((name) => headers.get(name) !== undefined)) {
      const { traceId } = tracer.extract(headers) ?? {}
      const strangers = distrustedTraceId(span)
      if (traceId === undefined || (traceId !== span.context.traceId && traceId !== strangers)) return
      for (const name of fields) headers.delete(name)
      if (strangers !== undefined) headers.delete('baggage')
    }
    if (headers.areSent) headersSent.value++
    else tracer.inject(headers, span)
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs()
  }

  #nameOf(request: OutgoingRequest): string {
    try {
      return this.#spanName(request)
    } catch {
      return request.method
    }
  }
}

/** The headers of a request that can still be changed, unless they are sent. */
export interface OutgoingHeaders {
  readonly areSent: boolean
  get(name: string): string | undefined
  set(name: string, value: string): void
  delete(name: string): void
}

function spanNameOf(option: HttpClientOptions['spanName']): (request: OutgoingRequest) => string {
  if (typeof option === 'function') return option
  return option === 'methodAndHost' ? ({ method, host }) => `${method} ${host}` : ({ method }) => method
}

const WHOLE_URL = /^([a-z][\w+.-]*:)\/\/([^/?#]*)(.*)$/is

/** Where a request goes. One by way of a proxy is sent to another host than that of its target. */
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

/** `host:port`, without the port if it is the scheme's own. */
export function hostWithPort(protocol: string, host: string, port: number | string | undefined): string {
  const usual = protocol === 'https:' ? 443 : 80
  const bracketed = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
  return port === undefined || port === '' || Number(port) === usual ? bracketed : `${bracketed}:${port}`
}
