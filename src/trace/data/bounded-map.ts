/**
 * Keeps the `max` entries that were set last; the oldest make room for new keys and are counted. Setting a key again
 * makes it the newest and drops nothing.
 *
 * @example
 * const map = new BoundedMap<string, number>(2)
 * map.set('a', 1).set('b', 2).set('c', 3)
 * map.has('a') // false, with map.dropped 1
 */
export class BoundedMap<K, V> implements Iterable<[K, V]> {
  readonly max: number
  readonly #entries = new Map<K, V>()
  #dropped = 0

  constructor(max: number) {
    this.max = max
  }

  get size(): number {
    return this.#entries.size
  }

  /** How many entries had to make room. */
  get dropped(): number {
    return this.#dropped
  }

  set(key: K, value: V): this {
    if (!this.#entries.delete(key) && this.#entries.size >= this.max) {
      this.#dropped++
      if (this.max <= 0) return this
      this.#entries.delete(this.#entries.keys().next().value as K)
    }
    this.#entries.set(key, value)
    return this
  }

  get(key: K): V | undefined {
    return this.#entries.get(key)
  }

  has(key: K): boolean {
    return this.#entries.has(key)
  }

  delete(key: K): boolean {
    return this.#entries.delete(key)
  }

  /** Keys and values, oldest first. */
  [Symbol.iterator](): Iterator<[K, V]> {
    return this.#entries[Symbol.iterator]()
  }
}
