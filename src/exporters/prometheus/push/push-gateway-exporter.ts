import { checkRequiredOptions, type OptionNames, optionNames } from '../../../base/check-options.js'
import { inspectValue } from '../../../base/inspect-value.js'
import { type Clock, systemClock } from '../../../base/clock.js'
import { DefinitionError, ExportError, isError } from '../../../base/errors.js'
import type { Exporter } from '../../../base/exporter.js'
import { errorText } from '../../../base/rate-limited-log.js'
import { runSuppressed } from '../../../base/suppression.js'
import type { Metric } from '../../../metrics/data/metric.js'
import { milliseconds } from '../../../serving/options.js'
import { ExportCounts } from '../../export-counts.js'
import { checkMaxQueuedExports, ExportQueue } from '../../export-queue.js'
import { parseDestination } from '../../sending/destination.js'
import { replyText } from '../../sending/reply-text.js'
import { headerSecrets } from '../../sending/request-headers.js'
import { retryAfterMs } from '../../sending/retry-after.js'
import { groupPath } from './grouping-key.js'
import { gzipBytes } from '../../../serving/gzip.js'
import { textEncoder } from '../format/text-encoder.js'

export interface PushGatewayExporterOptions {
  /** URL of the gateway, such as `http://127.0.0.1:9091`, with a path prefix if needed. User and password become Basic authorization. */
  readonly url: string
  /** The label `job` of the group: the name of the program. */
  readonly job: string
  /** Further labels of the group. They override labels of the same name in the metrics. Default: none. */
  readonly groupingKey?: Readonly<Record<string, string>>
  /** The method that `export` calls: `push` replaces the group, `pushAdd` only the families that are pushed. Default `push`. */
  readonly mode?: 'push' | 'pushAdd'
  /** True if `shutdown` deletes the group, so that Prometheus does not scrape a finished job forever. Default false. */
  readonly deleteOnShutdown?: boolean
  /** True if bodies are compressed. Default true. */
  readonly gzip?: boolean
  /** Headers of every request, such as `authorization`. Default: none. */
  readonly headers?: Readonly<Record<string, string>>
  /** Time limit of one request, in milliseconds, 1 … 2^31 - 1. Default 10 000. */
  readonly timeoutMs?: number
  /** Source of time. Default: the system clock. */
  readonly clock?: Clock
}

const OPTIONS: OptionNames<PushGatewayExporterOptions> = optionNames(
  'url job groupingKey mode deleteOnShutdown gzip headers timeoutMs clock',
)

const MAX_READ_CHARACTERS = 4_096

/**
 * Pushes metrics in text 0.0.4 to a Prometheus Pushgateway, for jobs that end before they can be scraped.
 *
 * Network errors and the statuses 429 and 5xx are retryable; other statuses are not.
 *
 * @throws {@link DefinitionError} `ERR_PUSH_URL`, `ERR_PUSH_GROUP` or `ERR_PROMETHEUS_OPTION` if an option is not valid.
 * @example
 * const gateway = new PushGatewayExporter({ url: 'http://127.0.0.1:9091', job: 'nightly', groupingKey: { shard: '3' } })
 * exportPeriodically({ producers: [stats], exporter: gateway, intervalMs: 15_000 })
 */
export class PushGatewayExporter implements Exporter<Metric> {
  readonly #url: string
  readonly #options: PushGatewayExporterOptions
  readonly #headers: Readonly<Record<string, string>>
  readonly #timeoutMs: number
  readonly #secrets: readonly string[]
  readonly #queue: ExportQueue

  constructor(options: PushGatewayExporterOptions) {
    checkRequiredOptions('PushGatewayExporter', options, OPTIONS)

    const { base, authorization, secrets } = gatewayUrl(options.url)
    this.#url = base + groupPath(options.job, options.groupingKey)
    this.#queue = new ExportQueue(`pushing to ${this.#url}`, new ExportCounts('PushGatewayExporter'), checkMaxQueuedExports())
    this.#headers = { ...(authorization !== undefined && { authorization }), ...options.headers }
    checkHeaders(this.#headers)
    this.#secrets = [...secrets, ...headerSecrets(this.#headers)]
    this.#timeoutMs = milliseconds('timeoutMs', options.timeoutMs, 10_000)
    this.#options = options
  }

  /**
   * Calls `push` or `pushAdd`, as set by `mode`.
   * @throws {@link ExportError} (as a rejection) `ERR_PUSH_FAILED`; `ERR_EXPORTER_CLOSED` after `shutdown()`.
   */
  export(metrics: readonly Metric[]): Promise<void> {
    return this.#options.mode === 'pushAdd' ? this.pushAdd(metrics) : this.push(metrics)
  }

  /** Replaces all metrics of the group. */
  push(metrics: readonly Metric[]): Promise<void> {
    return this.#send('PUT', metrics)
  }

  /** Replaces the families of these names. Other families of the group are kept. */
  pushAdd(metrics: readonly Metric[]): Promise<void> {
    return this.#send('POST', metrics)
  }

  /** Deletes the group, if it exists. */
  delete(): Promise<void> {
    return this.#request('DELETE', 'deleting the group', {}, undefined)
  }

  /** Waits for running pushes, then deletes the group if `deleteOnShutdown` is set. */
  shutdown(): Promise<void> {
    return this.#queue.close(async () => {
      if (this.#options.deleteOnShutdown === true) await this.delete()
    })
  }

