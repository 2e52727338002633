import { errorText } from '../../base/rate-limited-log.js'
import { MAX_TIMER_MS } from '../../base/timer.js'
import { TIMED_OUT, withTimeout } from '../../base/with-timeout.js'
import type { HttpReply } from './http-sender.js'
import { type Delivery, type SendLimits, type SendSettings, sendUntil } from './send-until.js'

/** A part of an export that is one request. */
export interface OutgoingPart {
  /** Points, spans or samples in it. */
  readonly items: number
  /** Not compressed. */
  readonly body: readonly Uint8Array[]
  /** The same items as two parts, for a receiver that finds this one too large; undefined if it cannot be divided. */
  halves(): readonly [OutgoingPart, OutgoingPart] | undefined
  /** Called once with what became of the part, unless its halves took its place. */
  settled(delivery: Delivery): void
}

export interface PartEncoding {
  readonly headers: Readonly<Record<string, string>>
  /** Added to the query of the destination, encoded. Default none. */
  readonly query?: string
  /** Compresses a body, off the main thread if it is long. */
  compress(body: readonly Uint8Array[]): readonly Uint8Array[] | Promise<readonly Uint8Array[]>
}

/** How an export went, over all of its parts. */
export interface SendingResult {
  /** The first answer by which a part was refused. */
  readonly refusal: HttpReply | undefined
  /** Why parts were not delivered, if some were not. */
  readonly undelivered: Extract<Delivery, { kind: 'undelivered' }> | undefined
}

const COMPRESSION_LATE: Extract<Delivery, { kind: 'undelivered' }> = {
  kind: 'undelivered',
  reason: 'deadline',
  message: 'compressing the body was not done in time',
  retryAfterMs: undefined,
}

/**
 * Sends the parts of one export, a few at once. A part that is too large is halved, down to one item. Once the receiver cannot be
 * reached in time, the rest of the export is not sent: `isDown`.
 */
export class PartSending {
  readonly #settings: SendSettings
  readonly #limits: SendLimits
  readonly #encoding: PartEncoding
  readonly #concurrency: number
  /** Called when a part was too large, with the bytes that were. */
  readonly #onTooLarge: (bytes: number) => void
  readonly #running = new Set<Promise<void>>()
  #fault: { readonly error: unknown } | undefined
  #refusal: HttpReply | undefined
  #undelivered: Extract<Delivery, { kind: 'undelivered' }> | undefined

  constructor(options: {
    readonly settings: SendSettings
    readonly limits: SendLimits
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

  /** True if further parts would not be sent. */
  get isDown(): boolean {
    return this.#undelivered !== undefined
  }

  /** Begins to send a part; resolves when there is room for another. */
  async add(part: OutgoingPart): Promise<void> {
    const sending = this.#send(part)
      .catch((error: unknown) => {
        this.#fault ??= { error }
      })
      .finally(() => this.#running.delete(sending))
    this.#running.add(sending)
    while (this.#running.size >= this.#concurrency) await Promise.race(this.#running)
  }

  /** Resolves when all parts have settled. Rejects only with a fault of our own. */
  async finish(): Promise<SendingResult> {
    while (this.#running.size > 0) await Promise.all(this.#running)
    if (this.#fault !== undefined) throw this.#fault.error
    return { refusal: this.#refusal, undelivered: this.#undelivered }
  }

  async #send(part: OutgoingPart): Promise<void> {
    if (this.#undelivered !== undefined) return part.settled(this.#undelivered)
    const { headers, query } = this.#encoding
    let body: readonly Uint8Array[] | typeof TIMED_OUT
    try {
      body = await this.#compress(part)
    } catch (error) {
      this.#fault ??= { error }
      return part.settled({ kind: 'undelivered', reason: 'encoding', message: errorText(error), retryAfterMs: undefined })
    }
    if (body === TIMED_OUT) {
      this.#undelivered ??= COMPRESSION_LATE
      return part.settled(COMPRESSION_LATE)
    }
    const delivery = await sendUntil({ method: 'POST', body, headers, query }, this.#limits, this.#settings)
    if (delivery.kind === 'too large') {
      this.#onTooLarge(part.body.reduce((sum, bytes) => sum + bytes.length, 0))
      const halves = part.items > 1 ? part.halves() : undefined
      for (const half of halves ?? []) await this.#send(half)
      if (halves !== undefined) return
    }
    if (delivery.kind === 'undelivered') this.#undelivered ??= delivery
    else if (delivery.kind !== 'taken') this.#refusal ??= delivery.reply
    part.settled(delivery)
  }

  /** What compresses may be a function of the application, which may never settle. */
  #compress({ body }: OutgoingPart): ReturnType<PartEncoding['compress']> | Promise<readonly Uint8Array[] | typeof TIMED_OUT> {
    const compressed = this.#encoding.compress(body)
    if (!(compressed instanceof Promise)) return compressed
    const { clock } = this.#settings
    const leftMs = this.#limits.endsMs - clock.monotonicMs()
    return withTimeout(compressed, { clock, timeoutMs: Math.min(Math.max(leftMs, 0), MAX_TIMER_MS) })
  }
}
