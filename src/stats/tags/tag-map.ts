import { internRecent, internString, SHORTEST_SLICE } from '../../base/strings/intern-string.js'
import { isKey } from '../../metrics/data/validate-definition.js'
import { allTags, isTagValue } from '../../metrics/labels/all-tags.js'
import { countRefusedTag, isUnset, labelString, MAX_VALUE_LENGTH } from '../../metrics/labels/label-value.js'
import { labelsOf, SharedTagMap, tagsOfMap } from '../../metrics/labels/shared-tag-map.js'

/** The value of a tag. Numbers and booleans are converted to strings; undefined, null, '' and NaN mean "not set". */
export type TagValue = string | number | boolean | undefined | null

/** Tags as plain data. */
export type Tags = { readonly [key: string]: TagValue }

/** Propagation of a tag: 0 only within this process, -1 over any number of hops. */
export type TagTtl = 0 | -1
/** TTL of a tag that never leaves the process. */
export const NO_PROPAGATION: TagTtl = 0
/** TTL of a tag that may be sent any number of times. */
export const UNLIMITED_PROPAGATION: TagTtl = -1

/** True for a valid tag key: 1…255 printable ASCII characters. */
export const isTagKey: (key: string) => boolean = isKey

/** Tags of a map by key. */
type TagValues = Record<string, string>

type Ttls = ReadonlyMap<string, TagTtl>
const NO_TTLS: Ttls = new Map()

/**
 * An immutable set of tags. If it is recorded with several times, it caches its rows.
 * @example
 * const tags = TagMap.of({ method: 'GET', route: '/cart' })
 * stats.record(latency, 0.0125, tags)
 */
export class TagMap extends SharedTagMap implements Iterable<[string, string]> {
  /** A map without tags. */
  static readonly EMPTY: TagMap = TagMap.of({})

  /** The tags, for the record path of any copy of this package. @internal */
  override readonly values: Readonly<TagValues>
  /** The newest handle for these tags, linked to older ones; for the record path only. @internal */
  newestHandle: object | undefined = undefined
  /** Bits of the measures that the map was recorded with; for the record path only. @internal */
  usedWith = 0
  private readonly ttls: Ttls

  private constructor(values: TagValues, ttls: Ttls) {
    super()
    this.values = values
    this.ttls = ttls
  }

  /**
   * Creates a map. Keys are 1…255 printable ASCII characters, values any string up to 16 384 code points; an engine cuts the values of its
   * rows at its own limit. A tag that breaks these rules is left out and counted. Never throws.
   * @param options.ttl 0 for tags that must not leave the process; any value but -1 counts as 0. Default -1 (unlimited).
   */
  static of(tags: Tags, options?: { ttl?: Readonly<Record<string, TagTtl>> }): TagMap {
    return TagMap.add(undefined, tags, options)
  }

  /** Returns a new map with these tags added, or removed if they are undefined. */
  with(tags: Tags, options?: { ttl?: Readonly<Record<string, TagTtl>> }): TagMap {
    return TagMap.add(this, tags, options)
  }

  /** The tags as a frozen object without prototype. */
  get record(): Readonly<Record<string, string>> {
    return Object.freeze(Object.assign(Object.create(null), this.values))
  }

  /** The value of a tag, or undefined if it is not set. */
  get(key: string): string | undefined {
    return this.has(key) ? this.values[key] : undefined
  }

  /** True if the tag is set. */
  has(key: string): boolean {
    return Object.hasOwn(this.values, key)
  }

  get size(): number {
    return Object.keys(this.values).length
  }

  /** -1 if the tag may leave the process, 0 if not, undefined if there is no such tag. */
  ttl(key: string): TagTtl | undefined {
    return this.has(key) ? (this.ttls.get(key) ?? UNLIMITED_PROPAGATION) : undefined
  }

  [Symbol.iterator](): Iterator<[string, string]> {
    return Object.entries(this.values)[Symbol.iterator]()
  }

  /** The tags as a plain object. */
  toJSON(): Readonly<Record<string, string>> {
    return this.record
  }

  /** Merges tags into those of `base`, which they replace. Returns the given map itself if there is no base. @internal */
  static merge(base: TagMap | undefined, tags: Tags | TagMap): TagMap {
    const isAlone = base === undefined || base === TagMap.EMPTY || base === tags
    return isAlone && isTagMap(tags) ? tags : TagMap.add(base, tags)
  }

  /** Adds `tags` to those of `base`. Each tag is read once. */
  private static add(base: TagMap | undefined, tags: unknown, options?: { ttl?: Readonly<Record<string, TagTtl>> }): TagMap {
    try {
      const ttls = options?.ttl
      const own = typeof tags === 'object' && tags !== null ? labelsOf(tags as Tags) : {}
      const added = own === tags ? allTags(own) : own
      const copy = tagsOfMap(base?.values, added)
      const values = internValues(copy) ? (copy as TagValues) : usableTags(copy)
      if (ttls === undefined && own === tags && (base === undefined || base.ttls === NO_TTLS)) return new TagMap(values, NO_TTLS)
      const newest = own === tags ? (key: string) => ownTtl(ttls, key) : (key: string) => ownTtl(ttls, key) ?? (tags as TagMap).ttl(key)
      return new TagMap(values, ttlsOf(values, added, newest, base?.ttls ?? NO_TTLS))
    } catch {
      countRefusedTag('unreadable') // a getter or a proxy threw
      return base ?? TagMap.EMPTY
    }
  }
}

function isTagMap(tags: unknown): tags is TagMap {
  try {
    return tags instanceof SharedTagMap
  } catch {
    return false // a revoked proxy
  }
}

/** Interns each value. Returns false if one of the tags needs the slower {@link usableTags}. */
function internValues(tags: Record<string, unknown>): boolean {
  for (const key in tags) {
    const value = internRecent(tags[key])
    if (value === undefined || value === '' || !isTagKey(key)) return false
    if (value.length >= SHORTEST_SLICE) tags[key] = value // shorter strings are not slices
  }
  return true
}

/** The valid tags. Others are left out, and counted if they break a rule. */
function usableTags(tags: Readonly<Record<string, unknown>>): TagValues {
  const usable: [key: string, value: string][] = []
  for (const [key, value] of Object.entries(tags)) {
    if (!isTagKey(key)) countRefusedTag('key')
    else if (isUnset(value)) continue
    else if (isTagValue(value)) usable.push([key, internString(labelString(value, MAX_VALUE_LENGTH))])
    else countRefusedTag('value')
  }
  return tagsOfMap(undefined, Object.fromEntries(usable)) as TagValues
}

function ownTtl(ttls: Readonly<Record<string, TagTtl>> | undefined, key: string): TagTtl | undefined {
  return ttls !== undefined && Object.hasOwn(ttls, key) ? ttls[key] : undefined
}

/** The TTLs of tags that have one. A tag that is set again has its newest TTL, or none. */
function ttlsOf(values: TagValues, given: object, newest: (key: string) => TagTtl | undefined, before: Ttls): Ttls {
  const ttls = new Map<string, TagTtl>()
  for (const key of Object.keys(values)) {
    const ttl = Object.hasOwn(given, key) ? newest(key) : before.get(key)
    if (ttl !== undefined && ttl !== UNLIMITED_PROPAGATION) ttls.set(key, NO_PROPAGATION)
  }
  return ttls
}
