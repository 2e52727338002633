import type { Transport } from '../../base/exporter.js'

/** Sends every item to several transports, which do not affect each other. The list may be empty. */
export class FanOutTransport<T> implements Transport<T> {
  readonly #transports: readonly Transport<T>[]
  #shutdown: Promise<void> | undefined

  constructor(transports: readonly Transport<T>[]) {
    this.#transports = [...transports]
  }

  /** Sends an item to all transports. Rethrows the first error of a transport that breaks the contract and throws. */
  send(item: T): void {
    this.#each((transport) => transport.send(item))
  }

  async flush(timeoutMs?: number): Promise<void> {
    await Promise.allSettled(this.#transports.map(async (transport) => transport.flush(timeoutMs)))
  }

  /** Shuts down all transports concurrently, even if some of them fail. */
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
