import type { Clock } from '../../base/clock.js'
import { estimateSize } from './estimate-size.js'

interface BoundedQueueOptions<T> {
  readonly maxQueueSize: number
  readonly maxQueueBytes: number
  readonly maxBatchSize: number
  readonly itemBytes?: ((item: T) => number) | undefined
  readonly clock: Clock
}

interface QueuedBatch<T> {
  readonly items: T[]
  /** Monotonic time at which its first item was added, in milliseconds. */
  readonly sinceMs: number
  bytes: number
}

/**
 * A first-in, first-out queue with a maximum number of items and of bytes.
 *
 * Items are stored in the batches in which they are taken, so that nothing is copied and the clock is read once a batch. See
 * bench/trace/pipeline.bench.js.
 */
export class BoundedQueue<T> {
  readonly #options: BoundedQueueOptions<T>
  /** All but the last are full. */
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

  /** True if the queue has at least half of its bytes. */
  get isHalfFull(): boolean {
    return this.#bytes * 2 >= this.#options.maxQueueBytes
  }

  /** Monotonic time at which the oldest item was added, in milliseconds; Infinity if the queue is empty. */
  get oldestMs(): number {
    return this.#batches[0]?.sinceMs ?? Number.POSITIVE_INFINITY
  }

  /** Adds an item. Returns the reason if it was refused. */
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

  /** Removes the oldest batch. */
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

  /** Begins a batch that already has its first item, because V8 does not inline `push` to an empty array. */
  #addBatch(item: T, bytes: number): void {
    this.#last = { items: [item], sinceMs: this.#options.clock.monotonicMs(), bytes }
    this.#batches.push(this.#last)
  }

  #measure(item: T): number {
    try {
      const bytes = (this.#options.itemBytes ?? estimateSize)(item)
      return bytes > 0 ? bytes : 0
    } catch {
      return 0 // the exporter will report the error
    }
  }
}
