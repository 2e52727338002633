import type { Transport } from '../base/export.js'

/** Gives every item to several transports, each of which has its own exporter, queue and faults. None is fine too. */
export class FanOutTransport<T> implements Transport<T> {
  readonly #transports: readonly Transport<T>[]
  #shutdown: Promise<void> | undefined

  constructor(transports: readonly Transport<T>[]) {
    this.#transports = [...transports]
  }

  send(item: T): void {
    for (const transport of this.#transports) transport.send(item)
  }

  async flush(timeoutMs?: number): Promise<void> {
    await Promise.allSettled(this.#transports.map((transport) => transport.flush(timeoutMs)))
  }

  /** Shuts all down at once; one that fails keeps none of the others waiting. */
  shutdown(): Promise<void> {
    this.#shutdown ??= Promise.allSettled(this.#transports.map((transport) => transport.shutdown())).then(() => {})
    return this.#shutdown
  }
}
