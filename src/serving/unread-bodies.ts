interface UnreadBody {
  readonly bytes: number
  readonly cut: (reason: Error) => void
}

/**
 * Bodies that wait for their readers, so that slow readers cannot fill the memory. If all of them together hold more than
 * `maxBytes`, those whose readers have taken nothing for the longest time are cut.
 */
export class UnreadBodies {
  readonly #maxBytes: number
  /** In the order of their last progress. */
  readonly #bodies = new Map<object, UnreadBody>()
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** @param bytes The bytes that the body holds while it is not read. */
  add(owner: object, bytes: number, cut: (reason: Error) => void): void {
    this.#bodies.set(owner, { bytes, cut })
    this.#bytes += bytes
    for (const [slowest, body] of this.#bodies) {
      if (this.#bytes <= this.#maxBytes || slowest === owner) return
      this.delete(slowest)
      body.cut(new Error('the body was cut: too much of others is unread'))
    }
  }

  /** Call when the reader has taken something. */
  progressed(owner: object): void {
    const body = this.#bodies.get(owner)
    if (body === undefined) return
    this.#bodies.delete(owner)
    this.#bodies.set(owner, body)
  }

  delete(owner: object): void {
    this.#bytes -= this.#bodies.get(owner)?.bytes ?? 0
    this.#bodies.delete(owner)
  }
}
