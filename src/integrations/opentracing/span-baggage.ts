import { type BaggageEntry, formatBaggage, parseBaggage } from '../../trace/propagation/baggage.js'
import { baggageDrops } from './opentracing-counts.js'

/** Limit of members in a W3C baggage header. */
const MAX_ITEMS = 64

const UNSAFE_IN_KEY = /[^!#$&'*+\-.^_`|~\dA-Za-z]/gu
const LONE_SURROGATE = /^[\ud800-\udfff]$/

/**
 * The baggage of a span. Immutable, so that contexts can share it. At most 64 items and a header of 8 192 bytes, so that every carrier
 * can contain it.
 */
export class SpanBaggage {
  static readonly EMPTY: SpanBaggage = new SpanBaggage(new Map())

  readonly items: ReadonlyMap<string, string>
  #header: string | undefined

  constructor(items: ReadonlyMap<string, string>) {
    this.items = items
  }

  /** Parses a W3C baggage header. */
  static parse(header: string | undefined): SpanBaggage {
    if (header === undefined) return SpanBaggage.EMPTY
    const items = new Map<string, string>()
    for (const [key, value] of parseBaggage(header)) {
      if (items.size === MAX_ITEMS) baggageDrops.count.value++
      else items.set(readKey(key), value)
    }
    return items.size === 0 ? SpanBaggage.EMPTY : new SpanBaggage(items)
  }

  get size(): number {
    return this.items.size
  }

  /** Returns the baggage with an item set. Returns itself, and counts the drop, if the item is invalid or exceeds a limit. */
  with(key: unknown, value: unknown): SpanBaggage {
    const text = textOf(value)
    if (typeof key !== 'string' || key === '' || text === undefined) {
      baggageDrops.invalid.value++
      return this
    }
    if (!this.items.has(key) && this.items.size >= MAX_ITEMS) {
      baggageDrops.count.value++
      return this
    }
    const more = new SpanBaggage(new Map(this.items).set(key, text))
    if (more.#fits()) return more
    baggageDrops.length.value++
    return this
  }

  /** Returns the baggage with the items of `other` added. Existing keys keep their values. */
  union(other: SpanBaggage): SpanBaggage {
    if (this.size === 0 || other === this) return other
    if (other.size === 0) return this
    let all = new SpanBaggage(this.items)
    for (const [key, value] of other.items) if (!this.items.has(key)) all = all.with(key, value)
    return all
  }

  /** As a W3C baggage header. */
  get header(): string {
    return (this.#header ??= formatBaggage(membersOf(this.items)))
  }

  #fits(): boolean {
    return this.header !== '' && this.header.split(',').length === this.size
  }
}

/** Merges a header and baggage into one header. The baggage takes precedence. */
export function mergedHeader(first: string, second: SpanBaggage): string {
  return formatBaggage(new Map([...parseBaggage(first), ...membersOf(second.items)]))
}

/** The members of a header. Keys must be HTTP tokens, so other characters are percent-encoded. */
function membersOf(items: ReadonlyMap<string, string>): BaggageEntry[] {
  return [...items].map(([key, value]) => [key.replace(UNSAFE_IN_KEY, encoded), value])
}

function encoded(char: string): string {
  if (char === '%') return '%25'
  if (LONE_SURROGATE.test(char)) return '%EF%BF%BD'
  return encodeURIComponent(char).replace(/[()]/g, (each) => `%${each.charCodeAt(0).toString(16)}`)
}

function readKey(key: string): string {
  try {
    return decodeURIComponent(key)
  } catch {
    return key
  }
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  return typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint' ? String(value) : undefined
}
