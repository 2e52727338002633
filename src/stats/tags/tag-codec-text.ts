import type { TagMap } from './tag-map.js'
import {
  acceptedTags,
  countTagDrop,
  refuse,
  sendableTags,
  type TagCodecOptions,
  type TagEntry,
  tagEntries,
  tagMapOf,
} from './tag-propagation.js'

const MAX_TAGS = 180
/** Maximum length of a valid context. Escaping makes it at most three times as long. */
const MAX_TEXT = 3 * 8_192 + 2 * 8_192

/**
 * Encodes tags as `key=value` with commas between, for an HTTP header.
 *
 * OpenCensus cannot write a comma or an equals sign, and loses tags that contain one. Here these and the percent sign are written as `%2C`,
 * `%3D` and `%25`. Everything else is as in OpenCensus.
 *
 * Tags with TTL 0 are left out, and so are tags that are not printable ASCII of at most 255 characters.
 *
 * @returns Undefined if there are more than 180 tags, or more than 8 192 characters in keys and values. Nothing is sent then, and that is
 *   counted.
 * @example
 * encodeTagsText(TagMap.of({ method: 'GET' })) // method=GET
 */
export function encodeTagsText(tags: TagMap, options: TagCodecOptions = {}): string | undefined {
  return encodeTagEntriesText(tagEntries(tags), options)
}

/**
 * Decodes the output of {@link encodeTagsText} and of OpenCensus. Returns undefined for an item without exactly one equals sign, an empty
 * key, a string that is not printable ASCII, or a context beyond the limits. The last value of a repeated key counts.
 * @example
 * decodeTagsText('method=GET')?.get('method') // GET
 */
export function decodeTagsText(text: string, options: TagCodecOptions = {}): TagMap | undefined {
  return tagMapOf(decodeTagEntriesText(text, options))
}

export function encodeTagEntriesText(tags: Iterable<TagEntry>, options: TagCodecOptions = {}): string | undefined {
  const sendable = sendableTags(tags, options.filters)
  if (sendable === undefined) return undefined
  if (sendable.length > MAX_TAGS) {
    countTagDrop('sent', 'too_many')
    return undefined
  }
  return sendable.map(({ key, value }) => `${escape(key)}=${escape(value)}`).join(',')
}

export function decodeTagEntriesText(text: string, options: TagCodecOptions = {}): TagEntry[] | undefined {
  if (text === '') return []
  if (typeof text !== 'string') return refuse('malformed')
  if (text.length > MAX_TEXT) return refuse('too_large')
  const items = text.split(',')
  if (items.length > MAX_TAGS) return refuse('too_many')
  const tags: TagEntry[] = []
  for (const item of items) {
    const [key, value, ...rest] = item.split('=')
    if (key === undefined || value === undefined || rest.length > 0) return refuse('malformed')
    tags.push({ key: unescape(key), value: unescape(value) })
  }
  return acceptedTags(tags, options.filters)
}

function escape(text: string): string {
  return text.replaceAll('%', '%25').replaceAll(',', '%2C').replaceAll('=', '%3D')
}

// Decodes only what `escape` writes. OpenCensus sends any other percent sign unescaped.
function unescape(text: string): string {
  return text.replace(/%(25|2C|3D)/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))
}
