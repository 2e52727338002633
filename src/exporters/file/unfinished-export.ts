import { type JsonLine, jsonLineInSteps } from '../json-lines.js'
import { Batch } from './line-batch.js'
import type { QueueSlot } from './line-queue.js'

/** Serialises the items of one export in steps, which `export` and `flushSync` may both take. */
export class UnfinishedExport<T> {
  readonly slot: QueueSlot
  readonly batch: Batch
  readonly #items: readonly T[]
  readonly #toBytes: (line: JsonLine) => Buffer | undefined
  #next = 0
  /** The remaining steps of the current item. */
  #steps: Generator<void, JsonLine, undefined> | undefined

  /** @param toBytes Returns undefined if the item is dropped. */
  constructor(items: readonly T[], slot: QueueSlot, toBytes: (line: JsonLine) => Buffer | undefined) {
    this.slot = slot
    this.batch = new Batch(slot.lines)
    this.#items = items
    this.#toBytes = toBytes
  }

  /** True if all items are serialised. */
  get isDone(): boolean {
    return this.#steps === undefined && this.#next === this.#items.length
  }

  step(): void {
    this.#steps ??= jsonLineInSteps(this.#items[this.#next++])
    const { done, value } = this.#steps.next()
    if (done !== true) return
    this.#steps = undefined
    const line = this.#toBytes(value)
    if (line !== undefined) this.slot.add(line)
    this.batch.next()
  }
}
