import { checkOptions, isObject, type OptionNames, optionNames } from '../../../base/check-options.js'
import { DefinitionError } from '../../../base/errors.js'
import { type Clock, systemClock } from '../../../base/clock.js'
import { warnOnce } from '../../../base/logger.js'
import { errorText } from '../../../base/rate-limited-log.js'
import { checkProducers } from '../../../metrics/collection/gather.js'
import { selfMetrics } from '../../../metrics/collection/internal-metrics-producer.js'
import type { MetricProducer } from '../../../metrics/data/producer.js'
import type { Family } from '../../../metrics/data/row-source.js'
import type { ConstantLabels } from '../../../metrics/data/validate-definition.js'
import { joined, sizeOf } from '../../../base/byte-chunks.js'
import { gzipBytes, gzipChunks } from '../../../serving/gzip.js'
import { milliseconds, ownOptions, wholeNumber } from '../../../serving/options.js'
import { type RequestHeaders, type RequestQuery, scrapeTimeoutMs, wantedNames } from '../../../serving/scrape-request.js'
import { ResponseThrottle } from '../../../serving/response-throttle.js'
import { Semaphore } from '../../../serving/semaphore.js'
import type { SendLimits } from '../../../serving/send-body.js'
import { UnreadBodies } from '../../../serving/unread-bodies.js'
import type { Encoder } from '../format/encoder.js'
import { openMetricsEncoder } from '../format/openmetrics.js'
import { reuseChunk } from '../format/output-buffer.js'
import { protobufEncoder } from '../format/protobuf.js'
import { exposedFamily } from '../format/names.js'
import { textEncoder } from '../format/text-encoder.js'
import { type MetricsRequest, type MetricsResponse, refusal } from './metrics-response.js'
import { type NegotiatedResponse, ResponseNegotiator } from './negotiation.js'
import { SCRAPE_ACCESS_OPTIONS, ScrapeAccess, type ScrapeAccessOptions } from './scrape-access.js'
import { ScrapeBody } from './scrape-body.js'
import { countPartial } from './scrape-counts.js'
import { allParts, divideFirst, renderDocument, type ScrapeDocument, WHOLE_BYTES } from './scrape-document.js'
import { relabel } from '../../../metrics/data/relabel.js'
import { beginRequired } from './required-gathering.js'
import { Scrape } from './scrape.js'
import { type GatheredFamilies, SingleFlightGather } from './single-flight-gather.js'

export type { MetricsRequest, MetricsResponse } from './metrics-response.js'

export interface MetricsHandlerOptions extends ScrapeAccessOptions {
  /**
   * Producers whose metrics are exposed. If families clash, that of the first producer is exposed. Required unless `group` is set. Default:
   * those of the group.
   */
  readonly producers?: readonly MetricProducer[]
  /** The group of `shareMetrics` from `tallyscope/cluster`. If it cannot be gathered, the scrape is answered with 503. Default: none. */
  readonly group?: MetricProducer
  /** True if internal metrics (`tallyscope_…`) are exposed too. Default true. */
  readonly selfMetrics?: boolean
  /** True if OpenMetrics documents have `_created` lines, which are the start times of series. Default false. */
  readonly created?: boolean
  /** Available formats. The first one is used if the request accepts none of them. Default: text 0.0.4, OpenMetrics 1.0.0, protobuf. */
  readonly encoders?: readonly [Encoder, ...Encoder[]]
  /** True if bodies are compressed for scrapers that accept gzip. Default true. */
  readonly gzip?: boolean
  /**
   * Maximum number of scrapes that gather and encode concurrently, 1 … 1 000 000. A scrape that waits for a slow producer or client does
   * not count. Default 50.
   */
  readonly maxInFlight?: number
  /** Maximum number of scrapes that wait, 0 … 1 000 000. Further ones get status 503 immediately. Default 1 000. */
  readonly maxWaiting?: number
  /** Maximum time that a scrape waits for its turn, in milliseconds, 1 … 2^31 - 1. Then it gets status 503. Default 3 000. */
  readonly queueTimeoutMs?: number
  /**
   * Time limit of gathering, in milliseconds, 1 … 2^31 - 1. A slower producer is left out and counted. A scraper that sends a shorter
   * time-out gets the metrics that are available after 90 % of it; other scrapes are not affected. Default 10 000.
   */
  readonly gatherTimeoutMs?: number
  /**
   * Time for the client to read the next part of a body, in milliseconds, 1 … 2^31 - 1. Slower clients are disconnected. If unread bodies
   * take more than 16 MiB, the slowest clients are disconnected earlier. Default 20 000.
   */
  readonly sendTimeoutMs?: number
  /** Labels added to every series. If a metric has a label of the same key, it keeps its own. Default: none. */
  readonly constantLabels?: ConstantLabels
  /** New keys of labels by their old ones. Default: none. */
  readonly renameLabels?: Readonly<Record<string, string>>
  /** Source of time. Default: the system clock. */
  readonly clock?: Clock
}

