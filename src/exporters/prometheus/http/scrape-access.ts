import { type OptionNames, optionNames } from '../../../base/check-options.js'
import { DefinitionError } from '../../../base/errors.js'
import { inspectValue } from '../../../base/strings/inspect-value.js'
import { digest, type Guard, hasBearerToken } from '../../../serving/bearer-auth.js'
import { headerValue, type RequestHeaders, type RequestQuery } from '../../../serving/scrape-request.js'
import { Semaphore } from '../../../serving/semaphore.js'
import { readTokenFile } from '../../../serving/token-file.js'
import { TIMED_OUT, withTimeout } from '../../../base/with-timeout.js'
import { type MetricsRequest, type MetricsResponse, refusal } from './metrics-response.js'

export interface ScrapeAccessOptions {
  /**
   * Scrapes must send `Authorization: Bearer …` with this token, or one of these. Default: no token is needed. An empty list or undefined
   * is an error, so that a missing token does not open the endpoint. So is a token that is empty or has blanks or control characters, which
   * no request can have.
   */
  readonly bearerToken?: string | readonly string[]
  /** A file with further tokens, one per line. It is read once, and links are followed. Default: none. */
  readonly bearerTokenFile?: string
  /**
   * Called with headers and query before anything is gathered. The query is a string without `?`, of `fetchHandler` URLSearchParams.
   * If it returns false, the scrape is answered with 403. At most 500 calls run at a time. If a call takes longer than `gatherTimeoutMs`, or
   * than the scraper waits, the scrape is answered with 503. Default: none.
   */
  readonly guard?: Guard
  /**
   * Allowed values of the header `Host`, without port. Other requests, and those without `Host`, are answered with 403. This prevents a
   * page in a browser from reading metrics by DNS rebinding. An empty name is an error. Default: any.
   */
  readonly allowedHosts?: readonly string[]
}

export const SCRAPE_ACCESS_OPTIONS: OptionNames<ScrapeAccessOptions> = optionNames('bearerToken bearerTokenFile guard allowedHosts')

const MAX_GUARDS = 500
const MAX_WAITING = 1_000
/** A call of the guard that takes longer than this releases its permit. */
const GUARD_ABANDONED_MS = 60_000

/** Decides whether a client may scrape, before anything is gathered. */
export class ScrapeAccess {
  readonly #tokens: readonly Buffer[] | undefined
  readonly #guard: Guard | undefined
  readonly #hosts: ReadonlySet<string> | undefined
  readonly #guards = new Semaphore(MAX_GUARDS, MAX_WAITING)

  /** @throws {@link DefinitionError} `ERR_PROMETHEUS_OPTION` */
  constructor(options: ScrapeAccessOptions) {
    this.#tokens = tokensOf(options)?.map(digest)
    this.#guard = options.guard
    this.#hosts = hostsOf(options.allowedHosts)
  }

  /** The response to a request that is refused; undefined if it is allowed. */
  refusal(
    headers: RequestHeaders,
    query: RequestQuery | undefined,
    { method = 'GET', signal }: MetricsRequest,
    waitMs: number,
  ): MetricsResponse | undefined | Promise<MetricsResponse | undefined> {
    if (method !== 'GET' && method !== 'HEAD') return refusal(405, 'only GET and HEAD are allowed', { allow: 'GET, HEAD' })
    if (this.#hosts !== undefined && !this.#hosts.has(hostName(requestedHost(headers)))) {
      return refusal(403, 'this host name is not allowed')
    }
    if (this.#tokens !== undefined && !hasBearerToken(headers, this.#tokens)) {
      return refusal(401, 'a bearer token is required', { 'www-authenticate': 'Bearer realm="metrics"' })
    }
    return this.#guard && this.#guarded(this.#guard, headers, query, waitMs, signal)
  }

  async #guarded(
    guard: Guard,
    headers: RequestHeaders,
    query: RequestQuery | undefined,
    waitMs: number,
    signal: AbortSignal | undefined,
  ): Promise<MetricsResponse | undefined> {
    if (!(await this.#guards.acquire(waitMs, signal))) return refusal(503, 'too many guards are running', { 'retry-after': '1' })
    const allowed = await withTimeout(this.#call(guard, headers, query), { timeoutMs: waitMs })
    if (allowed === TIMED_OUT) return refusal(503, 'the guard took too long')
    return allowed === true ? undefined : refusal(403, 'the guard refused the scrape')
  }

  /** Calls the guard. Its permit is released when it settles, even if the caller has stopped waiting. */
  async #call(guard: Guard, headers: RequestHeaders, query: RequestQuery | undefined): Promise<unknown> {
    let held = true
    const release = (): void => {
      if (held) this.#guards.release()
      held = false
    }
    const timer = setTimeout(release, GUARD_ABANDONED_MS)
    timer.unref()
    try {
      return await guard(headers, query)
    } finally {
      clearTimeout(timer)
      release()
    }
  }
}

function hostsOf(allowed: unknown): ReadonlySet<string> | undefined {
  if (allowed === undefined) return undefined
  if (Array.isArray(allowed) && allowed.every((host): host is string => typeof host === 'string' && hostName(host) !== '')) {
    return new Set(allowed.map(hostName))
  }
  const problem = `allowedHosts must be a list of host names: it is ${inspectValue(allowed)}`
  throw new DefinitionError('ERR_PROMETHEUS_OPTION', problem)
}

function tokensOf(options: ScrapeAccessOptions): readonly string[] | undefined {
  const tokens: unknown[] = []
  if ('bearerToken' in options) tokens.push(...[options.bearerToken ?? []].flat())
  if (options.bearerTokenFile !== undefined) tokens.push(...readTokenFile(options.bearerTokenFile))
  if (!('bearerToken' in options) && options.bearerTokenFile === undefined) return undefined
  if (tokens.length === 0 || !tokens.every((token): token is string => typeof token === 'string' && token !== '')) {
    throw new DefinitionError(
      'ERR_PROMETHEUS_OPTION',
      'bearerToken must be a string that is not empty, or a list of at least one: leave it out to require none',
    )
  }
  if (tokens.some((token) => NOT_IN_TOKENS.test(token))) {
    throw new DefinitionError(
      'ERR_PROMETHEUS_OPTION',
      'bearer tokens must not contain blanks or control characters: no request can have them',
    )
  }
  return tokens
}

// oxlint-disable-next-line no-control-regex
const NOT_IN_TOKENS = /[\0-\x20\x7f]/

/** The requested host. HTTP/2 sends it as `:authority`. */
function requestedHost(headers: RequestHeaders): string {
  return headerValue(headers, 'host') ?? ('get' in headers ? undefined : headerValue(headers, ':authority')) ?? ''
}

/** The host without its port and without the brackets of an IPv6 address, in lower case; empty if there is none. */
function hostName(host: string): string {
  const [, address] = /^\[([\da-f:.]+)\](?::\d*)?$/i.exec(host) ?? []
  if (address !== undefined) return address.toLowerCase()
  return (/^[^:]*(?::\d*)?$/.test(host) ? host.replace(/:\d*$/, '') : host).toLowerCase()
}
