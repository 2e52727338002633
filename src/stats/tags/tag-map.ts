import { ownText } from '../../base/intern-string.js'
import { selfCount, selfFamily } from '../../base/internal-metrics.js'
import { isKey } from '../../metrics/data/validate-definition.js'
import { isAbsent, isTagValue, labelText, MAX_VALUE_LENGTH } from '../../metrics/store/label-value.js'
import { LABELS } from '../../metrics/store/row-index.js'

/** What a tag may be set to. Numbers and booleans count as their text; undefined, null, '' and NaN as "not set". */
export type TagValue = string | number | boolean | undefined | null

/** Tags as plain data. */
export type Tags = { readonly [key: string]: TagValue }

/** How far a tag may go: only within this process, or over any number of hops. */
export type TagTtl = 0 | -1
export const NO_PROPAGATION: TagTtl = 0
export const UNLIMITED_PROPAGATION: TagTtl = -1

/** Whether a text may be a tag key: 1…255 printable ASCII characters. */
export const isTagKey: (key: string) => boolean = isKey

const REFUSED = selfFamily({
  name: 'tallyscope_refused_tags_total',
  description: 'Tags left out of a tag map because of their key or value.',
  type: 'counter',
  unit: '1',
  labelKeys: ['reason'],
})

/**
 * An immutable set of tags, to be made once and recorded with many times: it remembers where its rows are.
 * @example
 * const tags = TagMap.of({ method: 'GET', route: '/cart' })
 * stats.record(latency, 0.0125, tags)
 */
export class TagMap implements Iterable<[string, string]> {
  /** No tags at all. */
  static readonly EMPTY: TagMap = TagMap.of({})

  /** The tags as a frozen record without prototype. */
  readonly record: Readonly<Record<string, string>>
  /** What handles have been made for these tags, newest last; for the record path only. @internal */
  readonly handles: { readonly measure: object }[] = []
  readonly #ttls: ReadonlyMap<string, TagTtl>

  private constructor(record: Readonly<Record<string, string>>, ttls: ReadonlyMap<string, TagTtl>) {
    this.record = record
    this.#ttls = ttls
  }

  /**
   * Keys are 1…255 printable ASCII characters, values any text up to 16 384 code points; an engine cuts what its rows keep at its own limit.
   * A tag that breaks this is left out and counted, never thrown.
   * @param options.ttl Which tags may leave the process; default -1 (unlimited) for all, 0 keeps one inside.
   */
  static of(tags: Tags, options: { ttl?: Readonly<Record<string, TagTtl>> } = {}): TagMap {
    const record: Record<string, string> = Object.create(null)
    const ttls = new Map<string, TagTtl>()
    setAll(record, ttls, tags, options.ttl)
    return new TagMap(Object.freeze(record), ttls)
  }

  /** A new map with these tags added or, where set to undefined, taken away. */
  with(tags: Tags, options: { ttl?: Readonly<Record<string, TagTtl>> } = {}): TagMap {
    const record: Record<string, string> = Object.assign(Object.create(null), this.record)
    const ttls = new Map(this.#ttls)
    setAll(record, ttls, tags, options.ttl)
    return new TagMap(Object.freeze(record), ttls)
  }

  get(key: string): string | undefined {
    return this.record[key]
  }

  has(key: string): boolean {
    return key in this.record
  }

  get size(): number {
    return Object.keys(this.record).length
  }

  /** -1 where the tag may be sent on, 0 where it stays in this process, undefined where there is no such tag. */
  ttl(key: string): TagTtl | undefined {
    return key in this.record ? (this.#ttls.get(key) ?? UNLIMITED_PROPAGATION) : undefined
  }

  [Symbol.iterator](): Iterator<[string, string]> {
    return Object.entries(this.record)[Symbol.iterator]()
  }

  toJSON(): Readonly<Record<string, string>> {
    return this.record
  }
}

// Where another copy of this package in the process finds the tags.
Object.defineProperty(TagMap.prototype, LABELS, {
  get(this: TagMap) {
    return this.record
  },
})

function setAll(
  record: Record<string, string>,
  ttls: Map<string, TagTtl>,
  tags: Tags,
  newTtls: Readonly<Record<string, TagTtl>> | undefined,
): void {
  for (const [key, value] of readTags(tags)) {
    if (!isTagKey(key)) {
      selfCount(REFUSED, 'key').value++
      continue
    }
    delete record[key] // the newest tag replaces value, place and metadata
    ttls.delete(key)
    if (isAbsent(value)) continue
    if (!isTagValue(value)) {
      selfCount(REFUSED, 'value').value++
      continue
    }
    record[key] = ownText(labelText(value, MAX_VALUE_LENGTH))
    if (newTtls !== undefined && Object.hasOwn(newTtls, key)) ttls.set(key, newTtls[key]!)
  }
}

/** What there is to read, from a plain object or another tag map; what throws is left out and counted. */
function readTags(tags: unknown): [key: string, value: unknown][] {
  if (typeof tags !== 'object' || tags === null) return []
  try {
    return Object.entries((tags as { readonly [LABELS]?: Tags })[LABELS] ?? tags)
  } catch {
    selfCount(REFUSED, 'unreadable').value++
    return []
  }
}
