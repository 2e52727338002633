/** How a body ended: read to its end, given up by its reader, or failed on the way. */
export type BodyEnd = 'whole' | 'aborted' | 'broken'

/**
 * A body on its way out. Tells once how it ended, also where nobody ever began to read it, for which a generator's
 * `finally` would not run, and where its reader waits for a client that is gone and never comes back to it.
 */
export class ScrapeBody implements AsyncIterableIterator<Uint8Array> {
  readonly #chunks: AsyncIterator<Uint8Array>
  readonly #end: (end: BodyEnd, bytes: number) => void
  readonly #signal: AbortSignal
  #bytes = 0
  #ended = false
  #isCut = false

  /** @param signal Aborted when there is nobody to read any more. */
  constructor(chunks: AsyncIterable<Uint8Array>, signal: AbortSignal, end: (end: BodyEnd, bytes: number) => void) {
    this.#chunks = chunks[Symbol.asyncIterator]()
    this.#end = end
    this.#signal = signal
    signal.addEventListener('abort', this.#cut)
    if (signal.aborted) this.#cut()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.#isCut) throw this.#signal.reason // or a part would pass for the whole
    if (this.#ended) return { done: true, value: undefined }
    try {
      const next = await this.#chunks.next()
      if (next.done === true) {
        this.#finish('whole')
        return { done: true, value: undefined }
      }
      this.#bytes += next.value.length
      return { done: false, value: next.value }
    } catch (error) {
      this.#finish('broken')
      throw error
    }
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (!this.#ended) {
      this.#finish('aborted')
      await this.#chunks.return?.()
    }
    return { done: true, value: undefined }
  }

  readonly #cut = (): void => {
    if (this.#ended) return
    this.#isCut = true
    this.#finish('aborted')
    this.#chunks.return?.().catch(() => {})
  }

  #finish(end: BodyEnd): void {
    if (this.#ended) return
    this.#ended = true
    this.#signal.removeEventListener('abort', this.#cut)
    this.#end(end, this.#bytes)
  }
}
