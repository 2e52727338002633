import { isPrintableAscii } from '../../base/printable-ascii.js'
import { internalCount, type InternalMetric, internalCounter } from '../../base/internal-metrics.js'
import { isTagKey, NO_PROPAGATION, TagMap, type TagTtl } from './tag-map.js'

/** One tag as the codecs see it. */
export interface TagEntry {
  readonly key: string
  readonly value: string
  /** Default −1, unlimited. */
  readonly ttl?: TagTtl
}

/** Key and value characters of all tags of one context, at most. @see OpenCensus specification, tags/TagMap.md */
export const MAX_CONTEXT_CHARACTERS = 8_192
const MAX_CHARACTERS = 255

/**
 * One step of a filter list. The first filter that matches a key decides; a list that is not empty lets nothing
 * through that no filter matches.
 */
export interface TagPropagationFilter {
  readonly action: 'include' | 'exclude'
  readonly operator: 'equal' | 'notEqual' | 'hasPrefix'
  readonly value: string
}

/** The tags of a map with how far each may travel. */
export function tagEntries(tags: TagMap): TagEntry[] {
  return Array.from(tags, ([key, value]) => ({ key, value, ttl: tags.ttl(key) ?? NO_PROPAGATION }))
}

/** The map of what a codec has read; nothing if the codec refused it. A tag with an empty value counts as not set. */
export function tagMapOf(entries: readonly TagEntry[] | undefined): TagMap | undefined {
  return entries && TagMap.of(Object.fromEntries(entries.map(({ key, value }) => [key, value])))
}

/** What a codec gets besides the tags. */
export interface TagCodecOptions {
  /** Which tags may pass, by key. Default: all but those with the TTL 0, which never go onto a wire. */
  readonly filters?: readonly TagPropagationFilter[]
}

/** True for 0 to 255 characters of printable ASCII: what a tag value must be to go onto a wire. */
export function isWireText(text: string): boolean {
  return isPrintableAscii(text, MAX_CHARACTERS)
}

const dropped: InternalMetric = internalCounter(
  'tallyscope_tag_propagation_dropped_total',
  'Tags, or whole contexts, that were not sent or not accepted, by direction and reason',
  'direction',
  'reason',
)

export type TagDropReason = 'not_ascii' | 'too_long' | 'too_many' | 'too_large' | 'malformed'

export function countTagDrop(direction: 'sent' | 'received', reason: TagDropReason): void {
  internalCount(dropped, direction, reason).value++
}

/** Which of these tags may be sent or accepted: not those with TTL 0, and of the rest those that the filters let pass. */
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
 * The tags that can go onto a wire, or undefined if they are too large together. A tag whose string no
 * reader would take is left out and counted: one odd value must not cost the others.
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
 * Judges what was read from a wire: the newest of each key, or undefined if anything is wrong, since half a
 * context would be a wrong one. The size is that of everything sent, repeated keys included.
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
