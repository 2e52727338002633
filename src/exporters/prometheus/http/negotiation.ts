import { isObject } from '../../../base/check-options.js'
import { DefinitionError } from '../../../base/errors.js'
import { inspectValue } from '../../../base/strings/inspect-value.js'
import { headerValue, type RequestHeaders } from '../../../serving/scrape-request.js'
import type { Encoder } from '../format/encoder.js'
import { headerClauses } from './accept-header.js'

interface NegotiatedFormat {
  readonly encoder: Encoder
  readonly contentType: string
}

/**
 * Escaping schemes that change nothing here, because all exposed names are valid legacy names. `dots` would double each underscore, and is
 * not supported. Only these schemes are repeated in the response.
 */
const ESCAPING_SCHEMES: ReadonlySet<string> = new Set(['allow-utf-8', 'underscores', 'values'])

const VERSION = /^\d+\.\d+\.\d+$/

/**
 * Chooses the offered format that the scraper prefers, or the first offer if it requests none of them or the header is malformed. Status
 * 406 would be a failed scrape for Prometheus.
 * @see https://prometheus.io/docs/instrumenting/content_negotiation/
 */
export function negotiateFormat(accept: string | undefined, offers: readonly [Encoder, ...Encoder[]]): NegotiatedFormat {
  const clauses = headerClauses(accept ?? '')
  // The lowest weight of each offer by name, which ranges do not raise.
  const lowest = offers.map((offered) => clauses.findLast(({ value, parameters }) => offered.accepts(value, parameters))?.q ?? 1)
  for (const { value, parameters, q } of clauses) {
    if (q === 0) break
    const encoder = offers.find((offered, at) =>
      value.endsWith('/*') ? isInRange(offered, value) && lowest[at]! >= q : offered.accepts(value, parameters),
    )
    if (encoder === undefined) continue
    const scheme = parameters.get('escaping') ?? ''
    const echoed = ESCAPING_SCHEMES.has(scheme) ? `; escaping=${scheme}` : ''
    const version = encoder.accepts(value, parameters) ? parameters.get('version') : undefined
    return { encoder, contentType: contentTypeFor(encoder, version) + echoed }
  }
  return { encoder: offers[0], contentType: offers[0].contentType }
}

/** The content type of the encoder, in the version that was requested of those that it accepts. */
function contentTypeFor({ contentType }: Encoder, version = ''): string {
  return VERSION.test(version) ? contentType.replace(/; version=[^;]*/, `; version=${version}`) : contentType
}

/** True if a range such as `text/*` covers the encoder's media type. */
function isInRange({ contentType }: Encoder, range: string): boolean {
  return range === '*/*' || contentType.toLowerCase().startsWith(range.slice(0, -1))
}

/** True if the client accepts gzip and does not prefer an uncompressed body. */
export function prefersGzip(acceptEncoding: string | undefined): boolean {
  const clauses = headerClauses(acceptEncoding ?? '')
  const weight = (...codings: string[]): number | undefined => clauses.find(({ value }) => codings.includes(value))?.q
  const gzip = weight('gzip', 'x-gzip') ?? weight('*') ?? 0
  return gzip > 0 && gzip >= (weight('identity') ?? 0)
}

export interface NegotiatedResponse {
  readonly encoder: Encoder
  readonly isGzip: boolean
  readonly headers: Readonly<Record<string, string>>
}

const MAX_KEPT = 16
const MAX_KEPT_LENGTH = 1_024

function checkEncoders(encoders: unknown): void {
  const given: readonly unknown[] = Array.isArray(encoders) ? encoders : []
  const wrong = given.find((each) => !isObject(each) || typeof each.accepts !== 'function' || typeof each.encode !== 'function')
  if (given.length > 0 && wrong === undefined) return
  const shown = given.length > 0 ? `one is ${inspectValue(wrong)}` : `they are ${inspectValue(encoders)}`
  throw new DefinitionError('ERR_PROMETHEUS_OPTION', `encoders must be a list such as [textEncoder, openMetricsEncoder()]: ${shown}`)
}

/** Negotiates, and caches the results by header values, because a scraper always sends the same ones. */
export class ResponseNegotiator {
  readonly #encoders: readonly [Encoder, ...Encoder[]]
  readonly #gzip: boolean
  readonly #kept = new Map<string, NegotiatedResponse>()

  /** @throws {@link DefinitionError} `ERR_PROMETHEUS_OPTION` unless there are encoders. */
  constructor(encoders: readonly [Encoder, ...Encoder[]], gzip: boolean) {
    checkEncoders(encoders)
    this.#encoders = encoders
    this.#gzip = gzip
  }

  negotiate(headers: RequestHeaders): NegotiatedResponse {
    const accept = headerValue(headers, 'accept') ?? ''
    const acceptEncoding = headerValue(headers, 'accept-encoding') ?? ''
    const key = `${accept}\n${acceptEncoding}`
    let response = this.#kept.get(key)
    if (response === undefined) {
      response = this.#negotiate(accept, acceptEncoding)
      if (key.length <= MAX_KEPT_LENGTH && this.#kept.size < MAX_KEPT) this.#kept.set(key, response)
    }
    return response
  }

  #negotiate(accept: string, acceptEncoding: string): NegotiatedResponse {
    const { encoder, contentType } = negotiateFormat(accept, this.#encoders)
    const isGzip = this.#gzip && prefersGzip(acceptEncoding)
    const headers = {
      'content-type': contentType,
      ...(isGzip && { 'content-encoding': 'gzip' }),
      vary: 'Accept, Accept-Encoding',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    }
    return { encoder, isGzip, headers }
  }
}
