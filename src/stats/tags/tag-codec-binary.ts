import type { TagMap } from './tag-map.js'
import {
  acceptedTags,
  MAX_CONTEXT_CHARACTERS,
  refuse,
  sendableTags,
  type TagCodecOptions,
  type TagEntry,
  tagEntries,
  tagMapOf,
} from './tag-propagation.js'
import { pushVarint, readVarint } from './varint.js'

const VERSION = 0
const TAG_FIELD = 0
/** Maximum length of a valid context. Each tag has a field id, two lengths and at least one character. */
const MAX_BYTES = 1 + MAX_CONTEXT_CHARACTERS * 4

/**
 * Encodes tags in OpenCensus' binary form: version 0, then for each tag the field id 0, and key and value with a varint length before each.
 * In gRPC it is the metadata `grpc-tags-bin`.
 *
 * Tags with TTL 0 are left out, and so are tags that are not printable ASCII of at most 255 characters.
 *
 * @returns Undefined if keys and values have more than 8 192 characters in total. Nothing is sent then, and that is counted.
 * @see https://github.com/census-instrumentation/opencensus-specs/blob/master/encodings/BinaryEncoding.md
 * @example
 * const bytes = encodeTagsBinary(currentTags(), { filters: [{ action: 'include', operator: 'hasPrefix', value: 'org.' }] })
 */
export function encodeTagsBinary(tags: TagMap, options: TagCodecOptions = {}): Uint8Array | undefined {
  return encodeTagEntriesBinary(tagEntries(tags), options)
}

/**
 * Decodes the output of {@link encodeTagsBinary}. Returns undefined for a wrong version, a length that points past the end, a string that
 * is not printable ASCII, or more than 8 192 characters. An unknown field ends the decoding without an error, since later versions may
 * append fields. The last value of a repeated key counts.
 * @example
 * withTags(decodeTagsBinary(bytes) ?? TagMap.EMPTY, () => handle(request))
 */
export function decodeTagsBinary(bytes: Uint8Array, options: TagCodecOptions = {}): TagMap | undefined {
  return tagMapOf(decodeTagEntriesBinary(bytes, options))
}

export function encodeTagEntriesBinary(tags: Iterable<TagEntry>, options: TagCodecOptions = {}): Uint8Array | undefined {
  const sendable = sendableTags(tags, options.filters)
  if (sendable === undefined) return undefined
  const bytes: number[] = [VERSION]
  for (const { key, value } of sendable) {
    bytes.push(TAG_FIELD)
    pushText(key, bytes)
    pushText(value, bytes)
  }
  return Uint8Array.from(bytes)
}

function pushText(text: string, into: number[]): void {
  pushVarint(text.length, into)
  for (let at = 0; at < text.length; at++) into.push(text.charCodeAt(at)) // ASCII has one byte per character
}

export function decodeTagEntriesBinary(bytes: Uint8Array, options: TagCodecOptions = {}): TagEntry[] | undefined {
  if (!ArrayBuffer.isView(bytes)) return refuse('malformed')
  if (bytes.length === 0) return []
  if (bytes.length > MAX_BYTES) return refuse('too_large')
  if (bytes[0] !== VERSION) return refuse('malformed')
  const tags: TagEntry[] = []
  let offset = 1
  while (offset < bytes.length && bytes[offset] === TAG_FIELD) {
    const key = readText(bytes, offset + 1)
    const value = key && readText(bytes, key.end)
    if (key === undefined || value === undefined) return refuse('malformed')
    tags.push({ key: key.text, value: value.text })
    offset = value.end
  }
  return acceptedTags(tags, options.filters)
}

function readText(bytes: Uint8Array, offset: number): { readonly text: string; readonly end: number } | undefined {
  const length = readVarint(bytes, offset)
  if (length === undefined) return undefined
  const end = length.end + length.value
  if (end > bytes.length) return undefined
  // One character per byte: bytes that are not ASCII are above 0x7e, and refused by the check of the string.
  return { text: String.fromCharCode(...bytes.subarray(length.end, Math.min(end, length.end + 256))), end }
}
