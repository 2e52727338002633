import { types } from 'node:util'
import { isThenable } from '../../base/finally-async.js'
import { errorText } from '../../base/rate-limited-log.js'
import { inspectValue } from '../../base/strings/inspect-value.js'
import { MAX_TIMER_MS } from '../../base/timer.js'
import { TIMED_OUT, withTimeout } from '../../base/with-timeout.js'
import { joined, sizeOf } from '../../base/byte-chunks.js'
import { gzipBytes } from '../../serving/gzip.js'
import type { HttpReply } from './http-sender.js'
import { type Delivery, type RetryLimits, type SendSettings, sendUntil } from './send-until.js'

/** A part of an export that is sent as one request. */
export interface OutgoingPart {
  /** The number of points, spans or samples. */
  readonly items: number
  /** The uncompressed body. */
  readonly body: readonly Uint8Array[]
  /** Splits a part that was too large for the receiver into two. Returns undefined if it cannot be split. */
  halves(): readonly [OutgoingPart, OutgoingPart] | undefined
  /** Called once with the outcome, unless the part was replaced by its halves. */
  settled(delivery: Delivery): void
}

export interface PartEncoding {
  readonly headers: Readonly<Record<string, string>>
  /** Encoded parameters, appended to the query of the destination. Default: none. */
  readonly query?: string
  /** `gzip`, which also sets the header `content-encoding`, or a function that compresses a body. Default: bodies are not compressed. */
  readonly compress?: 'gzip' | ((body: Uint8Array) => Uint8Array | Promise<Uint8Array>) | undefined
}

/** The outcome of an export, over all of its parts. */
export interface SendingResult {
  /** The first response that refused a part. */
  readonly refusal: HttpReply | undefined
  /** The outcome of the first part that was not delivered. */
  readonly undelivered: Extract<Delivery, { kind: 'undelivered' }> | undefined
}

/** What a function of the application, such as one that compresses, or a bug of this package has thrown. */
export interface Fault {
  readonly error: unknown
}

export interface SendingOutcome extends SendingResult {
  readonly fault: Fault | undefined
}

const COMPRESSION_TIMED_OUT: Extract<Delivery, { kind: 'undelivered' }> = {
  kind: 'undelivered',
  reason: 'deadline',
  message: 'compressing the body took too long',
  retryAfterMs: undefined,
}

/**
 * Sends the parts of one export, a few at a time. A part that is too large is halved, down to one item. After a part that could not be
 * delivered in time, the remaining parts are not sent: see `isDown`.
 */
export class PartSending {
  readonly #settings: SendSettings
  readonly #limits: RetryLimits
  readonly #encoding: PartEncoding
  readonly #concurrency: number
  /** Called with the size in bytes of each part that was too large. */
  readonly #onTooLarge: (bytes: number) => void
  readonly #running = new Set<Promise<void>>()
  #fault: Fault | undefined
  #refusal: HttpReply | undefined
  #undelivered: Extract<Delivery, { kind: 'undelivered' }> | undefined

  constructor(options: {
    readonly settings: SendSettings
    readonly limits: RetryLimits
    readonly encoding: PartEncoding
    readonly concurrency: number
    readonly onTooLarge?: (bytes: number) => void
  }) {
    this.#settings = options.settings
    this.#limits = options.limits
    this.#encoding = options.encoding
    this.#concurrency = options.concurrency
    this.#onTooLarge = options.onTooLarge ?? (() => {})
  }

  /** True if further parts will not be sent. */
  get isDown(): boolean {
    return this.#undelivered !== undefined
  }

  /** Begins to send a part. Resolves when another part may be added. */
  async add(part: OutgoingPart): Promise<void> {
    const sending = this.#send(part)
      .catch((error: unknown) => {
        this.#fault ??= { error }
      })
      .finally(() => this.#running.delete(sending))
    this.#running.add(sending)
    while (this.#running.size >= this.#concurrency) await Promise.race(this.#running)
  }

  /** Like {@link outcome}, but rejects with the fault. */
  async finish(): Promise<SendingResult> {
    const { fault, ...result } = await this.outcome(Promise.resolve())
    if (fault !== undefined) throw fault.error
    return result
  }

  /**
   * Resolves when all parts have settled.
   * @param adding Settles when the last part was added.
   */
  async outcome(adding: Promise<void>): Promise<SendingOutcome> {
    await adding.catch((error: unknown) => {
      this.#fault ??= { error }
    })
    while (this.#running.size > 0) await Promise.all(this.#running)
    return { refusal: this.#refusal, undelivered: this.#undelivered, fault: this.#fault }
  }

  async #send(part: OutgoingPart): Promise<void> {
    if (this.#undelivered !== undefined) return part.settled(this.#undelivered)
    let delivery: Delivery
    let halves: ReturnType<OutgoingPart['halves']>
    try {
      delivery = await this.#deliver(part)
      if (delivery.kind === 'too_large') {
        this.#onTooLarge(sizeOf(part.body))
        halves = part.items > 1 ? part.halves() : undefined
      }
    } catch (error) {
      this.#fault ??= { error }
      return part.settled({ kind: 'undelivered', reason: 'encoding', message: errorText(error), retryAfterMs: undefined })
    }
    for (const half of halves ?? []) await this.#send(half)
    if (halves !== undefined) return
    if (delivery.kind === 'undelivered') this.#undelivered ??= delivery
    else if (delivery.kind !== 'taken') this.#refusal ??= delivery.reply
    part.settled(delivery)
  }

  async #deliver(part: OutgoingPart): Promise<Delivery> {
    const { compress, query } = this.#encoding
    const headers = { ...this.#encoding.headers, ...(compress === 'gzip' && { 'content-encoding': 'gzip' }) }
    const body = compress === undefined ? part.body : await this.#compressed(part, compress === 'gzip' ? gzipBytes : compress)
    if (body === TIMED_OUT) return COMPRESSION_TIMED_OUT
    return sendUntil({ method: 'POST', body, headers, query }, this.#limits, this.#settings)
  }

  /** Limits the time: compression may be a function of the application that never settles. */
  async #compressed(
    { body }: OutgoingPart,
    compress: (body: Uint8Array) => Uint8Array | Promise<Uint8Array>,
  ): Promise<readonly Uint8Array[] | typeof TIMED_OUT> {
    const compressing = compress(joined(body))
    if (!isThenable(compressing)) return [checkedBytes(compressing)]
    const { clock } = this.#settings
    const leftMs = this.#limits.endsMs - clock.monotonicMs()
    const compressed = await withTimeout(compressing, { clock, timeoutMs: Math.min(Math.max(leftMs, 0), MAX_TIMER_MS) })
    return compressed === TIMED_OUT ? TIMED_OUT : [checkedBytes(compressed)]
  }
}

/** Anything else would be sent as something that no receiver can read. */
function checkedBytes(compressed: unknown): Uint8Array {
  if (types.isUint8Array(compressed)) return compressed
  throw new Error(`compress must return a Uint8Array: it returned ${inspectValue(compressed)}`)
}
