import { type Clock, systemClock } from '../../../base/clock.js'
import { errorText } from '../../../base/rate-limited-log.js'
import { warnOnce } from '../../../base/logger.js'
import { checkProducers, gatherFamilies } from '../../../metrics/collection/gather.js'
import type { MetricProducer } from '../../../metrics/data/producer.js'
import type { Family } from '../../../metrics/data/row-source.js'
import { selfMetrics } from '../../../metrics/collection/internal-metrics-producer.js'
import { digest, type Guard, hasBearerToken } from '../../../serving/bearer-auth.js'
import { milliseconds, wholeNumber } from '../../../serving/options.js'
import { LATE, within } from './deadline.js'
import { selectFamilies } from '../format/select-families.js'
import type { Encoder } from '../format/encoder.js'
import { gzipBytes, gzipChunks } from '../../../serving/gzip.js'
import { negotiateFormat, prefersGzip } from './negotiation.js'
import { openMetricsEncoder } from '../format/openmetrics.js'
import { protobufEncoder } from '../format/protobuf.js'
import { Scrape } from './scrape.js'
import { ScrapeBody } from './scrape-body.js'
import { headerValue, type RequestHeaders, type RequestQuery, scrapeTimeoutMs, wantedNames } from '../../../serving/scrape-request.js'
import { Semaphore } from '../../../serving/semaphore.js'
import { SingleFlightGather } from './single-flight-gather.js'
import { textEncoder } from '../format/text-encoder.js'

export interface MetricsHandlerOptions {
  /** Whose metrics are exposed. Of families that clash, the first producer's stays. */
  readonly producers: readonly MetricProducer[]
  /** Whether the library's metrics about itself are exposed too. Default true. */
  readonly selfMetrics?: boolean
  /** Whether OpenMetrics documents tell since when series count. Default false. */
  readonly created?: boolean
  /** The formats on offer; the first answers whoever asks for none of them. Default: text 0.0.4, OpenMetrics 1.0.0, protobuf. */
  readonly encoders?: readonly [Encoder, ...Encoder[]]
  /** Whether bodies are compressed for whoever asks. Default true. */
  readonly gzip?: boolean
  /** `Authorization: Bearer …` must carry this token, or one of these. Default: none is asked for. */
  readonly bearerToken?: string | readonly string[]
  /** Asked before anything is gathered; false is answered with 403. */
  readonly guard?: Guard
  /** Scrapes answered at a time. Default 50. */
  readonly maxInFlight?: number
  /** Scrapes that wait for one of those to end; the ones beyond are answered 503 at once. Default 1 000. */
  readonly maxWaiting?: number
  /**
   * Time for gathering, in milliseconds, or nine tenths of what the scraper says it waits where that is less.
   * A producer that takes longer is left out and counted. Default 10 000.
   */
  readonly gatherTimeoutMs?: number
  readonly clock?: Clock
}

export interface MetricsRequest {
  /** Default `GET`. */
  readonly method?: string | undefined
  /** Aborted when the client is gone: work stops. */
  readonly signal?: AbortSignal
}

export interface MetricsResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /**
   * Bytes where the body is short, else a stream of them: to be read to its end or given up by `return()`, since the
   * scrape counts as in flight until then. Where reading it throws, the connection must be broken, not the body ended.
   * Absent for HEAD.
   */
  readonly body?: Uint8Array | AsyncIterableIterator<Uint8Array>
}

/** Answers one request. Never rejects. */
export type MetricsHandler = (headers: RequestHeaders, query?: RequestQuery, request?: MetricsRequest) => Promise<MetricsResponse>

/** Documents up to this size are sent in one piece, with their length. */
const SHORT_BYTES = 32_768
const SHARE_OF_SCRAPE_TIMEOUT = 0.9
const SELF_METRICS = 'selfMetrics'

/**
 * The answers of a metrics endpoint, as a function of headers and query: format by `Accept`, gzip by
 * `Accept-Encoding`, `name[]` as a filter, one gathering for concurrent scrapes. It knows no server;
 * {@link nodeHandler}, {@link fetchHandler} and {@link serveMetrics} bring it to one.
 *
 * @throws {@link DefinitionError} `ERR_PROMETHEUS_OPTION` when an option is out of range, `ERR_PRODUCER` when `producers` is no list of them.
 * @example
 * const handle = metricsHandler({ producers: [stats] })
 * const { status, headers, body } = await handle({ accept: 'text/plain' }, 'name[]=shop_requests_total')
 */
export function metricsHandler(options: MetricsHandlerOptions): MetricsHandler {
  const handler = new Handler(options)
  return (headers, query, request = {}) => handler.answer(headers, query, request)
}

class Handler {
  readonly #gathering: SingleFlightGather
  readonly #slots: Semaphore
  readonly #encoders: readonly [Encoder, ...Encoder[]]
  readonly #tokens: readonly Buffer[]
  readonly #guard: Guard | undefined
  readonly #gzip: boolean
  readonly #gatherTimeoutMs: number
  readonly #clock: Clock

