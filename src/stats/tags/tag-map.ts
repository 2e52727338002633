import { ownText } from '../../base/intern-string.js'
import { internalCount, internalCounter } from '../../base/internal-metrics.js'
import { isKey } from '../../metrics/data/validate-definition.js'
import { isAbsent, isTagValue, labelText, MAX_VALUE_LENGTH } from '../../metrics/store/label-value.js'
import { labelsOf, SharedTagMap } from '../../metrics/store/shared-tag-map.js'

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

const REFUSED = internalCounter('tallyscope_refused_tags_total', 'Tags left out of a tag map because of their key or value.', 'reason')

/** Tags of a map by key. A class without prototype: objects with the same keys share a shape, and no name is inherited. */
interface TagValues {
  [key: string]: string
}
const TagValues = function () {} as unknown as new () => TagValues
TagValues.prototype = Object.freeze(Object.create(null))

type Ttls = ReadonlyMap<string, TagTtl>
const NO_TTLS: Ttls = new Map()
const NO_HANDLES: readonly never[] = Object.freeze([])

/**
 * An immutable set of tags. Kept and recorded with again, it remembers where its rows are.
 * @example
 * const tags = TagMap.of({ method: 'GET', route: '/cart' })
 * stats.record(latency, 0.0125, tags)
 */
export class TagMap extends SharedTagMap implements Iterable<[string, string]> {
  /** No tags at all. */
  static readonly EMPTY: TagMap = TagMap.of({})

  /** The tags, for the record path of whichever copy of this package. @internal */
  override readonly values: Readonly<TagValues>
  /** Handles made for these tags, newest last; for the record path only. @internal */
  handles: readonly { readonly measure: object }[] = NO_HANDLES
  /** One bit for each measure, of 32, that the map was recorded with; for the record path only. @internal */
  usedWith = 0
  private readonly ttls: Ttls

  private constructor(values: TagValues, ttls: Ttls) {
    super()
    this.values = values
    this.ttls = ttls
  }

  /**
   * Keys are 1…255 printable ASCII characters, values any string up to 16 384 code points; an engine cuts what its rows keep at its own limit.
   * A tag that breaks this is left out and counted, never thrown.
   * @param options.ttl Which tags may leave the process; default -1 (unlimited) for all, 0 keeps one inside.
   */
  static of(tags: Tags, options?: { ttl?: Readonly<Record<string, TagTtl>> }): TagMap {
    return TagMap.add(undefined, tags, options?.ttl)
  }

  /** A new map with these tags added, or taken away if set to undefined. */
  with(tags: Tags, options?: { ttl?: Readonly<Record<string, TagTtl>> }): TagMap {
    return TagMap.add(this, tags, options?.ttl)
  }

  /** The tags as a frozen record without prototype. */
  get record(): Readonly<Record<string, string>> {
    return Object.freeze(Object.assign(Object.create(null), this.values))
  }

  get(key: string): string | undefined {
    return this.values[key]
  }

  has(key: string): boolean {
    return key in this.values
  }

  get size(): number {
    return Object.keys(this.values).length
  }

  /** -1 if the tag may be sent on, 0 if it stays in this process, undefined if there is no such tag. */
  ttl(key: string): TagTtl | undefined {
    return key in this.values ? (this.ttls.get(key) ?? UNLIMITED_PROPAGATION) : undefined
  }

  [Symbol.iterator](): Iterator<[string, string]> {
    return Object.entries(this.values)[Symbol.iterator]()
  }

  toJSON(): Readonly<Record<string, string>> {
    return this.record
  }

  /** The tags of `base` with those given, which win; the given map itself if there is nothing to add it to. @internal */
  static merge(base: TagMap | undefined, tags: Tags | TagMap): TagMap {
    const isAlone = base === undefined || base === TagMap.EMPTY || base === tags
    return isAlone && isTagMap(tags) ? tags : TagMap.add(base, tags, undefined)
  }

  /** The tags of `base` that are not given anew, then those given, each read once. */
  private static add(base: TagMap | undefined, tags: unknown, ttls: Readonly<Record<string, TagTtl>> | undefined): TagMap {
    const values = new TagValues()
    try {
      const given = typeof tags === 'object' && tags !== null ? labelsOf(tags as Tags) : {}
      if (base !== undefined) for (const key in base.values) if (!Object.hasOwn(given, key)) values[key] = base.values[key]!
      for (const key in given) if (Object.hasOwn(given, key)) setTag(values, key, given[key])
      const isUsual = ttls === undefined && given === tags && (base === undefined || base.ttls === NO_TTLS)
      const newest = given === tags ? (key: string) => ownTtl(ttls, key) : (key: string) => ownTtl(ttls, key) ?? (tags as TagMap).ttl(key)
      return new TagMap(values, isUsual ? NO_TTLS : ttlsOf(values, given, newest, base?.ttls ?? NO_TTLS))
    } catch {
      internalCount(REFUSED, 'unreadable').value++ // a getter or a proxy threw
      return base ?? new TagMap(new TagValues(), NO_TTLS)
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

function setTag(values: TagValues, key: string, value: unknown): void {
  if (!isTagKey(key)) internalCount(REFUSED, 'key').value++
  else if (isAbsent(value)) return
  else if (isTagValue(value)) values[key] = ownString(labelText(value, MAX_VALUE_LENGTH))
  else internalCount(REFUSED, 'value').value++
}

/** V8 cuts no string of fewer characters out of another: only longer ones could keep a whole request in memory. */
const SHORTEST_SLICE = 13

const ownString = (text: string): string => (text.length < SHORTEST_SLICE ? text : ownText(text))

function ownTtl(ttls: Readonly<Record<string, TagTtl>> | undefined, key: string): TagTtl | undefined {
  return ttls !== undefined && Object.hasOwn(ttls, key) ? ttls[key] : undefined
}

/** The limits of those tags that have one; a tag given anew has the newest, or none. */
function ttlsOf(values: TagValues, given: object, newest: (key: string) => TagTtl | undefined, before: Ttls): Ttls {
  const ttls = new Map<string, TagTtl>()
  for (const key of Object.keys(values)) {
    const ttl = Object.hasOwn(given, key) ? newest(key) : before.get(key)
    if (ttl !== undefined && ttl !== UNLIMITED_PROPAGATION) ttls.set(key, ttl)
  }
  return ttls
}
