import { ExportError } from '../../base/errors.js'
import { errorText, RateLimitedLog } from '../../base/rate-limited-log.js'
import { ExportCounts } from '../export-counts.js'
import { ExportQueue } from '../export-queue.js'
import { SpareBuffers } from '../spare-buffers.js'
import { shownAddress } from '../sending/destination.js'
import { type HttpReply, HttpSender } from '../sending/http-sender.js'
import { PartSending, type SendingOutcome } from '../sending/part-sending.js'
import { RETRYABLE } from '../sending/reply-meaning.js'
import { RequestCounts } from '../sending/request-counts.js'
import { type Delivery, dropReason, type RetryLimits } from '../sending/send-until.js'
import type { Envelope } from './envelope.js'
import { jsonFromProtobuf, type Message } from './json-from-protobuf.js'
import { readExportResponse, refusalMessage } from './otlp-response.js'
import type { OtlpOptions, OtlpSettings } from './otlp-options.js'

const MIN_REQUEST_BYTES = 4_096
/** JSON is about three times as long as protobuf, and is built in one slice. */
const JSON_SIZE_FACTOR = 4

/** Sends the parts of both OTLP exporters, counts them, and logs failures. */
export class OtlpSender {
  readonly #isJson: boolean
  readonly #items: 'points' | 'spans'
  readonly #settings: OtlpSettings
  readonly #http: HttpSender
  readonly counts: ExportCounts
  readonly queue: ExportQueue
  /** Buffers for the parts that are being sent and the one that is being written. */
  readonly spares: SpareBuffers
  readonly #requestCounts: RequestCounts
  readonly #log: RateLimitedLog
  #maxRequestBytes: number

  constructor(name: string, items: 'points' | 'spans', settings: OtlpSettings, { logger }: OtlpOptions) {
    this.#items = items
    this.#settings = settings
    this.#isJson = settings.protocol === 'http/json'
    this.#http = new HttpSender(settings.destination, settings.sender)
    this.counts = new ExportCounts(name)
    this.queue = new ExportQueue(`sending ${items} to ${shownAddress(settings.destination)}`, this.counts, settings.sender.maxQueuedExports)
    this.spares = new SpareBuffers(settings.sender.concurrency + 1)
    this.#requestCounts = new RequestCounts(name)
    const { clock } = settings.sender
    this.#log = new RateLimitedLog({ code: 'TALLYSCOPE_EXPORT_FAILED', subject: `exporter ${name}`, logger, clock })
    this.#maxRequestBytes = this.#isJson ? Math.ceil(settings.maxRequestBytes / JSON_SIZE_FACTOR) : settings.maxRequestBytes
  }

  /** Target size of one request in bytes of protobuf: at most half of that of any request that the receiver refused as too large. */
  get maxRequestBytes(): number {
    return this.#maxRequestBytes
  }

  /** The body of a request: encoded metrics or spans within their resource and scope. @param message The fields of the request. */
  bodyOf(envelope: Envelope, items: Uint8Array, message: Message): readonly Uint8Array[] {
    const body = [envelope.head(items.length), items]
    return this.#isJson ? [Buffer.from(jsonFromProtobuf(Buffer.concat(body), message))] : body
  }

  begin(limits: RetryLimits): PartSending {
    const { sender, compression } = this.#settings
    const headers = { 'content-type': this.#isJson ? 'application/json' : 'application/x-protobuf' }
    return new PartSending({
      settings: {
        ...sender,
        sender: this.#http,
        isRetryable: RETRYABLE.otlp,
        counts: this.#requestCounts,
        describe: (reply) => this.#describe(reply),
      },
      limits,
      encoding: { headers, compress: compression === 'gzip' ? 'gzip' : undefined },
      concurrency: sender.concurrency,
      onTooLarge: (bytes) => {
        const half = Math.ceil(bytes / (this.#isJson ? 2 * JSON_SIZE_FACTOR : 2))
        this.#maxRequestBytes = Math.min(this.#maxRequestBytes, Math.max(half, MIN_REQUEST_BYTES))
      },
    })
  }

  /** Reuses the buffer of a part, unless its bytes may still be in use. */
  release(bytes: Uint8Array, delivery: Delivery): void {
    if (delivery.kind === 'taken' && delivery.reply.isWhollySent) this.spares.give(bytes)
  }

  /** Counts the outcome of a part, and logs the receiver's message. */
  settled(items: number, delivery: Delivery): void {
    if (delivery.kind !== 'taken') return this.counts.dropped(dropReason(delivery), items)
    const { rejected, message, isReadable } = readExportResponse(delivery.reply)
    const lost = Math.min(rejected, items)
    this.counts.exported(items - lost)
    this.counts.dropped('rejected', lost)
    if (!isReadable) this.#log.report('got a response that is not OTLP: check the address')
    else if (lost > 0) this.#log.report(`sent some ${this.#items} that the receiver rejected`, new Error(message || 'no reason given'))
    else if (message !== '') this.#log.report('got a warning from the receiver', new Error(message))
  }

  /** Counts an item that is too large for any request. */
  dropOversized(what: string): void {
    this.counts.dropped('oversized', 1)
    this.#log.report(`dropped ${what} that is larger than the maximum size of a request`)
  }

  /** Counts an item that has no OTLP form. */
  dropMalformed(what: string, error: unknown): void {
    this.counts.dropped('encoding', 1)
    this.#log.report(`dropped ${what} that cannot be encoded as OTLP`, error)
  }

  /** The error of an export; undefined if all parts were accepted. */
  failure({ refusal, undelivered, fault }: SendingOutcome, delivered: number): ExportError | undefined {
    const where = shownAddress(this.#settings.destination)
    if (undelivered !== undefined) {
      if (refusal !== undefined) this.#log.report(`sent some ${this.#items} that were refused`, new Error(this.#describe(refusal)))
      this.counts.error('ERR_OTLP_FAILED')
      const { message, retryAfterMs } = undelivered
      const text = `sending ${this.#items} to ${where} failed: ${message}`
      return new ExportError('ERR_OTLP_FAILED', text, { retryable: true, delivered, retryAfterMs })
    }
    if (refusal === undefined && fault === undefined) return undefined
    this.counts.error('ERR_OTLP_FAILED')
    const text =
      refusal === undefined
        ? `${this.#items} cannot be encoded as OTLP: ${errorText(fault?.error)}`
        : `sending ${this.#items} to ${where} was refused: ${this.#describe(refusal)}`
    return new ExportError('ERR_OTLP_FAILED', text, { retryable: false, delivered, ...(fault !== undefined && { cause: fault.error }) })
  }

  /** Waits for running exports, then closes the connections. */
  close(): Promise<void> {
    return this.queue.close(() => this.#http.close())
  }

  #describe(reply: HttpReply): string {
    const { status, headers } = reply
    if (status >= 300 && status < 400) return `status ${status}, a redirect${originOf(headers.location)}, which is not followed`
    const text = refusalMessage(reply)
    return `status ${status}${text === '' ? '' : `: ${text}`}${this.#hint(status)}`
  }

  #hint(status: number): string {
    const { pathname } = this.#settings.destination.url
    if (status === 404 && /\/v1\/\w+\/v1\/\w+$/.test(pathname)) return '; the endpoint already ends in /v1/…: use the option url instead'
    return status === 415 ? `; the receiver may not accept ${this.#settings.protocol}` : ''
  }
}

/** The origin of a redirect. The path is left out: it may contain a secret. */
function originOf(location: string | undefined): string {
  return location !== undefined && URL.canParse(location) ? ` to ${new URL(location).origin}` : ''
}
