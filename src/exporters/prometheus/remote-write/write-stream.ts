import { ExportCounts } from '../../export-counts.js'
import { type OutgoingPart, PartSending, type SendingResult } from '../../sending/part-sending.js'
import { RETRYABLE } from '../../sending/reply-meaning.js'
import { describeReply } from '../../sending/reply-text.js'
import { RequestCounts } from '../../sending/request-counts.js'
import type { HttpReply, HttpSender } from '../../sending/http-sender.js'
import { type Delivery, dropReason, type RetryLimits, type SendSettings } from '../../sending/send-until.js'
import type { RemoteWriteSettings } from './remote-write-options.js'
import { RequestWriterV1 } from './request-writer-v1.js'
import { RequestWriterV2 } from './request-writer-v2.js'
import type { Compress } from './snappy-block.js'
import type { RequestWriter } from './request-writer.js'
import type { EncodedRequest } from './encoded-request.js'
import { writeEncoding, writtenSamples } from './write-protocol.js'

const counts = new ExportCounts('RemoteWriteExporter')
const requestCounts = new RequestCounts('RemoteWriteExporter')

/** The version that the receiver accepts; undefined until it is known. An exporter shares one object between its exports. */
export interface AgreedVersion {
  version: 1 | 2 | undefined
}

/** The outcome of an export. */
export interface StreamResult extends SendingResult {
  /** The number of samples that the receiver did not write although it accepted their request. */
  readonly unwritten: number
}

/** Sends the samples of one export as a sequence of requests, in the version that the receiver accepts. */
export class WriteStream {
  readonly #settings: RemoteWriteSettings
  readonly #limits: RetryLimits
  readonly #compress: Compress
  readonly #agreed: AgreedVersion
  readonly #send: SendSettings
  #sending: PartSending | undefined
  #writer: RequestWriter
  /** Writes the same samples in version 1, while it is unknown whether the receiver accepts version 2. */
  #fallback: RequestWriterV1 | undefined
  #firstUndelivered: SendingResult['undelivered']
  /** The first response that refused a request whose version was unknown. */
  #refusal: HttpReply | undefined
  #unwritten = 0
  #largestRow = 0
  /** Called with the outcome of the current request. */
  #listeners: ((delivery: Delivery) => void)[] = []

  constructor(settings: RemoteWriteSettings, sender: HttpSender, limits: RetryLimits, compress: Compress, agreed: AgreedVersion) {
    this.#settings = settings
    this.#limits = limits
    this.#compress = compress
    this.#agreed = agreed
    this.#send = sendSettings(settings, sender)
    this.#writer = this.#newWriter(agreed.version ?? 2)
    if (agreed.version === undefined) this.#fallback = new RequestWriterV1()
  }

  /** True if further requests will not be sent. */
  get isDown(): boolean {
    return this.#firstUndelivered !== undefined || this.#sending?.isDown === true
  }

