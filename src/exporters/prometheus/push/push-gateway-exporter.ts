import { checkBooleans, checkOneOf, checkRequiredOptions, isObject, type OptionNames, optionNames } from '../../../base/check-options.js'
import { type Clock, timerClock } from '../../../base/clock.js'
import { DefinitionError, ExportError } from '../../../base/errors.js'
import type { Exporter } from '../../../base/exporter.js'
import { inspectValue } from '../../../base/strings/inspect-value.js'
import { errorText } from '../../../base/rate-limited-log.js'
import type { Metric } from '../../../metrics/data/metric.js'
import { gzipBytes } from '../../../serving/gzip.js'
import { milliseconds } from '../../../serving/options.js'
import { ExportCounts } from '../../export-counts.js'
import { ExportQueue } from '../../export-queue.js'
import { type Destination, parseDestination, shownAddress } from '../../sending/destination.js'
import { type HttpRequest, HttpSender } from '../../sending/http-sender.js'
import { replyMeaning, RETRYABLE } from '../../sending/reply-meaning.js'
import { describeReply } from '../../sending/reply-text.js'
import { headersFault, type HeaderValues } from '../../sending/request-headers.js'
import { retryAfterMs } from '../../sending/retry-after.js'
import { checkSender, type SenderSettings } from '../../sending/sender-options.js'
import { textEncoder } from '../format/text-encoder.js'
import { groupPath } from './grouping-key.js'

export interface PushGatewayExporterOptions {
  /** URL of the gateway, such as `http://127.0.0.1:9091`, with a path prefix if needed. User and password become Basic authorization. */
  readonly url: string | URL
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
  /** Headers of every request, such as `authorization`. Those that the protocol sets are refused, such as `content-type`. Default: none. */
  readonly headers?: Readonly<Record<string, string>>
  /** Time limit of one request, in milliseconds, 1 … 2^31 - 1. Default 10 000. */
  readonly timeoutMs?: number
  /** Source of time. Default: the system clock. */
  readonly clock?: Clock
}

const OPTIONS: OptionNames<PushGatewayExporterOptions> = optionNames(
  'url job groupingKey mode deleteOnShutdown gzip headers timeoutMs clock',
)

const isText = (value: unknown): value is string | number => typeof value === 'string' || typeof value === 'number'

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
  readonly #settings: SenderSettings
  readonly #sender: HttpSender
  readonly #queue: ExportQueue

  constructor(options: PushGatewayExporterOptions) {
    checkRequiredOptions('PushGatewayExporter', options, OPTIONS)
    const { mode = 'push', deleteOnShutdown, gzip, clock = timerClock } = options
    const destination = groupDestination(options)
    checkOneOf('ERR_PROMETHEUS_OPTION', 'mode', mode, ['push', 'pushAdd'])
    checkBooleans('ERR_PROMETHEUS_OPTION', { deleteOnShutdown, gzip })
    const { headers: given = {} } = options
    // A token that was read from a file ends with a line break.
    const headers = isObject(given)
      ? Object.fromEntries(Object.entries(given).map(([name, value]) => [name, isText(value) ? String(value).trim() : value]))
      : given
    const fault = headersFault(headers)
    if (fault !== undefined) throw new DefinitionError('ERR_PROMETHEUS_OPTION', fault)
    const timeoutMs = milliseconds('timeoutMs', options.timeoutMs, 10_000)
    this.#url = shownAddress(destination)
    this.#options = options
    this.#settings = checkSender({ headers, timeoutMs, clock }, 1)
    this.#sender = new HttpSender(destination, this.#settings)
    this.#queue = new ExportQueue(`pushing to ${this.#url}`, new ExportCounts('PushGatewayExporter'), this.#settings.maxQueuedExports)
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
    return this.#queue.inOrder(() => this.#delete())
  }

  /** Waits for running pushes, then deletes the group if `deleteOnShutdown` is set. */
  shutdown(): Promise<void> {
    return this.#queue.close(async () => {
      try {
        if (this.#options.deleteOnShutdown === true) await this.#delete()
      } finally {
        this.#sender.close()
      }
    })
  }

  /** One after another: an earlier push that arrives last would replace a later one. */
  #send(method: 'PUT' | 'POST', metrics: readonly Metric[]): Promise<void> {
    return this.#queue.inOrder(() => this.#encodeAndSend(method, metrics))
  }

  #delete(): Promise<void> {
    return this.#request('DELETE', 'deleting the group', {}, [])
  }

  async #encodeAndSend(method: 'PUT' | 'POST', metrics: readonly Metric[]): Promise<void> {
    const text = await textOf(metrics)
    const zipped = this.#options.gzip ?? true
    const headers = { 'content-type': textEncoder.contentType, ...(zipped && { 'content-encoding': 'gzip' }) }
    await this.#request(method, `pushing ${metrics.length} metrics`, headers, [zipped ? await gzipBytes(text) : text])
  }

  async #request(method: HttpRequest['method'], what: string, headers: HeaderValues, body: readonly Uint8Array[]): Promise<void> {
    const { clock, timeoutMs } = this.#settings
    const reply = await this.#sender.send({ method, headers, body, timeoutMs }).catch((cause: unknown) => {
      throw new ExportError('ERR_PUSH_FAILED', `${what} to ${this.#url} failed: ${errorText(cause)}`, { retryable: true, cause })
    })
    const meaning = replyMeaning(reply.status, RETRYABLE.prometheus)
    if (meaning === 'taken') return
    const retryable = meaning === 'again'
    throw new ExportError('ERR_PUSH_FAILED', `${what} to ${this.#url} failed with ${describeReply(reply)}`, {
      retryable,
      retryAfterMs: retryable ? retryAfterMs(reply.headers['retry-after'], clock.unixMs()) : undefined,
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

/** The URL of the group, without the query of the gateway's. */
function groupDestination({ url, job, groupingKey }: PushGatewayExporterOptions): Destination {
  const gateway = parseDestination(url)
  if (gateway === undefined) {
    const shown = inspectValue(url)
    throw new DefinitionError('ERR_PUSH_URL', `the URL of a gateway must be an absolute http:// or https:// URL: it is ${shown}`)
  }
  const base = shownAddress(gateway)
  let end = base.length
  while (base[end - 1] === '/') end--
  return { ...gateway, url: new URL(base.slice(0, end) + groupPath(job, groupingKey)) }
}