  constructor(options: MetricsHandlerOptions) {
    checkProducers(options.producers)
    const ownIsThere = options.producers.some(({ name }) => name === SELF_METRICS)
    const producers = options.selfMetrics === false || ownIsThere ? [...options.producers] : [...options.producers, selfMetrics()]
    this.#clock = options.clock ?? systemClock
    this.#gathering = new SingleFlightGather((timeoutMs) => gatherFamilies(producers, { timeoutMs }), this.#clock)
    this.#slots = new Semaphore(
      wholeNumber('maxInFlight', options.maxInFlight, 50, 1, 1_000_000),
      wholeNumber('maxWaiting', options.maxWaiting, 1_000, 0, 1_000_000),
    )
    this.#gatherTimeoutMs = milliseconds('gatherTimeoutMs', options.gatherTimeoutMs, 10_000)
    this.#encoders = options.encoders ?? [textEncoder, openMetricsEncoder({ created: options.created ?? false }), protobufEncoder]
    this.#tokens = [options.bearerToken ?? []].flat().map(digest)
    this.#guard = options.guard
    this.#gzip = options.gzip ?? true
  }

  async answer(
    headers: RequestHeaders,
    query: RequestQuery | undefined,
    { method = 'GET', signal }: MetricsRequest,
  ): Promise<MetricsResponse> {
    const { encoder, contentType } = negotiateFormat(headerValue(headers, 'accept'), this.#encoders)
    const scrape = new Scrape(encoder.format, this.#clock, signal)
    const timeoutMs = Math.max(1, Math.min(this.#gatherTimeoutMs, (scrapeTimeoutMs(headers) ?? Infinity) * SHARE_OF_SCRAPE_TIMEOUT))
    const zipped = this.#gzip && prefersGzip(headerValue(headers, 'accept-encoding'))
    const replyHeaders = {
      'content-type': contentType,
      ...(zipped && { 'content-encoding': 'gzip' }),
      vary: 'Accept, Accept-Encoding',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    }
    try {
      const refused = await this.#refusal(headers, query, method, timeoutMs)
      if (refused !== undefined) return ended(scrape, refused)
      if (method === 'HEAD') return ended(scrape, { status: 200, headers: replyHeaders })
      if (!(await this.#slots.enter(timeoutMs, scrape.signal)))
        return ended(scrape, refusal(503, 'too many scrapes at a time', { 'retry-after': '1' }))
      scrape.holds(() => this.#slots.leave())
      const families = await this.#gathering.families(timeoutMs)
      return await document(scrape, encoder, wanted(families, query), replyHeaders, zipped)
    } catch (error) {
      if (!scrape.signal.aborted) {
        warnOnce('TALLYSCOPE_SCRAPE_FAILED', encoder.format, `a scrape failed: ${errorText(error)}`)
      }
      return ended(scrape, refusal(500, 'the metrics could not be written'))
    }
  }

  /** The reply to who may not scrape, or not in this way. */
  async #refusal(
    headers: RequestHeaders,
    query: RequestQuery | undefined,
    method: string,
    timeoutMs: number,
  ): Promise<MetricsResponse | undefined> {
    if (method !== 'GET' && method !== 'HEAD') return refusal(405, 'metrics are read with GET or HEAD', { allow: 'GET, HEAD' })
    if (this.#tokens.length > 0 && !hasBearerToken(headers, this.#tokens)) {
      return refusal(401, 'a bearer token is needed', { 'www-authenticate': 'Bearer realm="metrics"' })
    }
    if (this.#guard === undefined) return undefined
    const allowed = await within(this.#guard(headers, query), timeoutMs)
    if (allowed === LATE) return refusal(503, 'the guard took too long')
    return allowed === true ? undefined : refusal(403, 'these metrics are not for you')
  }
}

/** The reply with the document, whole where it is short. Its first bytes are written before the status is settled. */
async function document(
  scrape: Scrape,
  encoder: Encoder,
  families: readonly Family[],
  headers: Readonly<Record<string, string>>,
  zipped: boolean,
): Promise<MetricsResponse> {
  const chunks = encoder.encode(families, scrape.signal)[Symbol.asyncIterator]()
  const first: Uint8Array[] = []
  let whole = false
  while (!whole && scrape.documentBytes <= SHORT_BYTES) {
    const next = await chunks.next()
    if (next.done === true) {
      whole = true
    } else {
      first.push(next.value)
      scrape.documentBytes += next.value.length
    }
  }
  if (whole) {
    const bytes = first.length === 1 ? first[0]! : Buffer.concat(first)
    const body = zipped ? await gzipBytes(bytes) : bytes
    return ended(scrape, { status: 200, headers: { ...headers, 'content-length': String(body.length) }, body })
  }
  const rest = continued(first, chunks, scrape)
  const body = new ScrapeBody(zipped ? gzipChunks(rest) : rest, scrape.signal, (end, bytes) => {
    scrape.end(end === 'whole' ? '200' : scrape.signal.aborted ? 'aborted' : end, bytes)
  })
  return { status: 200, headers, body }
}

async function* continued(first: readonly Uint8Array[], rest: AsyncIterator<Uint8Array>, scrape: Scrape): AsyncGenerator<Uint8Array> {
  try {
    yield* first
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) {
      scrape.documentBytes += next.value.length
      yield next.value
    }
  } finally {
    await rest.return?.()
  }
}

/** The families that have one of the names asked for, suffixes included. */
function wanted(families: readonly Family[], query: RequestQuery | undefined): readonly Family[] {
  const names = wantedNames(query)
  if (names === undefined) return families
  return selectFamilies(families)
    .filter(({ exposed }) => exposed.ownedNames.some((name) => names.has(name)))
    .map(({ source }) => source)
}

function ended(scrape: Scrape, response: MetricsResponse): MetricsResponse {
  const { body } = response
  scrape.end(scrape.signal.aborted ? 'aborted' : String(response.status), body instanceof Uint8Array ? body.length : 0)
  return response
}

function refusal(status: number, why: string, headers: Readonly<Record<string, string>> = {}): MetricsResponse {
  const body = Buffer.from(`${why}\n`)
  return {
    status,
    headers: {
      'content-type': 'text/plain; charset=utf-8',
      'content-length': String(body.length),
      'x-content-type-options': 'nosniff',
      ...headers,
    },
    body,
  }
}
