/** Larger buffers are left to the garbage collector, because few requests need them. */
const MAX_KEPT_BYTES = 2 << 20

/**
 * Keeps the buffers of requests that have been sent for the next requests. Writing to newly allocated memory is slow,
 * because the operating system maps each page on its first write. See bench/push/push.bench.js.
 */
export class SpareBuffers {
  readonly #maxCount: number
  readonly #buffers: Buffer[] = []

  /** @param maxCount Buffers kept, each of at most 2 MiB. */
  constructor(maxCount: number) {
    this.#maxCount = maxCount
  }

  /** Returns a kept buffer if one is large enough, or a new one of `bytes`. */
  take(bytes: number): Buffer {
    const at = this.#buffers.findIndex((buffer) => buffer.length >= bytes)
    return at === -1 ? Buffer.allocUnsafeSlow(bytes) : this.#buffers.splice(at, 1)[0]!
  }

  /** Keeps the whole buffer that `bytes` is a part of. Call only if nothing reads or writes it any more. */
  give({ buffer }: Uint8Array): void {
    if (this.#buffers.length < this.#maxCount && buffer.byteLength <= MAX_KEPT_BYTES) this.#buffers.push(Buffer.from(buffer as ArrayBuffer))
  }
}
