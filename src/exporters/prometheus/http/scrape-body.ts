import type { SendLimits, StreamedBody } from '../../../serving/send-body.js'

/** How a body ended: `whole` if it was read to its end, `aborted` if the client or a limit ended it, `broken` if it failed. */
type BodyEnd = 'whole' | 'aborted' | 'broken'

interface ScrapeBodyOptions extends SendLimits {
  /** Aborted when the reader has disconnected. */
  readonly signal: AbortSignal | undefined
  /** Identifies the memory of the body, which other bodies may share. */
  readonly memory: object
  /** Its size until a client begins to read. */
  readonly heldBytes: number
  /** Called once. */
  readonly onEnd: (end: BodyEnd, sentBytes: number) => void
}

/**
 * A body that is being sent. Calls `onEnd` once, even if it is never read, in which case the `finally` of its generator would not run. It
 * is aborted if the client has disconnected, has read nothing for `sendTimeoutMs`, or is the slowest of too many.
 */
export class ScrapeBody implements StreamedBody {
  onCut: ((reason: Error) => void) | undefined
  readonly #chunks: AsyncIterator<Uint8Array>
  readonly #options: ScrapeBodyOptions
  readonly #idle: NodeJS.Timeout
  #bytes = 0
  #reading = false
  #ended = false
  #cutReason: Error | undefined

  constructor(chunks: AsyncIterable<Uint8Array>, options: ScrapeBodyOptions) {
    this.#chunks = chunks[Symbol.asyncIterator]()
    this.#options = options
    const { signal, sendTimeoutMs, unread, memory, heldBytes } = options
    this.#idle = setTimeout(this.#timeOut, sendTimeoutMs)
    this.#idle.unref()
    unread.add(memory, heldBytes, this.#cut, () => this.#reading)
    signal?.addEventListener('abort', this.#abort)
    if (signal?.aborted === true) this.#abort()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.#throwIfCut()
    if (this.#ended) return { done: true, value: undefined }
    this.#options.unread.progressed(this.#options.memory)
    this.#reading = true
    try {
      const next = await this.#chunks.next()
      this.#throwIfCut()
      if (next.done === true) {
        this.#finish('whole')
        return { done: true, value: undefined }
      }
      this.#bytes += next.value.length
      this.#idle.refresh()
      return { done: false, value: next.value }
    } catch (error) {
      this.#finish('broken')
      throw error
    } finally {
      this.#reading = false
    }
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (!this.#ended) {
      this.#finish('aborted')
      await this.#chunks.return?.()
    }
    return { done: true, value: undefined }
  }

  /** Throws if the body was aborted, so that a partial document is not taken for a whole one. */
  #throwIfCut(): void {
    if (this.#cutReason !== undefined) throw this.#cutReason
  }

  readonly #timeOut = (): void => {
    if (this.#reading) this.#idle.refresh()
    else this.#cut(new Error('the body was cut: its reader read nothing for too long'))
  }

  readonly #abort = (): void => this.#cut(this.#options.signal?.reason as Error)

  readonly #cut = (reason: Error): void => {
    if (this.#ended) return
    this.#cutReason = reason
    this.#finish('aborted')
    this.#chunks.return?.().catch(() => {}) // nothing reads its error any more
    this.onCut?.(reason)
  }

  #finish(end: BodyEnd): void {
    if (this.#ended) return
    this.#ended = true
    clearTimeout(this.#idle)
    this.#options.unread.delete(this.#options.memory, this.#cut)
    this.#options.signal?.removeEventListener('abort', this.#abort)
    this.#options.onEnd(end, this.#bytes)
  }
}
