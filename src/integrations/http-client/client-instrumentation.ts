import { type Clock, systemClock } from '../../base/clock.js'
import { isSuppressed } from '../../base/suppression.js'
import { httpClientViews } from '../../http/http-views.js'
import { type ReadyView, registerReadyViews } from '../../http/predefined-view.js'
import { type Stats, stats as sharedStats } from '../../stats/stats.js'
import { addRequestAttributes, pathWithoutQuery } from '../../http/http-attributes.js'
import { isHostExcluded, PathExclusion, type PathRule } from '../../http/http-exclusion.js'
import type { WritableCarrier } from '../../trace/propagation/carrier.js'
import type { Span } from '../../trace/span/span.js'
import { SpanKind } from '../../trace/data/span-kind.js'
import type { TracerCore } from '../../trace/tracer-core.js'
import { Tracer } from '../../setup/tracer.js'
import { ClientExchange, type ExchangeHome } from './client-exchange.js'
import { ClientMeasures } from './client-measures.js'
import { SpanNames } from './span-names.js'

export interface HttpClientOptions {
  /** Makes the client spans. Default: a new `Tracer` on `stats`, which samples one trace in 10 000 and prints it. False: no spans, no headers. */
  readonly tracer?: TracerCore | false
  /** Where requests are recorded. Default: the shared `stats`. */
  readonly stats?: Stats
  /** Views to register. Default: `httpClientViews`; false for none. `openCensusHttpClientViews` are the others that are ready. */
  readonly views?: readonly ReadyView[] | false
  /** Hosts that get neither span, header nor measurement, as `host` or `host:port` and exactly as in the URL. Default none. */
  readonly excludelistHostnames?: readonly string[]
  /** Paths that get none of them, by their beginning. Default none. */
  readonly excludelistPaths?: readonly PathRule[]
  /** Whether headers go to a host (`host`, or `host:port`). Default: to all. A foreign API need not know your trace ids. */
  readonly propagateTo?: (host: string) => boolean
  /** The name of a span. Default: the path; where there are too many of them, the method. */
  readonly spanName?: (request: OutgoingRequest) => string
  readonly clock?: Clock
}

/** What an outgoing request says about itself. */
export interface OutgoingRequest {
  readonly method: string
  /** With the port where it is not the scheme's own. */
  readonly host: string
  /** `http:` or `https:`. */
  readonly protocol: string
  /** With the query. */
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

  constructor(options: HttpClientOptions) {
    const { stats = sharedStats, clock = systemClock, views = httpClientViews } = options
    this.#tracer = options.tracer === false ? undefined : (options.tracer ?? new Tracer({ stats }))
    this.measures = new ClientMeasures(stats)
    if (views !== false) registerReadyViews(stats, views)
    this.#clock = clock
    this.#hosts = options.excludelistHostnames ?? []
    this.#paths = new PathExclusion(options.excludelistPaths ?? [])
    this.#propagateTo = options.propagateTo
    const names = new SpanNames()
    this.#spanName = options.spanName ?? (({ method, target }) => names.of(method, pathWithoutQuery(target)))
  }

  /** Begins an exchange; undefined where the request is excluded, or is an exporter's own. */
  begin(request: OutgoingRequest): ClientExchange | undefined {
    const { method, host, protocol, target, userAgent } = request
    if (isSuppressed() || isHostExcluded(host, this.#hosts) || this.#paths.excludes(target)) return undefined
    const span = this.#tracer?.startDetachedSpan(this.#nameOf(request), { kind: SpanKind.CLIENT })
    if (span?.sampled === true) {
      addRequestAttributes(span, { method, host, path: pathWithoutQuery(target), url: `${protocol}//${host}${target}`, userAgent })
    }
    return new ClientExchange(this, method, host, span)
  }

  /** Writes the span's context, and the tags that may travel, into the headers of its request. */
  inject(span: Span | undefined, host: string, carrier: WritableCarrier): void {
    if (span === undefined || this.#propagateTo?.(host) === false) return
    this.#tracer?.inject(carrier, span)
  }

  /** Headers that are written by hand stay: two of one name would be read as neither. */
  get fields(): readonly string[] {
    return this.#tracer?.propagator.fields ?? []
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

/** `host:port`, without the port that the scheme has anyway. */
export function hostWithPort(protocol: string, host: string, port: number | string | undefined): string {
  const usual = protocol === 'https:' ? 443 : 80
  const bracketed = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
  return port === undefined || port === '' || Number(port) === usual ? bracketed : `${bracketed}:${port}`
}
