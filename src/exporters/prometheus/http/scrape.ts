import type { Clock } from '../../../base/clock.js'
import { countScrape } from './scrape-counts.js'

/** One request on its way from arrival to the end of its body; counted once, however it ends. */
export class Scrape {
  readonly format: string
  /** Stops the work for this scrape: the client went away, or gave the body up. */
  readonly signal: AbortSignal
  /** Written so far, before compression. */
  documentBytes = 0
  readonly #clock: Clock
  readonly #startMs: number
  readonly #aborter = new AbortController()
  readonly #client: AbortSignal | undefined
  #release: (() => void) | undefined
  #ended = false

  constructor(format: string, clock: Clock, client: AbortSignal | undefined) {
    this.format = format
    this.signal = this.#aborter.signal
    this.#clock = clock
    this.#startMs = clock.monotonicMs()
    this.#client = client
    if (client?.aborted === true) this.#aborter.abort(client.reason)
    else client?.addEventListener('abort', this.#abort)
  }

  /** What to let go of at the end; called once. */
  holds(release: () => void): void {
    this.#release = release
  }

  /** @param code HTTP status, `aborted` or `broken`. */
  end(code: string, sentBytes: number): void {
    if (this.#ended) return
    this.#ended = true
    this.#client?.removeEventListener('abort', this.#abort)
    if (code === 'aborted') this.#aborter.abort()
    this.#release?.()
    countScrape({
      format: this.format,
      code,
      durationMs: this.#clock.monotonicMs() - this.#startMs,
      sentBytes,
      documentBytes: code === '200' && this.documentBytes > 0 ? this.documentBytes : undefined,
    })
  }

  readonly #abort = () => this.#aborter.abort(this.#client?.reason)
}
