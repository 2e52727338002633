import type { Measure } from '../stats/recording/measure.js'
import { HTTP_SERVER_DURATION, HTTP_SERVER_REQUEST_SIZE, HTTP_SERVER_RESPONSE_SIZE, type HttpOutcome } from './http-views.js'
import { OPENCENSUS_SERVER_LATENCY, OPENCENSUS_SERVER_RECEIVED, OPENCENSUS_SERVER_SENT } from './opencensus-http-views.js'
import { defineReadyMeasure } from './predefined-view.js'
import type { BoundMeasure } from '../stats/recording/record.js'
import type { Stats } from '../stats/stats.js'
import { TagMap, type Tags } from '../stats/tags/tag-map.js'

/** What one kind of answered request is recorded under. */
export interface ServerTags {
  readonly method: string
  readonly route: string
  /** The code as text; empty where no status line was sent. */
  readonly status: string
  readonly outcome: HttpOutcome
}

/** The measures of HTTP servers on one engine: ours, and those of OpenCensus. Recording one that no view listens to costs next to nothing. */
export class ServerMeasures {
  readonly stats: Stats
  readonly duration: Measure
  readonly requestSize: Measure
  readonly responseSize: Measure
  readonly openCensusLatency: Measure
  readonly openCensusReceived: Measure
  readonly openCensusSent: Measure

  constructor(stats: Stats) {
    this.stats = stats
    this.duration = defineReadyMeasure(stats, HTTP_SERVER_DURATION)
    this.requestSize = defineReadyMeasure(stats, HTTP_SERVER_REQUEST_SIZE)
    this.responseSize = defineReadyMeasure(stats, HTTP_SERVER_RESPONSE_SIZE)
    this.openCensusLatency = defineReadyMeasure(stats, OPENCENSUS_SERVER_LATENCY)
    this.openCensusReceived = defineReadyMeasure(stats, OPENCENSUS_SERVER_RECEIVED)
    this.openCensusSent = defineReadyMeasure(stats, OPENCENSUS_SERVER_SENT)
  }

  /** True where some view wants the bytes of bodies; else nobody counts them. */
  get wantsBytes(): boolean {
    return this.requestSize.hasViews || this.responseSize.hasViews || this.openCensusReceived.hasViews || this.openCensusSent.hasViews
  }

  get wantsOpenCensus(): boolean {
    return this.openCensusLatency.hasViews || this.openCensusReceived.hasViews || this.openCensusSent.hasViews
  }

  /** The handles for requests of one kind, to be kept by the caller. */
  bind(tags: ServerTags, extra: Tags | undefined): ServerSeries {
    return new ServerSeries(this, TagMap.of({ ...extra, ...tags }), TagMap.of({ ...extra, ...openCensusTags(tags) }))
  }

  /** Records a request whose caller sent tags along: they differ from request to request, so that nothing can be kept. */
  recordTagged(tags: ServerTags, context: TagMap, seconds: number, received: number, sent: number): void {
    new ServerSeries(this, context.with({ ...tags }), context.with(openCensusTags(tags))).record(seconds, received, sent)
  }
}

function openCensusTags({ method, route, status }: ServerTags): Tags {
  return { http_server_method: method, http_server_route: route, http_server_status: status }
}

/** Requests of one method, route, status and outcome. */
export class ServerSeries {
  private readonly measures: ServerMeasures
  private readonly openCensusTags: TagMap
  private readonly duration: BoundMeasure
  private readonly requestSize: BoundMeasure
  private readonly responseSize: BoundMeasure

  constructor(measures: ServerMeasures, tags: TagMap, openCensusTags: TagMap) {
    const { stats } = measures
    this.measures = measures
    this.openCensusTags = openCensusTags
    this.duration = stats.bind(measures.duration, tags)
    this.requestSize = stats.bind(measures.requestSize, tags)
    this.responseSize = stats.bind(measures.responseSize, tags)
  }

  record(seconds: number, received: number, sent: number): void {
    const measures = this.measures
    this.duration.record(seconds)
    if (measures.requestSize.hasViews) this.requestSize.record(received)
    if (measures.responseSize.hasViews) this.responseSize.record(sent)
    if (!measures.wantsOpenCensus) return
    measures.stats.record(measures.openCensusLatency, seconds * 1_000, this.openCensusTags)
    measures.stats.record(measures.openCensusReceived, received, this.openCensusTags)
    measures.stats.record(measures.openCensusSent, sent, this.openCensusTags)
  }
}