export const HANDLER_OPTIONS: OptionNames<MetricsHandlerOptions> = optionNames(
  'producers group selfMetrics created encoders gzip maxInFlight maxWaiting queueTimeoutMs gatherTimeoutMs sendTimeoutMs constantLabels renameLabels clock',
  SCRAPE_ACCESS_OPTIONS,
)

/** Handles one request. Rejects only with `ERR_HANDLER`, if it is called with a request instead of its headers. */
export type MetricsHandler = (headers: RequestHeaders, query?: RequestQuery, request?: MetricsRequest) => Promise<MetricsResponse>

const MAX_UNREAD_BYTES = 16_777_216
const SHARE_OF_SCRAPE_TIMEOUT = 0.9
const SELF_METRICS = 'selfMetrics'

/**
 * Creates a function that returns the response of a metrics endpoint for the headers and the query of a request. Use {@link nodeHandler},
 * {@link fetchHandler} or {@link serveMetrics} to connect it to a server.
 *
 * `Accept` selects the format, `Accept-Encoding` the compression, and `name[]` in the query the families. Concurrent scrapes share one
 * gathering, and those of one format the document.
 *
 * @throws {@link DefinitionError} `ERR_PROMETHEUS_OPTION` if an option is out of range, `ERR_PRODUCER` if `producers` is not a list of
 *   producers.
 * @example
 * const handle = metricsHandler({ producers: [stats] })
 * const { status, headers, body } = await handle({ accept: 'text/plain' }, 'name[]=shop_requests_total')
 */
export function metricsHandler(options: MetricsHandlerOptions): MetricsHandler {
  checkOptions('metricsHandler', options, HANDLER_OPTIONS)
  const handler = new ScrapeHandler(options)
  return async (headers, query, request = {}) => {
    if (!isObject(headers) || isObject((headers as { headers?: unknown }).headers))
      throw new DefinitionError('ERR_HANDLER', 'metricsHandler needs headers: for requests use nodeHandler')
    return handler.respond(headers, query, request)
  }
}

/** The handler of {@link metricsHandler}, with the limits that servers need to send its bodies. */
export class ScrapeHandler {
  readonly sendLimits: SendLimits
  readonly #access: ScrapeAccess
  readonly #permits: Semaphore
  readonly #throttle = new ResponseThrottle()
  readonly #queueTimeoutMs: number
  /** Limit of scrapes that wait for slow producers. */
  readonly #maxAwaiting: number
  #awaitingProducers = 0
  readonly #gathering: SingleFlightGather
  readonly #gatherTimeoutMs: number
  readonly #negotiator: ResponseNegotiator
  /** True if no encoder keeps the chunks that it has emitted. Encoders of users may. */
  readonly #canReuseChunks: boolean
  readonly #firstFormat: string
  readonly #clock: Clock

