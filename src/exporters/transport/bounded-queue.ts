import type { Clock } from '../../base/clock.js'
import { estimateSize } from './estimate-size.js'

export interface BoundedQueueOptions<T> {
  readonly maxQueueSize: number
  readonly maxQueueBytes: number
  readonly maxBatchSize: number
  readonly itemBytes?: ((item: T) => number) | undefined
  readonly clock: Clock
}

interface QueuedBatch<T> {
  readonly items: T[]
  /** Monotonic milliseconds when its first item was added. */
  readonly sinceMs: number
  bytes: number
}

/**
 * Items in the order in which they were added, bounded in number and in bytes.
 *
 * They are kept in the batches in which they leave, so that a batch is taken without copying, and the clock is read once a
 * batch: with three lists of times, sizes and items a queued span cost half as much again (bench/trace/pipeline.bench.js).
 */
export class BoundedQueue<T> {
  readonly #options: BoundedQueueOptions<T>
  /** All are full but the last. */
  readonly #batches: QueuedBatch<T>[] = []
  #last: QueuedBatch<T> | undefined
  #length = 0
  #bytes = 0

  constructor(options: BoundedQueueOptions<T>) {
    this.#options = options
  }

  get length(): number {
    return this.#length
  }

  /** When the oldest item was added; Infinity if the queue is empty. */
  get oldestMs(): number {
    return this.#batches[0]?.sinceMs ?? Number.POSITIVE_INFINITY
  }

  /** Adds the item, or returns why it was refused. */
  push(item: T): 'queue_full' | 'queue_bytes' | undefined {
    const { maxQueueSize, maxQueueBytes, maxBatchSize } = this.#options
    if (this.#length >= maxQueueSize) return 'queue_full'
    const bytes = maxQueueBytes === Number.POSITIVE_INFINITY ? 0 : this.#measure(item)
    if (this.#bytes + bytes > maxQueueBytes) return 'queue_bytes'
    const last = this.#last
    if (last === undefined || last.items.length >= maxBatchSize) this.#addBatch(item, bytes)
    else {
      last.items.push(item)
      last.bytes += bytes
    }
    this.#bytes += bytes
    this.#length++
    return undefined
  }

  /** Removes the oldest items, as many as make a batch. */
  takeBatch(): T[] {
    const batch = this.#batches.shift()
    if (batch === undefined) return []
    if (batch === this.#last) this.#last = undefined
    this.#length -= batch.items.length
    this.#bytes -= batch.bytes
    return batch.items
  }

  takeAll(): T[] {
    const items = this.#batches.flatMap((batch) => batch.items)
    this.#batches.length = 0
    this.#last = undefined
    this.#length = 0
    this.#bytes = 0
    return items
  }

  /** Begins a batch with its first item: V8 calls `push` for a list that was empty, and inlines it otherwise. */
  #addBatch(item: T, bytes: number): void {
    this.#last = { items: [item], sinceMs: this.#options.clock.monotonicMs(), bytes }
    this.#batches.push(this.#last)
  }

  #measure(item: T): number {
    try {
      const bytes = (this.#options.itemBytes ?? estimateSize)(item)
      return bytes > 0 ? bytes : 0
    } catch {
      return 0 // the exporter will report what is wrong with it
    }
  }
}
