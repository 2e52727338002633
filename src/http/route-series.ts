import { httpMethodName, METHOD_COUNT } from './http-method.js'
import type { HttpOutcome } from './views/http-views.js'
import { TagMap, type Tags } from '../stats/tags/tag-map.js'
import type { ServerMeasures, ServerSeries, ServerTags } from './server-measures.js'

/** Reads tags from the object that a server integration passes with a request. */
export interface RequestTagReader {
  read(request: never): TagMap
}

const OUTCOMES: readonly HttpOutcome[] = ['ok', 'error', 'aborted']
const STATUSES = 1_000

/** Limit of cached handles of one route, since the application chooses the statuses. */
const MAX_SERIES = 256

/**
 * Caches for the requests of one route: the names of their spans, and a handle for each combination of method, status and outcome.
 */
export class RouteSeries {
  readonly route: string
  /** Tags of the route, which are also in the context of its handlers; undefined if there are none. */
  readonly tags: TagMap | undefined
  /** Tags that are read from each request; undefined if there are none. */
  readonly requestTags: RequestTagReader | undefined
  private readonly measures: ServerMeasures
  private readonly spanNames: readonly string[]
  private readonly series = new Map<number, ServerSeries>()
  /** Consecutive requests often have the same method, status and outcome. */
  private lastKey = -1
  private last: ServerSeries | undefined = undefined

  constructor(measures: ServerMeasures, route: string, tags?: Tags, requestTags?: RequestTagReader) {
    this.route = route
    this.requestTags = requestTags
    this.tags = tags === undefined ? undefined : TagMap.of(tags)
    this.measures = measures
    this.spanNames = Array.from({ length: METHOD_COUNT }, (_, method) => `${httpMethodName(method)} ${route}`)
  }

  spanName(method: number): string {
    return this.spanNames[method]!
  }

  /** The handles for this kind of response. @param status 0 if no status line was sent. */
  seriesOf(method: number, status: number, outcome: HttpOutcome): ServerSeries {
    const key = (method * OUTCOMES.length + OUTCOMES.indexOf(outcome)) * STATUSES + status
    return key === this.lastKey ? this.last! : this.find(key, method, status, outcome)
  }

  /** The same for a response with further tags, which are not cached. */
  seriesWith(method: number, status: number, outcome: HttpOutcome, tags: TagMap): ServerSeries {
    const context = this.tags === undefined ? tags : tags.with(this.tags.record)
    return this.measures.bind(this.tagsOf(method, status, outcome), context)
  }

  private find(key: number, method: number, status: number, outcome: HttpOutcome): ServerSeries {
    let series = this.series.get(key)
    if (series === undefined) {
      series = this.measures.bind(this.tagsOf(method, status, outcome), this.tags ?? TagMap.EMPTY)
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