  #send(method: string, metrics: readonly Metric[]): Promise<void> {
    return this.#queue.atOnce(() => this.#encodeAndSend(method, metrics))
  }

  async #encodeAndSend(method: string, metrics: readonly Metric[]): Promise<void> {
    const text = await textOf(metrics)
    const zipped = this.#options.gzip ?? true
    const headers = { 'content-type': textEncoder.contentType, ...(zipped && { 'content-encoding': 'gzip' }) }
    await this.#request(method, `pushing ${metrics.length} metrics`, headers, zipped ? await gzipBytes(text) : text)
  }

  async #request(method: string, what: string, headers: Readonly<Record<string, string>>, body: Uint8Array | undefined): Promise<void> {
    // Redirects are not followed, since they could leak the authorization to another host.
    const init: RequestInit = {
      method,
      headers: { ...headers, ...this.#headers },
      redirect: 'error',
      signal: AbortSignal.timeout(this.#timeoutMs),
      ...(body !== undefined && { body }),
    }
    let response: Response
    let reason: string
    try {
      response = await runSuppressed(() => fetch(this.#url, init))
      reason = await reasonOf(response, this.#secrets)
    } catch (cause) {
      const inner = isError(cause) && cause.cause !== undefined ? cause.cause : cause
      throw new ExportError('ERR_PUSH_FAILED', `${what} to ${this.#url} failed: ${errorText(inner)}`, { retryable: true, cause })
    }
    if (response.ok) return
    const retryable = response.status >= 500 || response.status === 429
    throw new ExportError('ERR_PUSH_FAILED', `${what} to ${this.#url} failed with status ${response.status}: ${reason}`, {
      retryable,
      retryAfterMs: retryable
        ? retryAfterMs(response.headers.get('retry-after'), (this.#options.clock ?? systemClock).unixMs())
        : undefined,
    })
  }
}

async function textOf(metrics: readonly Metric[]): Promise<Buffer> {
  try {
    const chunks: Uint8Array[] = []
    for await (const chunk of textEncoder.encode(metrics)) chunks.push(chunk)
    return Buffer.concat(chunks)
  } catch (cause) {
    const message = `formatting ${metrics.length} metrics failed: ${errorText(cause)}`
    throw new ExportError('ERR_PUSH_FAILED', message, { retryable: false, cause })
  }
}

function gatewayUrl(text: string): { base: string; authorization: string | undefined; secrets: readonly string[] } {
  const destination = parseDestination(text)
  if (destination === undefined) {
    const shown = inspectValue(text)
    throw new DefinitionError('ERR_PUSH_URL', `the URL of a gateway must be an absolute http:// or https:// URL: it is ${shown}`)
  }
  const { url, authorization, secrets } = destination
  let end = url.pathname.length
  while (url.pathname[end - 1] === '/') end--
  return { base: url.origin + url.pathname.slice(0, end), authorization, secrets }
}

/** Detects invalid headers. The error of `fetch` would contain the value, which may be secret. */
function checkHeaders(headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers)) {
    try {
      new Headers([[name, value]])
    } catch {
      throw new DefinitionError('ERR_PROMETHEUS_OPTION', `headers must be valid for HTTP: ${inspectValue(name)} is not`)
    }
  }
}

/** The beginning of the response, see {@link replyText}. Empty for a success. */
async function reasonOf(response: Response, secrets: readonly string[]): Promise<string> {
  if (response.body === null) return ''
  if (response.ok) {
    await response.body.cancel()
    return ''
  }
  let text = ''
  const decoder = new TextDecoder()
  for await (const chunk of response.body) {
    text += decoder.decode(chunk as Uint8Array, { stream: true })
    if (text.length >= MAX_READ_CHARACTERS) break
  }
  return replyText(text, secrets)
}
