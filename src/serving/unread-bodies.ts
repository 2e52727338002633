interface UnreadBody {
  readonly bytes: number
  readonly cut: (reason: Error) => void
}

/**
 * Limits the memory of bodies that wait for slow clients. If all together take more than `maxBytes`, those that were not read for the
 * longest time are aborted.
 */
export class UnreadBodies {
  readonly #maxBytes: number
  /** In the order of their last read. */
  readonly #bodies = new Map<object, UnreadBody>()
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** @param bytes The memory of the body while it is not read. */
  add(owner: object, bytes: number, cut: (reason: Error) => void): void {
    this.#bodies.set(owner, { bytes, cut })
    this.#bytes += bytes
    for (const [slowest, body] of this.#bodies) {
      if (this.#bytes <= this.#maxBytes || slowest === owner) return
      this.delete(slowest)
      body.cut(new Error('the body was cut: too much of others is unread'))
    }
  }

  /** Call when the client has read something. */
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
