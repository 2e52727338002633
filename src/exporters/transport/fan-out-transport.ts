import type { Transport } from '../../base/exporter.js'

/** Sends every item to several transports, each with its own exporter, queue and failures. The list may be empty. */
export class FanOutTransport<T> implements Transport<T> {
  readonly #transports: readonly Transport<T>[]
  #shutdown: Promise<void> | undefined

  constructor(transports: readonly Transport<T>[]) {
    this.#transports = [...transports]
  }

  /** Throws what a transport threw, against the rules, once all the others have the item. */
  send(item: T): void {
    this.#each((transport) => transport.send(item))
  }

  async flush(timeoutMs?: number): Promise<void> {
    await Promise.allSettled(this.#transports.map(async (transport) => transport.flush(timeoutMs)))
  }

  /** Shuts all down at once; one that fails keeps none of the others waiting. */
  shutdown(): Promise<void> {
    this.#shutdown ??= Promise.allSettled(this.#transports.map(async (transport) => transport.shutdown())).then(() => {})
    return this.#shutdown
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown()
  }

  flushSync(): void {
    this.#each((transport) => transport.flushSync?.())
  }

  #each(act: (transport: Transport<T>) => void): void {
    const thrown: unknown[] = []
    for (const transport of this.#transports) {
      try {
        act(transport)
      } catch (error) {
        thrown.push(error)
      }
    }
    if (thrown.length > 0) throw thrown[0]
  }
}
