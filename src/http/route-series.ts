import { httpMethodName, METHOD_COUNT } from './http-method.js'
import type { HttpOutcome } from './http-views.js'
import { TagMap, type Tags } from '../stats/tags/tag-map.js'
import type { ServerMeasures, ServerSeries, ServerTags } from './server-measures.js'

/** Reads tags from whatever object a server integration passes along with a request. */
export interface RequestTagReader {
  read(request: never): TagMap
}

const OUTCOMES: readonly HttpOutcome[] = ['ok', 'error', 'aborted']
const STATUSES = 1_000

/** Statuses, methods and outcomes of one route whose handles are kept; the application chooses the statuses. */
const MAX_SERIES = 256

/**
 * What requests of one route have in common, worked out once: the names of their spans, and a handle for each
 * combination of method, status and outcome that has been seen.
 */
export class RouteSeries {
  readonly route: string
  /** Tags of the route, which its handlers have too; undefined if it has none. */
  readonly tags: TagMap | undefined
  /** Tags that are read from each request; undefined if there are none. */
  readonly requestTags: RequestTagReader | undefined
  private readonly extra: Tags | undefined
  private readonly measures: ServerMeasures
  private readonly spanNames: readonly string[]
  private readonly series = new Map<number, ServerSeries>()
  /** Requests of one kind tend to come in a row. */
  private lastKey = -1
  private last: ServerSeries | undefined = undefined

  constructor(measures: ServerMeasures, route: string, extra?: Tags, requestTags?: RequestTagReader) {
    this.route = route
    this.requestTags = requestTags
    this.tags = extra === undefined ? undefined : TagMap.of(extra)
    this.extra = extra
    this.measures = measures
    this.spanNames = Array.from({ length: METHOD_COUNT }, (_, method) => `${httpMethodName(method)} ${route}`)
  }

  spanName(method: number): string {
    return this.spanNames[method]!
  }

  /** The handles for responses of one kind. @param status 0 if no status line was sent. */
  seriesOf(method: number, status: number, outcome: HttpOutcome): ServerSeries {
    const key = (method * OUTCOMES.length + OUTCOMES.indexOf(outcome)) * STATUSES + status
    return key === this.lastKey ? this.last! : this.find(key, method, status, outcome)
  }

  /** The same for a response with tags of its own. */
  seriesWith(method: number, status: number, outcome: HttpOutcome, tags: TagMap): ServerSeries {
    const context = this.tags === undefined ? tags : tags.with(this.tags.record)
    return this.measures.bindOnce(this.tagsOf(method, status, outcome), context)
  }

  private find(key: number, method: number, status: number, outcome: HttpOutcome): ServerSeries {
    let series = this.series.get(key)
    if (series === undefined) {
      series = this.measures.bind(this.tagsOf(method, status, outcome), this.extra)
      if (this.series.size >= MAX_SERIES) return series
      this.series.set(key, series)
    }
    this.lastKey = key
    this.last = series
    return series
  }

  private tagsOf(method: number, status: number, outcome: HttpOutcome): ServerTags {
    return { method: httpMethodName(method), route: this.route, status: this.measures.statusTag(status), outcome }
  }
}
