import { BoundedMap } from './bounded-map.js'

/** Room that is there from the beginning, for keys and values in turn: most spans have few attributes. */
const FIRST_ROOM = 8
/** Up to so many attributes a key is found by looking at all of them; more go into a map. */
const MAX_SOUGHT = 16

/**
 * What a BoundedMap is, for the attributes of a span: the last `max` that were set, setting a key again makes it the newest.
 * Keys and values stand in one array while there are few: a span with two is made in an eighth less time than with a map
 * (bench/trace/trace.bench.js, sampled span with 2 attributes).
 */
export class AttributeStore<V> implements Iterable<[string, V]> {
  readonly max: number
  /** Keys and values in turn, oldest first, `#end` of them; empty once there is a map. */
  #flat: unknown[] = new Array(FIRST_ROOM)
  #end = 0
  #map: BoundedMap<string, V> | undefined = undefined
  #dropped = 0

  constructor(max: number) {
    this.max = max
  }

  get size(): number {
    return this.#map?.size ?? this.#end / 2
  }

  /** How many had to make room. */
  get dropped(): number {
    return this.#dropped + (this.#map?.dropped ?? 0)
  }

  set(key: string, value: V): void {
    if (this.#map !== undefined) {
      this.#map.set(key, value)
      return
    }
    const flat = this.#flat
    const end = this.#end
    let at = 0
    while (at < end && flat[at] !== key) at += 2
    if (at === end && end < MAX_SOUGHT * 2 && !(end >= this.max * 2)) {
      flat[end] = key
      flat[end + 1] = value
      this.#end = end + 2
    } else this.setAmongMany(key, value, at)
  }

  /** Keys and values, oldest first. */
  [Symbol.iterator](): Iterator<[string, V]> {
    return (this.#map ?? pairs<V>(this.#flat, this.#end))[Symbol.iterator]()
  }

  /** A key that was set before, or one too many for the limit or for the array. */
  protected setAmongMany(key: string, value: V, at: number): void {
    const isNew = at === this.#end
    if (isNew && !(this.size >= this.max)) {
      this.#map = new BoundedMap(this.max)
      for (const [each, itsValue] of pairs<V>(this.#flat, this.#end)) this.#map.set(each, itsValue)
      this.#map.set(key, value)
      this.#flat = []
      return
    }
    if (isNew) this.#dropped++
    if (this.max <= 0) return
    // Out with the earlier value, or with the oldest attribute; in with the newest.
    this.#flat.copyWithin(isNew ? 0 : at, isNew ? 2 : at + 2, this.#end)
    this.#flat[this.#end - 2] = key
    this.#flat[this.#end - 1] = value
  }
}

function pairs<V>(flat: readonly unknown[], end: number): [string, V][] {
  const found: [string, V][] = []
  for (let at = 0; at < end; at += 2) found.push([flat[at] as string, flat[at + 1] as V])
  return found
}
