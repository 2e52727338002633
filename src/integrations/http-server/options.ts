import type { IncomingMessage } from 'node:http'
import type { Clock } from '../../base/clock.js'
import type { PathRule } from '../../http/http-exclusion.js'
import type { ReadyView } from '../../http/predefined-view.js'
import type { RequestTagFunctions } from '../../http/request-tags.js'
import type { UrlQuery } from '../../http/url-query.js'
import type { MetricRegistry } from '../../metrics/instruments/metric-registry.js'
import type { Stats } from '../../stats/stats.js'
import type { TracerCore } from '../../trace/tracer-core.js'

export interface HttpServerOptions {
  /** Makes the server spans. Default: the tracer that all integrations share, which exports nothing. False: no spans. */
  readonly tracer?: TracerCore | false
  /** Engine that records the requests. Default: the shared `stats`. */
  readonly stats?: Stats
  /** Registry of the gauge `http/server/in_flight`. Default: one registry for each `stats`. */
  readonly registry?: MetricRegistry
  /** Views to register. Default: `httpServerViews`; false for none. */
  readonly views?: readonly ReadyView[] | false
  /** Whether all servers of the process are watched. False if only the middleware is used. Default true. */
  readonly watch?: boolean
  /**
   * The route of a request, called when its response is closed. Default: what `setRoute` has set, else the template of Express. Return
   * a template, not a path: it becomes a label. Undefined means `unmatched`.
   */
  readonly route?: (request: IncomingMessage) => string | undefined
  /**
   * Paths that get neither span nor measurement, as what their handlers do: a string covers a path and all below it, a pattern
   * is tried on the path with its slash. Default `['_ah/health']`.
   */
  readonly ignorePaths?: readonly PathRule[]
  /** Values of the header `Host`, exactly as it has them, that get neither. The caller chooses that header. Default none. */
  readonly ignoreHosts?: readonly string[]
  /** True if strangers call: their traces are linked to instead of continued, tags that they send are dropped. Default: the tracer's `untrusted`. */
  readonly publicEndpoint?: boolean
  /**
   * Tags from the request, by key, as for the Fastify plugin. At most 100 values of each are kept apart; further ones become `other`.
   * Default: none.
   */
  readonly requestTags?: RequestTagFunctions<IncomingMessage>
  /**
   * Tags that the views of the integration are broken down by, read from the async context: what `withTags` has set while a request was
   * handled. The application chooses the values; use few. Default none.
   */
  readonly contextTags?: readonly string[]
  /** True for `2xx` instead of `204` in the tag `status`. Default false. */
  readonly statusClasses?: boolean
  /** False to register no views of body sizes. Default true. */
  readonly bodySizes?: boolean
  /** What of a URL's query is in the attribute `http.url`: `false` nothing, `'redacted'` names without values, `true` all, or a function of the query. Default false. */
  readonly urlQuery?: UrlQuery
  /** Source of time. Default: the system clock. */
  readonly clock?: Clock
}