  constructor(given: MetricsHandlerOptions) {
    const options = ownOptions(given)
    const producers = withSelfMetrics(options)
    const timeoutMs = milliseconds('gatherTimeoutMs', options.gatherTimeoutMs, 10_000)
    const encoders = options.encoders ?? [textEncoder, openMetricsEncoder({ created: options.created ?? false }), protobufEncoder]
    this.#clock = options.clock ?? systemClock
    this.#access = new ScrapeAccess(options)
    const maxInFlight = wholeNumber('maxInFlight', options.maxInFlight, 50, 1, 1_000_000)
    const maxWaiting = wholeNumber('maxWaiting', options.maxWaiting, 1_000, 0, 1_000_000)
    this.#permits = new Semaphore(maxInFlight, maxWaiting)
    this.#maxAwaiting = maxInFlight + maxWaiting
    this.#queueTimeoutMs = milliseconds('queueTimeoutMs', options.queueTimeoutMs, 3_000)
    this.#gatherTimeoutMs = timeoutMs
    this.#gathering = new SingleFlightGather(() => beginRequired(producers, timeoutMs), timeoutMs, this.#clock)
    this.#negotiator = new ResponseNegotiator(encoders, options.gzip ?? true)
    this.#canReuseChunks = options.encoders === undefined
    this.#firstFormat = encoders[0].format
    this.sendLimits = {
      sendTimeoutMs: milliseconds('sendTimeoutMs', options.sendTimeoutMs, 20_000),
      unread: new UnreadBodies(MAX_UNREAD_BYTES),
    }
  }

