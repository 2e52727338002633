/** How a body ended: read to its end, given up by its reader, or failed on the way. */
export type BodyEnd = 'whole' | 'aborted' | 'broken'

/**
 * A body on its way out. Tells once how it ended, also where nobody ever began to read it, for which a generator's
 * `finally` would not run.
 */
export class ScrapeBody implements AsyncIterableIterator<Uint8Array> {
  readonly #chunks: AsyncIterator<Uint8Array>
  readonly #end: (end: BodyEnd, bytes: number) => void
  #bytes = 0
  #ended = false

  constructor(chunks: AsyncIterable<Uint8Array>, end: (end: BodyEnd, bytes: number) => void) {
    this.#chunks = chunks[Symbol.asyncIterator]()
    this.#end = end
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
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

  #finish(end: BodyEnd): void {
    if (this.#ended) return
    this.#ended = true
    this.#end(end, this.#bytes)
  }
}
