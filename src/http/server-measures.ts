import type { Measure } from '../stats/recording/measure.js'
import {
  HTTP_SERVER_DURATION,
  HTTP_SERVER_REQUEST_SIZE,
  HTTP_SERVER_RESPONSE_SIZE,
  HTTP_SERVER_STREAM_DURATION,
  type HttpOutcome,
} from './views/http-views.js'
import { OPENCENSUS_SERVER_LATENCY, OPENCENSUS_SERVER_RECEIVED, OPENCENSUS_SERVER_SENT } from './views/opencensus-http-views.js'
import { defineReadyMeasure } from './views/predefined-view.js'
import { PROM_CLIENT_SERVER_DURATION, PROM_CLIENT_UNMATCHED } from './views/prom-client-http-views.js'
import type { BoundMeasure } from '../stats/recording/record.js'
import type { Stats } from '../stats/stats.js'
import type { TagMap, Tags } from '../stats/tags/tag-map.js'

/** The route of all requests without a matching route, because callers choose their paths. */
export const UNMATCHED_ROUTE = 'unmatched'

interface ServerMeasuresOptions {
  /** True if the tag `status` is `2xx` instead of `204`. Default false. */
  readonly statusClasses?: boolean
}

/** The tags of one kind of request. */
export interface ServerTags {
  readonly method: string
  readonly route: string
  /** The code, or its class; empty if no status line was sent. */
  readonly status: string
  readonly outcome: HttpOutcome
}

/** The measures of HTTP servers on one engine: ours, those of OpenCensus, and one with prom-client's names. A measure without a view costs almost nothing. */
export class ServerMeasures {
  readonly stats: Stats
  readonly duration: Measure
  readonly streamDuration: Measure
  readonly promClientDuration: Measure
  readonly requestSize: Measure
  readonly responseSize: Measure
  readonly openCensusLatency: Measure
  readonly openCensusReceived: Measure
  readonly openCensusSent: Measure

  private readonly statusClasses: boolean

  constructor(stats: Stats, { statusClasses = false }: ServerMeasuresOptions = {}) {
    this.stats = stats
    this.statusClasses = statusClasses
    this.streamDuration = defineReadyMeasure(stats, HTTP_SERVER_STREAM_DURATION)
    this.promClientDuration = defineReadyMeasure(stats, PROM_CLIENT_SERVER_DURATION)
    this.duration = defineReadyMeasure(stats, HTTP_SERVER_DURATION)
    this.requestSize = defineReadyMeasure(stats, HTTP_SERVER_REQUEST_SIZE)
    this.responseSize = defineReadyMeasure(stats, HTTP_SERVER_RESPONSE_SIZE)
    this.openCensusLatency = defineReadyMeasure(stats, OPENCENSUS_SERVER_LATENCY)
    this.openCensusReceived = defineReadyMeasure(stats, OPENCENSUS_SERVER_RECEIVED)
    this.openCensusSent = defineReadyMeasure(stats, OPENCENSUS_SERVER_SENT)
  }

  /** The value of the tag `status`. */
  statusTag(status: number): string {
    if (status === 0) return ''
    return this.statusClasses ? `${Math.floor(status / 100)}xx` : String(status)
  }

  /** True if a view needs the bytes of bodies. Otherwise they are not counted. */
  get wantsBytes(): boolean {
    return this.requestSize.hasViews || this.responseSize.hasViews || this.openCensusReceived.hasViews || this.openCensusSent.hasViews
  }

  get wantsOpenCensus(): boolean {
    return this.openCensusLatency.hasViews || this.openCensusReceived.hasViews || this.openCensusSent.hasViews
  }

  /** Returns the handles for one kind of request. @param context Further tags. */
  bind(tags: ServerTags, context: TagMap): ServerSeries {
    return new ServerSeries(this, tags, context)
  }
}

function openCensusTags({ method, route, status }: ServerTags): Tags {
  return { http_server_method: method, http_server_route: route, http_server_status: status }
}

function promClientTags({ method, route, status }: ServerTags): Tags {
  const name = route === UNMATCHED_ROUTE ? PROM_CLIENT_UNMATCHED : route
  return { method, route: name, path: name, status_code: status }
}

/** Requests of one method, route, status and outcome. */
export class ServerSeries {
  private readonly measures: ServerMeasures
  private readonly tags: ServerTags
  private readonly context: TagMap
  private readonly duration: BoundMeasure
  private readonly streamDuration: BoundMeasure
  private readonly requestSize: BoundMeasure
  private readonly responseSize: BoundMeasure

  constructor(measures: ServerMeasures, tags: ServerTags, context: TagMap) {
    const { stats } = measures
    const all = context.with({ ...tags })
    this.measures = measures
    this.tags = tags
    this.context = context
    this.duration = stats.bind(measures.duration, all)
    this.streamDuration = stats.bind(measures.streamDuration, all)
    this.requestSize = stats.bind(measures.requestSize, all)
    this.responseSize = stats.bind(measures.responseSize, all)
  }

  record(seconds: number, received: number, sent: number): void {
    const measures = this.measures
    this.duration.record(seconds)
    this.recordSizes(received, sent)
    if (measures.promClientDuration.hasViews) {
      measures.stats.record(measures.promClientDuration, seconds, this.context.with(promClientTags(this.tags)))
    }
    if (!measures.wantsOpenCensus) return
    const tags = this.context.with(openCensusTags(this.tags))
    measures.stats.record(measures.openCensusLatency, seconds * 1_000, tags)
    measures.stats.record(measures.openCensusReceived, received, tags)
    measures.stats.record(measures.openCensusSent, sent, tags)
  }

  /** Records a stream. Its duration is not a latency, because it depends on the client. */
  recordStream(seconds: number, received: number, sent: number): void {
    this.streamDuration.record(seconds)
    this.recordSizes(received, sent)
  }

  private recordSizes(received: number, sent: number): void {
    const measures = this.measures
    if (measures.requestSize.hasViews) this.requestSize.record(received)
    if (measures.responseSize.hasViews) this.responseSize.record(sent)
  }
}