  /** Makes room for a row. Returns a promise only if the current request is full and is sent. Rows may change until it resolves. */
  makeRoom(samples: number): Promise<void> | undefined {
    const { maxSamplesPerRequest, maxRequestBytes } = this.#settings
    const { samples: have, bytes } = this.#writer
    const isFull = have > 0 && (have + samples > maxSamplesPerRequest || bytes + this.#largestRow > maxRequestBytes)
    return isFull ? this.flush() : undefined
  }

  /** Adds a row: calls `write` for each writer. */
  row(write: (out: RequestWriter) => void, settled?: (delivery: Delivery) => void): void {
    const before = this.#writer.bytes
    write(this.#writer)
    if (this.#fallback !== undefined) write(this.#fallback)
    this.#largestRow = Math.max(this.#largestRow, this.#writer.bytes - before)
    if (settled !== undefined) this.#listeners.push(settled)
  }

  /** Sends the current request. */
  async flush(): Promise<void> {
    if (this.#writer.samples === 0) return
    const listeners = this.#listeners
    this.#listeners = []
    const report = (delivery: Delivery): void => listeners.forEach((listener) => listener(delivery))
    const request = this.#writer.take()
    if (this.#firstUndelivered !== undefined) {
      this.#count(2, request.samples, this.#firstUndelivered)
      report(this.#firstUndelivered)
    } else if (this.#fallback === undefined) await this.#add(this.#agreed.version!, request, report)
    else await this.#probe(request, this.#fallback.take(), report)
  }

  /** Sends a request of version 1 without samples, once. Returns true if it was accepted. */
  async extra(body: Uint8Array): Promise<boolean> {
    let isTaken = false
    const settled = ({ kind }: Delivery): void => {
      isTaken = kind === 'taken'
    }
    const sending = this.#newSending(1, { ...this.#limits, tries: 1 })
    await sending.add({ items: 1, body: [body], halves: () => undefined, settled })
    await sending.finish()
    return isTaken
  }

  /** Resolves when no request is sent any more. Never rejects. */
  async settled(): Promise<void> {
    await this.#sending?.outcome(Promise.resolve())
  }

  async finish(): Promise<StreamResult> {
    await this.flush()
    const result = await this.#sending?.finish()
    return {
      refusal: this.#refusal ?? result?.refusal,
      undelivered: this.#firstUndelivered ?? result?.undelivered,
      unwritten: this.#unwritten,
    }
  }

  async #add(version: 1 | 2, request: EncodedRequest, report: (delivery: Delivery) => void): Promise<void> {
    this.#sending ??= this.#newSending(version)
    await this.#sending.add(this.#part(version, request, report))
  }

  #part(version: 1 | 2, request: EncodedRequest, report: (delivery: Delivery) => void): OutgoingPart {
    const { samples } = request
    return {
      items: samples,
      body: request.body,
      halves: () => {
        const halves = request.halves()
        if (halves === undefined) return undefined
        const reportHalf = reportOfHalves(report)
        return [this.#part(version, halves[0], reportHalf), this.#part(version, halves[1], reportHalf)]
      },
      settled: (delivery) => {
        this.#count(version, samples, delivery)
        report(delivery)
      },
    }
  }

  #count(version: 1 | 2, samples: number, delivery: Delivery): void {
    if (delivery.kind === 'undelivered') return counts.dropped(dropReason(delivery), samples)
    const isTaken = delivery.kind === 'taken'
    // A receiver of version 2 may write some samples of a request that it refuses.
    const reported = Math.min(writtenSamples(delivery.reply.headers) ?? 0, samples)
    const written = version === 2 ? reported : isTaken ? samples : 0
    counts.exported(written)
    counts.dropped(isTaken ? 'rejected' : dropReason(delivery), samples - written)
    if (isTaken) this.#unwritten += samples - written
    // A receiver of version 2 may have been replaced by an older one.
    const isOlder = delivery.kind === 'refused' && delivery.reply.status === 415 && version === 2
    if (isOlder && this.#settings.version === 'auto') this.#agreed.version = 1
  }

  /**
   * Sends the first request in version 2, and again in version 1 if the receiver does not accept it. One that is too large is halved until a
   * half shows the version.
   */
  async #probe(request: EncodedRequest, fallback: EncodedRequest, report: (delivery: Delivery) => void): Promise<void> {
    const delivery = await this.#deliverAsVersion2(request)
    const halves = delivery.kind === 'too_large' ? request.halves() : undefined
    if (halves !== undefined) return this.#probeHalves(halves, fallback.halves()!, reportOfHalves(report))
    if (delivery.kind === 'undelivered') this.#firstUndelivered = delivery
    else {
      const isVersion2 = delivery.kind !== 'too_large' && writtenSamples(delivery.reply.headers) !== undefined
      if (!isVersion2) return this.#sendAsVersion1(fallback, delivery, report)
      this.#agreed.version = 2
      this.#fallback = undefined
      if (delivery.kind === 'refused') this.#refusal ??= delivery.reply
    }
    this.#count(2, request.samples, delivery)
    report(delivery)
  }

  async #probeHalves(
    [first, second]: readonly [EncodedRequest, EncodedRequest],
    [firstFallback, secondFallback]: readonly [EncodedRequest, EncodedRequest],
    report: (delivery: Delivery) => void,
  ): Promise<void> {
    await this.#probe(first, firstFallback, report)
    const { version } = this.#agreed
    if (this.#firstUndelivered !== undefined) {
      this.#count(2, second.samples, this.#firstUndelivered)
      report(this.#firstUndelivered)
    } else if (version === undefined) await this.#probe(second, secondFallback, report)
    else await this.#add(version, version === 1 ? secondFallback : second, report)
  }

  async #deliverAsVersion2({ samples, body }: EncodedRequest): Promise<Delivery> {
    let delivery: Delivery | undefined
    const settled = (outcome: Delivery): void => {
      delivery = outcome
    }
    const sending = this.#newSending(2)
    await sending.add({ items: samples, body, halves: () => undefined, settled })
    await sending.finish()
    return delivery!
  }

  /** @param refused The outcome of the same request in version 2. */
  async #sendAsVersion1(
    request: EncodedRequest,
    refused: Exclude<Delivery, { kind: 'undelivered' }>,
    report: (delivery: Delivery) => void,
  ): Promise<void> {
    if (refused.kind === 'taken' || refused.reply.status === 415) this.#agreed.version = 1
    let isTaken = false
    const sending = this.#newSending(1)
    await sending.add(
      this.#part(1, request, (outcome) => {
        isTaken ||= outcome.kind === 'taken'
        report(outcome)
      }),
    )
    const { refusal, undelivered } = await sending.finish()
    this.#firstUndelivered ??= undelivered
    if (isTaken) this.#agreed.version = 1
    if (this.#agreed.version === 1) {
      this.#fallback = undefined
      this.#writer = new RequestWriterV1()
      this.#sending = sending
    } else this.#refusal ??= refusal
  }

  #newWriter(version: 1 | 2): RequestWriter {
    return version === 1 ? new RequestWriterV1() : new RequestWriterV2(this.#settings)
  }

  #newSending(version: 1 | 2, limits: RetryLimits = this.#limits): PartSending {
    const { concurrency } = this.#settings
    return new PartSending({ settings: this.#send, limits, encoding: writeEncoding(version, this.#compress), concurrency })
  }
}

/** Reports the outcome of both halves of a request once: that of a half that was not delivered, otherwise of an accepted one, if any. */
function reportOfHalves(report: (delivery: Delivery) => void): (delivery: Delivery) => void {
  let first: Delivery | undefined
  return (second) => {
    if (first === undefined) first = second
    else report(RANKS[first.kind] <= RANKS[second.kind] ? first : second)
  }
}

const RANKS: Readonly<Record<Delivery['kind'], number>> = { undelivered: 0, taken: 1, refused: 2, too_large: 3 }

function sendSettings({ retryOn429, clock, random, timeoutMs }: RemoteWriteSettings, sender: HttpSender): SendSettings {
  return {
    sender,
    isRetryable: retryOn429 ? RETRYABLE.prometheus : RETRYABLE.prometheusNot429,
    counts: requestCounts,
    clock,
    random,
    timeoutMs,
    describe: describeWriteReply,
    retryHeaders: (retry) => (retry === 0 ? {} : { 'retry-attempt': String(retry) }),
  }
}

/** Like {@link describeReply}, with up to 1 024 characters of the body: the compliance tests of remote write require the whole message. */
export function describeWriteReply(reply: HttpReply): string {
  return describeReply(reply, 1_024)
}
