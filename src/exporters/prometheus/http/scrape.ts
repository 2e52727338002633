import type { Clock } from '../../../base/clock.js'
import { countScrape } from './scrape-counts.js'

/** One scrape, from the request to the end of its body. It is counted once. */
export class Scrape {
  /** The negotiated format; before negotiation the first one. */
  format: string
  /** Aborted when the client has disconnected. */
  readonly signal: AbortSignal | undefined
  /** Bytes that were encoded so far, before compression. */
  documentBytes = 0
  readonly #clock: Clock
  readonly #startMs: number
  #ended = false

  constructor(format: string, clock: Clock, signal: AbortSignal | undefined) {
    this.format = format
    this.signal = signal
    this.#clock = clock
    this.#startMs = clock.monotonicMs()
  }

  get isAborted(): boolean {
    return this.signal?.aborted === true
  }

  /** The rest of `timeoutMs` since the request arrived, in milliseconds. 0 or negative if it is over. */
  leftMs(timeoutMs: number): number {
    return this.#startMs + timeoutMs - this.#clock.monotonicMs()
  }

  /** @param code HTTP status, `aborted` or `broken`. */
  end(code: string, sentBytes: number): void {
    if (this.#ended) return
    this.#ended = true
    countScrape({
      format: this.format,
      code,
      durationMs: this.#clock.monotonicMs() - this.#startMs,
      sentBytes,
      documentBytes: code === '200' && this.documentBytes > 0 ? this.documentBytes : undefined,
    })
  }
}
