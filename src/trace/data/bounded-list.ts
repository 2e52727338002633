/**
 * Keeps the newest `max` items. If it is full, the oldest are dropped and counted. A `max` of 0 keeps nothing.
 *
 * @example
 * const list = new BoundedList<number>(2)
 * list.extend([1, 2, 3])
 * list.toArray() // [2, 3], with list.dropped 1
 */
export class BoundedList<T> implements Iterable<T> {
  readonly max: number
  readonly #items: T[] = []
  #oldest = 0
  #dropped = 0

  constructor(max: number) {
    this.max = max
  }

  get size(): number {
    return this.#items.length
  }

  /** The number of dropped items. */
  get dropped(): number {
    return this.#dropped
  }

  /** Adds an item. If the list is full, the oldest one is dropped and counted. */
  append(item: T): void {
    if (this.#items.length < this.max) {
      this.#items.push(item)
      return
    }
    this.#dropped++
    if (this.max <= 0) return
    this.#items[this.#oldest] = item
    this.#oldest = (this.#oldest + 1) % this.#items.length
  }

  /** Adds several items. */
  extend(items: Iterable<T>): void {
    for (const item of items) this.append(item)
  }

  /** The items, oldest first. */
  toArray(): T[] {
    return [...this.#items.slice(this.#oldest), ...this.#items.slice(0, this.#oldest)]
  }

  [Symbol.iterator](): Iterator<T> {
    return this.toArray()[Symbol.iterator]()
  }
}
