import { checkBooleans, checkRequiredOptions, type OptionNames, optionNames } from '../../../base/check-options.js'
import { ExportError } from '../../../base/errors.js'
import { inspectValue } from '../../../base/strings/inspect-value.js'
import { errorText } from '../../../base/rate-limited-log.js'
import { runDetached } from '../../../base/suppression.js'
import { RisingTime } from '../../../metrics/collection/rising-time.js'
import type { FamilyExportContext, FamilyExporter } from '../../../metrics/data/family-exporter.js'
import type { Metric } from '../../../metrics/data/metric.js'
import type { Family } from '../../../metrics/data/row-source.js'
import { ExportCounts } from '../../export-counts.js'
import { ExportQueue } from '../../export-queue.js'
import { checkNamedValues, OPTION_CODE, refuseOption, wholeNumber } from '../../exporter-options.js'
import { checkDestination, type Destination, shownAddress } from '../../sending/destination.js'
import { HttpSender } from '../../sending/http-sender.js'
import { type OutgoingPart, PartSending, type SendingOutcome } from '../../sending/part-sending.js'
import { RETRYABLE } from '../../sending/reply-meaning.js'
import { describeReply } from '../../sending/reply-text.js'
import { RequestCounts } from '../../sending/request-counts.js'
import { dropReason, type RetryLimits } from '../../sending/send-until.js'
import { checkSender, SENDER_OPTIONS, type SenderOptions, type SenderSettings } from '../../sending/sender-options.js'
import { isLabelName } from '../format/names.js'
import { textEncoder } from '../format/text-encoder.js'
import { halfParts, type LinePart, lineParts } from './line-parts.js'

export interface PrometheusTextPushExporterOptions extends SenderOptions {
  /** URL of the receiver, such as `http://127.0.0.1:8428/api/v1/import/prometheus`. User and password become Basic authorization. */
  readonly url: string | URL
  /**
   * Labels of every series, sent as `extra_label` in the URL. They replace labels of the same name. Set `job` and `instance`: without a
   * distinct `instance`, processes write to the same series. Default: none.
   */
  readonly extraLabels?: Readonly<Record<string, string>>
  /** True if bodies are compressed. Default true. */
  readonly gzip?: boolean
  /** True if samples have the time of the export, sent as `timestamp` in the URL; false for the time of arrival. Default true. */
  readonly timestamps?: boolean
  /** Target size of one request before compression, in bytes, 64 KiB … 64 MiB. Larger exports are split. Default 4 MiB. */
  readonly maxRequestBytes?: number
}

const OPTIONS: OptionNames<PrometheusTextPushExporterOptions> = optionNames(
  'url extraLabels gzip timestamps maxRequestBytes',
  SENDER_OPTIONS,
)

const NAME = 'PrometheusTextPushExporter'
const MIN_REQUEST_BYTES = 4_096

/**
 * Sends metrics in the text format of `/metrics` to a receiver that imports it, such as VictoriaMetrics. For processes that cannot be
 * scraped.
 *
 * Receivers ignore lines that they cannot parse, and there are no native histograms and no stale markers. Prefer remote write if the
 * receiver supports it.
 *
 * @throws {@link DefinitionError} `ERR_EXPORTER_URL`, `ERR_EXPORTER_OPTION` or `ERR_OPTION` if an option is not valid.
 * @see https://docs.victoriametrics.com/victoriametrics/url-examples/#apiv1importprometheus
 * @example
 * const url = 'http://127.0.0.1:8428/api/v1/import/prometheus'
 * const exporter = new PrometheusTextPushExporter({ url, extraLabels: { job: 'shop', instance: 'shop-1' } })
 * exportPeriodically({ producers: [stats], exporter, intervalMs: 15_000 })
 */
export class PrometheusTextPushExporter implements FamilyExporter {
  readonly #destination: Destination
  readonly #settings: SenderSettings
  readonly #isZipped: boolean
  readonly #isTimed: boolean
  readonly #labels: string
  readonly #sender: HttpSender
  readonly #counts = new ExportCounts(NAME)
  readonly #requestCounts = new RequestCounts(NAME)
  readonly #times = new RisingTime(NAME)
  #maxRequestBytes: number
  readonly #queue: ExportQueue

  constructor(options: PrometheusTextPushExporterOptions) {
    checkRequiredOptions(NAME, options, OPTIONS)
    const { gzip = true, timestamps = true, extraLabels = {} } = options
    checkBooleans(OPTION_CODE, { gzip, timestamps })
    this.#destination = checkDestination('url', options.url)
    this.#settings = checkSender(options, 2)
    this.#isZipped = gzip
    this.#isTimed = timestamps
    this.#labels = extraLabelQuery(extraLabels)
    this.#maxRequestBytes = wholeNumber('maxRequestBytes', options.maxRequestBytes, 4 << 20, 65_536, 64 << 20)
    this.#sender = new HttpSender(this.#destination, this.#settings)
    this.#queue = new ExportQueue(`sending text to ${this.#place}`, this.#counts, this.#settings.maxQueuedExports)
  }

