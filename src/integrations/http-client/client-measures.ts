import { cutString, internString } from '../../base/strings/intern-string.js'
import type { Measure } from '../../stats/recording/measure.js'
import { httpMethodTag } from '../../http/http-method.js'
import { HTTP_CLIENT_DURATION, HTTP_CLIENT_REQUEST_SIZE, HTTP_CLIENT_RESPONSE_SIZE, type HttpOutcome } from '../../http/views/http-views.js'
import { OPENCENSUS_CLIENT_LATENCY, OPENCENSUS_CLIENT_RECEIVED, OPENCENSUS_CLIENT_SENT } from '../../http/views/opencensus-http-views.js'
import { defineReadyMeasure } from '../../http/views/predefined-view.js'
import type { Stats } from '../../stats/stats.js'
import { TagMap } from '../../stats/tags/tag-map.js'

/** Limit of cached combinations of method, status, outcome and host. */
const MAX_CACHED = 1_000
/** In code points. Names in DNS have at most 253 characters, but the host of a URL that somebody else wrote may have a million. */
const MAX_HOST_LENGTH = 256

/** Value of the tag `status` if no status line arrived. */
const NO_STATUS = 'error'

interface ClientTags {
  readonly method: string
  readonly host: string
  readonly status: number | undefined
  readonly outcome: HttpOutcome
  readonly ours: TagMap
  readonly openCensus: TagMap
}

/** An outgoing request that has ended. */
export interface CountedExchange {
  readonly method: string
  readonly host: string
  /** Undefined if no status line arrived. */
  readonly status: number | undefined
  /** Bytes of the request body. */
  readonly sent: number
  /** Bytes of the response body. */
  readonly received: number
}

/** The measures of HTTP clients, those of this library and those of OpenCensus. */
export class ClientMeasures {
  readonly #stats: Stats
  readonly #duration: Measure
  readonly #requestSize: Measure
  readonly #responseSize: Measure
  readonly #openCensusLatency: Measure
  readonly #openCensusSent: Measure
  readonly #openCensusReceived: Measure
  readonly #cached = new Map<string, ClientTags>()
  /** The tags of the last request, because consecutive ones are often equal. `#tags` compares them with each request and replaces them. */
  #last: ClientTags | undefined

  constructor(stats: Stats) {
    this.#stats = stats
    this.#duration = defineReadyMeasure(stats, HTTP_CLIENT_DURATION)
    this.#requestSize = defineReadyMeasure(stats, HTTP_CLIENT_REQUEST_SIZE)
    this.#responseSize = defineReadyMeasure(stats, HTTP_CLIENT_RESPONSE_SIZE)
    this.#openCensusLatency = defineReadyMeasure(stats, OPENCENSUS_CLIENT_LATENCY)
    this.#openCensusSent = defineReadyMeasure(stats, OPENCENSUS_CLIENT_SENT)
    this.#openCensusReceived = defineReadyMeasure(stats, OPENCENSUS_CLIENT_RECEIVED)
  }

  /** True while a view reads tags from the context. */
  get readsContext(): boolean {
    return this.#stats.viewManager.readsContext
  }

  record(exchange: CountedExchange, outcome: HttpOutcome, seconds: number): void {
    const stats = this.#stats
    const { sent, received } = exchange
    const { ours, openCensus } = this.#tags(exchange, outcome)
    stats.record(this.#duration, seconds, ours)
    stats.record(this.#requestSize, sent, ours)
    stats.record(this.#responseSize, received, ours)
    stats.record(this.#openCensusLatency, seconds * 1_000, openCensus)
    stats.record(this.#openCensusSent, sent, openCensus)
    stats.record(this.#openCensusReceived, received, openCensus)
  }

  #tags({ method, host, status }: CountedExchange, outcome: HttpOutcome): ClientTags {
    const last = this.#last
    if (last !== undefined && last.status === status && last.outcome === outcome && last.method === method && last.host === host)
      return last
    const tags = this.#cachedTags(httpMethodTag(method), cutString(host, MAX_HOST_LENGTH), status, outcome)
    this.#last = tags
    return tags
  }

  #cachedTags(method: string, host: string, status: number | undefined, outcome: HttpOutcome): ClientTags {
    const key = `${method} ${status} ${outcome} ${host}`
    let tags = this.#cached.get(key)
    if (tags === undefined) {
      const statusTag = status === undefined ? NO_STATUS : String(status)
      tags = {
        method,
        host: internString(host),
        status,
        outcome,
        ours: TagMap.of({ method, host, status: statusTag, outcome }),
        openCensus: TagMap.of({ http_client_method: method, http_client_host: host, http_client_status: statusTag }),
      }
      if (this.#cached.size < MAX_CACHED) this.#cached.set(key, tags)
    }
    return tags
  }
}
