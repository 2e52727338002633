/** Initial length of the array of keys and values, since most spans have few attributes. */
const FIRST_ROOM = 8
/** Maximum number of entries in the array. More entries are in a Map. */
const MAX_FLAT = 16

/**
 * Keeps the `max` entries that were set last. If it is full, the oldest ones are dropped and counted. Setting a key again makes it the
 * newest and drops nothing.
 *
 * A few entries are in one array: a span with two attributes takes an eighth less time than with a Map (bench/trace/trace.bench.js, sampled
 * span with 2 attributes).
 *
 * @example
 * const map = new BoundedMap<string, number>(2)
 * map.set('a', 1).set('b', 2).set('c', 3)
 * map.has('a') // false, with map.dropped 1
 */
export class BoundedMap<K, V> implements Iterable<[K, V]> {
  readonly max: number
  /** Alternating keys and values, oldest first; empty once there is a Map. */
  private flat: unknown[] = new Array(FIRST_ROOM)
  private end = 0
  private map: Map<K, V> | undefined = undefined
  private droppedCount = 0

  constructor(max: number) {
    this.max = max
  }

  get size(): number {
    return this.map?.size ?? this.end / 2
  }

  /** The number of dropped entries. */
  get dropped(): number {
    return this.droppedCount
  }

  /** Sets a key. If the map is full, the oldest key is dropped and counted. */
  set(key: K, value: V): this {
    const at = this.find(key)
    const end = this.end
    if (at === end && end < MAX_FLAT * 2 && !(end >= this.max * 2) && this.map === undefined && key === key) {
      this.flat[end] = key
      this.flat[end + 1] = value
      this.end = end + 2
    } else this.setAmongMany(key, value, at)
    return this
  }

  /** The value of a key, or undefined. */
  get(key: K): V | undefined {
    if (this.map !== undefined) return this.map.get(key)
    const at = this.find(key)
    return at < this.end ? (this.flat[at + 1] as V) : undefined
  }

  /** True if the map has the key. */
  has(key: K): boolean {
    return this.map?.has(key) ?? this.find(key) < this.end
  }

  /** Removes a key. Returns false if the map did not have it. */
  delete(key: K): boolean {
    if (this.map !== undefined) return this.map.delete(key)
    const at = this.find(key)
    if (at === this.end) return false
    this.flat.splice(at, 2)
    this.end -= 2
    return true
  }

  /** Calls `visit` with each entry, oldest first. */
  forEach(visit: (value: V, key: K) => void): void {
    if (this.map !== undefined) return this.map.forEach((value, key) => visit(value, key))
    const flat = this.flat
    for (let at = 0; at < this.end; at += 2) visit(flat[at + 1] as V, flat[at] as K)
  }

  /** Keys and values, oldest first. */
  [Symbol.iterator](): Iterator<[K, V]> {
    const entries: [K, V][] = []
    this.forEach((value, key) => entries.push([key, value]))
    return entries[Symbol.iterator]()
  }

  // Not #private methods, for which V8 would add a field to each object.

  /** The index of the key in the array; the end of the array if it is not there. */
  protected find(key: K): number {
    const flat = this.flat
    const end = this.end
    let at = 0
    while (at < end && flat[at] !== key) at += 2
    return at
  }

  /** Sets a key that is already set, or that exceeds the limit or the array. */
  protected setAmongMany(key: K, value: V, at: number): void {
    const hasRoom = at === this.end && !(this.size >= this.max)
    if (this.map === undefined && (hasRoom || key !== key)) this.useMap() // only a Map finds NaN
    const isNew = this.map === undefined ? at === this.end : !this.map.delete(key)
    if (isNew && this.size >= this.max) {
      this.droppedCount++
      if (this.max <= 0) return
      if (this.map === undefined) at = 0
      else this.map.delete(this.map.keys().next().value as K)
    }
    if (this.map === undefined) {
      // Removes the former value or the oldest entry, then appends the new one.
      this.flat.copyWithin(at, at + 2, this.end)
      this.flat[this.end - 2] = key
      this.flat[this.end - 1] = value
    } else this.map.set(key, value)
  }

  protected useMap(): void {
    const map = new Map<K, V>(this)
    this.map = map
    this.flat = []
    this.end = 0
  }
}
