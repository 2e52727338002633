import { isPrintableAscii } from '../../base/strings/printable-ascii.js'
import { internalCount, type InternalMetric, internalCounter } from '../../base/internal-metrics.js'
import { isTagKey, NO_PROPAGATION, TagMap, type TagTtl } from './tag-map.js'

/** One tag, for the codecs. */
export interface TagEntry {
  readonly key: string
  readonly value: string
  /** Default −1, unlimited. */
  readonly ttl?: TagTtl
}

/** Maximum of key and value characters of all tags in one context. @see OpenCensus specification, tags/TagMap.md */
export const MAX_CONTEXT_CHARACTERS = 8_192
const MAX_CHARACTERS = 255

/**
 * One filter of a list. The first filter that matches a key decides. If the list is not empty, a tag that no filter matches is left out.
 */
export interface TagPropagationFilter {
  readonly action: 'include' | 'exclude'
  readonly operator: 'equal' | 'notEqual' | 'hasPrefix'
  readonly value: string
}

/** The tags of a map with their TTLs. */
export function tagEntries(tags: TagMap): TagEntry[] {
  return Array.from(tags, ([key, value]) => ({ key, value, ttl: tags.ttl(key) ?? NO_PROPAGATION }))
}

/** The map of decoded tags; undefined if the codec refused them. A tag with an empty value counts as not set. */
export function tagMapOf(entries: readonly TagEntry[] | undefined): TagMap | undefined {
  return entries && TagMap.of(Object.fromEntries(entries.map(({ key, value }) => [key, value])))
}

/** Options of the tag codecs. */
export interface TagCodecOptions {
  /** Filters by key. Tags with TTL 0 are always left out. Default: all others. */
  readonly filters?: readonly TagPropagationFilter[]
}

/** True for a tag value that can be sent: 0 to 255 characters of printable ASCII. */
export function isWireText(text: string): boolean {
  return isPrintableAscii(text, MAX_CHARACTERS)
}

const dropped: InternalMetric = internalCounter(
  'tallyscope_tag_propagation_dropped_total',
  'Tags, or whole contexts, that were not sent or not accepted, by direction and reason',
  'direction',
  'reason',
)

type TagDropReason = 'not_ascii' | 'too_long' | 'too_many' | 'too_large' | 'malformed'

export function countTagDrop(direction: 'sent' | 'received', reason: TagDropReason): void {
  internalCount(dropped, direction, reason).value++
}

/** The tags that may be sent or accepted: those that the filters include, without tags with TTL 0. */
export function propagatedTags(tags: Iterable<TagEntry>, filters: readonly TagPropagationFilter[] = []): TagEntry[] {
  return Array.from(tags).filter(({ key, ttl }) => ttl !== NO_PROPAGATION && passes(key, filters))
}

function passes(key: string, filters: readonly TagPropagationFilter[]): boolean {
  if (filters.length === 0) return true
  return filters.find((filter) => matches(key, filter))?.action === 'include'
}

function matches(key: string, { operator, value }: TagPropagationFilter): boolean {
  switch (operator) {
    case 'equal':
      return key === value
    case 'notEqual':
      return key !== value
    case 'hasPrefix':
      return key.startsWith(value)
  }
}

/**
 * The tags that can be sent; undefined if they are too large in total. A tag that no reader would accept is left out and counted, so that
 * the others can be sent.
 */
export function sendableTags(tags: Iterable<TagEntry>, filters: readonly TagPropagationFilter[] | undefined): TagEntry[] | undefined {
  const sendable: TagEntry[] = []
  for (const tag of propagatedTags(tags, filters)) {
    if (isTagKey(tag.key) && isWireText(tag.value)) sendable.push(tag)
    else countTagDrop('sent', isPrintableAscii(tag.key + tag.value) ? 'too_long' : 'not_ascii')
  }
  if (characters(sendable) <= MAX_CONTEXT_CHARACTERS) return sendable
  countTagDrop('sent', 'too_large')
  return undefined
}

/**
 * Checks decoded tags. Returns the last one of each key, or undefined if any is wrong, since an incomplete context would be wrong. Repeated
 * keys count for the size.
 */
export function acceptedTags(tags: readonly TagEntry[], filters: readonly TagPropagationFilter[] | undefined): TagEntry[] | undefined {
  if (!tags.every(({ key, value }) => isTagKey(key) && isWireText(value))) return refuse('malformed')
  if (characters(tags) > MAX_CONTEXT_CHARACTERS) return refuse('too_large')
  const newest = new Map(tags.map((tag) => [tag.key, tag]))
  return propagatedTags(newest.values(), filters)
}

export function refuse(reason: TagDropReason): undefined {
  countTagDrop('received', reason)
}

function characters(tags: readonly TagEntry[]): number {
  return tags.reduce((sum, { key, value }) => sum + key.length + value.length, 0)
}