  async respond(headers: RequestHeaders, query: RequestQuery | undefined, request: MetricsRequest): Promise<MetricsResponse> {
    const { method = 'GET', signal } = request
    const scrape = new Scrape(this.#firstFormat, this.#clock, signal)
    try {
      const waitMs = Math.max(1, Math.min(this.#gatherTimeoutMs, (scrapeTimeoutMs(headers) ?? Infinity) * SHARE_OF_SCRAPE_TIMEOUT))
      const refused = await this.#access.refusal(headers, query, request, waitMs)
      if (refused !== undefined) return await this.#refused(scrape, refused)
      const negotiated = this.#negotiator.negotiate(headers)
      scrape.format = negotiated.encoder.format
      if (method === 'HEAD') return ended(scrape, { status: 200, headers: negotiated.headers })
      return await this.#document(scrape, negotiated, query, waitMs)
    } catch (error) {
      if (!scrape.isAborted) warnOnce('TALLYSCOPE_SCRAPE_FAILED', scrape.format, `a scrape failed: ${errorText(error)}`)
      return ended(scrape, refusal(500, 'the metrics could not be written'))
    }
  }

  /** Returns the response with the document. Its first part is encoded before the status is sent, so that an error becomes a 500. */
  async #document(
    scrape: Scrape,
    { encoder, isGzip, headers }: NegotiatedResponse,
    query: RequestQuery | undefined,
    waitMs: number,
  ): Promise<MetricsResponse> {
    const gathered = await this.#gathered(scrape, waitMs)
    if (gathered === undefined) return this.#refused(scrape, refusal(503, 'too many scrapes are running', { 'retry-after': '1' }))
    try {
      const { families, isWhole, isMisleading, documents } = gathered
      if (isMisleading) return ended(scrape, refusal(503, 'the metrics of the group are incomplete at the moment', { 'retry-after': '1' }))
      if (!isWhole) countPartial(encoder.format)
      const names = wantedNames(query)
      const document =
        (names === undefined ? await documents?.take(encoder, isGzip, families) : undefined) ??
        (await renderDocument(encoder.encode(withName(families, names), scrape.signal, 'client'), WHOLE_BYTES))
      scrape.documentBytes = document.bytes
      const mustCompress = isGzip && !document.isCompressed
      if (document.rest !== undefined || sizeOf(document.parts) > WHOLE_BYTES)
        return this.#streamed(scrape, document, headers, mustCompress)
      const bytes = joined(document.parts)
      const body = mustCompress ? await gzipBytes(bytes) : bytes
      // No other scrape has this document: shared ones come compressed.
      if (mustCompress && this.#canReuseChunks) document.parts.forEach(reuseChunk)
      return ended(scrape, { status: 200, headers: { ...headers, 'content-length': String(body.length) }, body })
    } finally {
      this.#permits.release()
    }
  }

  /**
   * Gathers the families and acquires a permit to encode them, which the caller has to release. Undefined if there is no permit in time. A
   * scrape that has to wait for slow producers releases its permit and acquires another one afterwards.
   */
  async #gathered(scrape: Scrape, waitMs: number): Promise<GatheredFamilies | undefined> {
    const hasPermit = () => this.#permits.acquire(Math.max(1, Math.min(this.#queueTimeoutMs, scrape.leftMs(waitMs))), scrape.signal)
    if (!(await hasPermit())) return undefined
    let gathered: GatheredFamilies | Promise<GatheredFamilies>
    try {
      gathered = this.#gathering.families({ signal: scrape.signal, leftMs: () => scrape.leftMs(waitMs) })
      if (!(gathered instanceof Promise)) return gathered
    } catch (error) {
      this.#permits.release()
      throw error
    }
    this.#permits.release()
    if (this.#awaitingProducers >= this.#maxAwaiting) return undefined
    this.#awaitingProducers++
    try {
      gathered = await gathered
    } finally {
      this.#awaitingProducers--
    }
    if (!(await hasPermit())) return undefined
    await this.#throttle.turn() // many scrapes wait for the same gathering
    return gathered
  }

  async #refused(scrape: Scrape, response: MetricsResponse): Promise<MetricsResponse> {
    await this.#throttle.turn()
    return ended(scrape, response)
  }

  #streamed(scrape: Scrape, document: ScrapeDocument, headers: Readonly<Record<string, string>>, isGzip: boolean): MetricsResponse {
    // No other scrape has a document that is not encoded to its end.
    const canReuse = document.rest !== undefined && this.#canReuseChunks
    if (canReuse && !isGzip) divideFirst(document.parts)
    const encoded = allParts(document, (bytes) => {
      scrape.documentBytes += bytes
    })
    const parts = isGzip && canReuse ? reused(encoded) : encoded
    const body = new ScrapeBody(isGzip ? gzipChunks(parts) : parts, {
      ...this.sendLimits,
      signal: scrape.signal,
      memory: document.memory,
      heldBytes: sizeOf(document.parts),
      onEnd: (end, bytes) => {
        scrape.end(end === 'whole' ? '200' : scrape.isAborted ? 'aborted' : end, bytes)
        if (end === 'whole') return
        document.rest?.return?.().catch(() => {}) // the generator of a body that was never read must be ended
        if (canReuse) document.parts.splice(0).forEach(reuseChunk)
      },
    })
    return { status: 200, headers, body }
  }
}

/** The same parts, whose memory is used again when the next one is read. */
async function* reused(parts: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const part of parts) {
    yield part
    reuseChunk(part)
  }
}

function withSelfMetrics(options: MetricsHandlerOptions): readonly MetricProducer[] {
  const { group } = options
  if (group === undefined || options.producers !== undefined) checkProducers(options.producers)
  if (group !== undefined) checkProducers([group])
  const producers = [...(group === undefined ? [] : [group]), ...(options.producers ?? [])]
  const areOwnThere = producers.some(({ name, includesSelfMetrics }) => name === SELF_METRICS || includesSelfMetrics === true)
  const all = options.selfMetrics === false || areOwnThere ? producers : [...producers, selfMetrics()]
  const { constantLabels, renameLabels } = options
  return all.map((producer) => relabel(producer, { constantLabels, renameLabels }))
}

/** The families with one of the names, including suffixes; all of them without names. */
function withName(families: readonly Family[], names: ReadonlySet<string> | undefined): readonly Family[] {
  if (names === undefined) return families
  return families.filter(({ descriptor }) => exposedFamily(descriptor).ownedNames.some((name) => names.has(name)))
}

function ended(scrape: Scrape, response: MetricsResponse): MetricsResponse {
  const { body } = response
  scrape.end(scrape.isAborted ? 'aborted' : String(response.status), body instanceof Uint8Array ? body.length : 0)
  return response
}