  /**
   * Sends snapshots. Each part is tried once.
   * @throws {@link ExportError} (as a rejection) `ERR_PUSH_FAILED`, `retryable` if the receiver may accept them later;
   *   `ERR_EXPORTER_CLOSED` after `shutdown()`.
   */
  export(metrics: readonly Metric[]): Promise<void> {
    const { clock, timeoutMs } = this.#settings
    return this.#inOrder(metrics, clock.unixMs(), () => ({ endsMs: clock.monotonicMs() + timeoutMs, tries: 1 }))
  }

  /** Sends families, and retries until the time limit of the export. @throws as {@link export} */
  exportFamilies(families: readonly Family[], { timeUnixMs, timeoutMs, signal, isLast }: FamilyExportContext): Promise<void> {
    const endsMs = this.#settings.clock.monotonicMs() + timeoutMs
    return this.#inOrder(families, timeUnixMs, () => ({ endsMs, signal, isLast }))
  }

  /** Waits for running exports, then closes the connections. */
  shutdown(): Promise<void> {
    return this.#queue.close(() => this.#sender.close())
  }

  get #place(): string {
    return shownAddress(this.#destination)
  }

  /** One after another, so that samples are sent in the order of time. */
  #inOrder(families: readonly Family[], timeUnixMs: number, limits: () => RetryLimits): Promise<void> {
    const time = this.#times.next(Math.floor(timeUnixMs))
    return this.#queue.inOrder(() => runDetached(() => this.#send(families, time, limits())))
  }

  async #send(families: readonly Family[], timeUnixMs: number, limits: RetryLimits): Promise<void> {
    const sending = this.#begin(timeUnixMs, limits)
    this.#throwFailure(await sending.outcome(this.#sendParts(families, sending)))
  }

  async #sendParts(families: readonly Family[], sending: PartSending): Promise<void> {
    for await (const part of lineParts(textEncoder.encode(families), () => this.#maxRequestBytes)) {
      await sending.add(this.#outgoing(part))
      if (sending.isDown) return
    }
  }

  #begin(timeUnixMs: number, limits: RetryLimits): PartSending {
    const query = [this.#labels, this.#isTimed ? `timestamp=${timeUnixMs}` : ''].filter((one) => one !== '').join('&')
    return new PartSending({
      settings: {
        ...this.#settings,
        sender: this.#sender,
        isRetryable: RETRYABLE.prometheus,
        counts: this.#requestCounts,
        describe: describeReply,
      },
      limits,
      encoding: { headers: { 'content-type': textEncoder.contentType }, query, compress: this.#isZipped ? 'gzip' : undefined },
      concurrency: this.#settings.concurrency,
      onTooLarge: (bytes) => {
        this.#maxRequestBytes = Math.max(Math.min(this.#maxRequestBytes, bytes >>> 1), MIN_REQUEST_BYTES)
      },
    })
  }

  #outgoing(part: LinePart): OutgoingPart {
    return {
      items: part.samples,
      body: part.chunks,
      halves: () => {
        const halves = halfParts(part)
        return halves && [this.#outgoing(halves[0]), this.#outgoing(halves[1])]
      },
      settled: (delivery) => {
        if (delivery.kind === 'taken') this.#counts.exported(part.samples)
        else this.#counts.dropped(dropReason(delivery), part.samples)
      },
    }
  }

  #throwFailure({ refusal, undelivered, fault }: SendingOutcome): void {
    if (undelivered === undefined && refusal === undefined && fault === undefined) return
    this.#counts.error('ERR_PUSH_FAILED')
    const why = undelivered?.message ?? (refusal === undefined ? errorText(fault?.error) : describeReply(refusal))
    const options = {
      retryable: undelivered !== undefined,
      retryAfterMs: undelivered?.retryAfterMs,
      ...(fault !== undefined && { cause: fault.error }),
    }
    throw new ExportError('ERR_PUSH_FAILED', `sending text to ${this.#place} failed: ${why}`, options)
  }
}

/** @throws {@link DefinitionError} `ERR_EXPORTER_OPTION` if a label is not valid. */
function extraLabelQuery(labels: Readonly<Record<string, string>>): string {
  checkNamedValues('extraLabels', labels)
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(labels)) {
    if (!isLabelName(name) || typeof value !== 'string') {
      refuseOption(`extraLabels must be valid label names with string values: ${inspectValue(name)} is ${inspectValue(value)}`)
    }
    query.append('extra_label', `${name}=${value}`)
  }
  return String(query)
}
