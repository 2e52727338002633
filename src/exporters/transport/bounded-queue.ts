import { roughBytes } from './estimate-size.js'

export interface ItemQueueOptions<T> {
  readonly maxQueueSize: number
  readonly maxQueueBytes: number
  readonly itemBytes?: ((item: T) => number) | undefined
}

/** Items in the order in which they came, with the time of each, bounded in number and in bytes. */
export class ItemQueue<T> {
  readonly #options: ItemQueueOptions<T>
  readonly #items: T[] = []
  readonly #timesMs: number[] = []
  readonly #sizes: number[] = []
  #bytes = 0

  constructor(options: ItemQueueOptions<T>) {
    this.#options = options
  }

  get length(): number {
    return this.#items.length
  }

  /** When the oldest item came. */
  get oldestMs(): number {
    return this.#timesMs[0] ?? Number.POSITIVE_INFINITY
  }

  /** Takes the item, or says why not. */
  push(item: T, nowMs: number): 'queue_full' | 'queue_bytes' | undefined {
    const { maxQueueSize, maxQueueBytes } = this.#options
    if (this.#items.length >= maxQueueSize) return 'queue_full'
    if (maxQueueBytes !== Number.POSITIVE_INFINITY) {
      const bytes = this.#measure(item)
      if (this.#bytes + bytes > maxQueueBytes) return 'queue_bytes'
      this.#sizes.push(bytes)
      this.#bytes += bytes
    }
    this.#items.push(item)
    this.#timesMs.push(nowMs)
    return undefined
  }

  /** Takes out the oldest items, at most `max`. */
  take(max: number): T[] {
    this.#timesMs.splice(0, max)
    for (const bytes of this.#sizes.splice(0, max)) this.#bytes -= bytes
    return this.#items.splice(0, max)
  }

  #measure(item: T): number {
    try {
      const bytes = (this.#options.itemBytes ?? roughBytes)(item)
      return bytes > 0 ? bytes : 0
    } catch {
      return 0 // the exporter will say what is wrong with it
    }
  }
}
