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
  /** Tracer of the server spans. Default: one shared by all integrations, which exports nothing. False: no spans. */
  readonly tracer?: TracerCore | false
  /** Stats that record the requests. Default: the shared `stats`. */
  readonly stats?: Stats
  /** Registry of the gauge `http/server/in_flight`. Default: one registry for each `stats`. */
  readonly registry?: MetricRegistry
  /** Views to register. Default: `httpServerViews`; false for none. */
  readonly views?: readonly ReadyView[] | false
  /** Instruments all servers of the process. False if only the middleware is used. Default true. */
  readonly watch?: boolean
  /**
   * Returns the route of a request, a template and not a path, since it becomes a label value. Undefined means `unmatched`. Called when
   * the response closes. Default: the route of `setRoute`, else the template of Express.
   */
  readonly route?: (request: IncomingMessage) => string | undefined
  /**
   * Paths without spans and measurements, including spans that their handlers would start. A string matches a path and all paths
   * below it. A regular expression is matched against the path with its leading slash. Default `['_ah/health']`.
   */
  readonly ignorePaths?: readonly PathRule[]
  /** `Host` headers without spans and measurements, compared exactly. Callers choose this header. Default none. */
  readonly ignoreHosts?: readonly string[]
  /** True if callers are not trusted: spans link to their traces instead of continuing them, and tags that they send are dropped. Default: `untrusted` of the tracer. */
  readonly publicEndpoint?: boolean
  /**
   * Additional tags of the views of this instrumentation, by key. Each function is called with the request when the response closes.
   * From the 101st different value of a tag on, values become `other`. Default: none.
   */
  readonly requestTags?: RequestTagFunctions<IncomingMessage>
  /**
   * Additional tag keys of these views that are read from the async context, where `withTags` sets them while a request is handled.
   * The number of values is not limited: use few. Default none.
   */
  readonly contextTags?: readonly string[]
  /** True for `2xx` instead of `204` as value of the tag `status`. Default false. */
  readonly statusClasses?: boolean
  /** False to register no views of body sizes. Default true. */
  readonly bodySizes?: boolean
  /** The query in the attribute `http.url`: `false` none, `'redacted'` names without values, `true` all, or a function of the query. Default false. */
  readonly urlQuery?: UrlQuery
  /** Source of time. Default: the system clock. */
  readonly clock?: Clock
}
