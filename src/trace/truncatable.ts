import { Buffer } from 'node:buffer'

const MAX_BYTES = 128

/** Text as the OpenCensus JSON documents carry it. */
export interface TruncatableString {
  readonly value: string
  readonly truncated_byte_count: number
}

/** Cuts text to 128 bytes of UTF-8, never inside a character, and says how many bytes went. */
export function truncatable(text: string): TruncatableString {
  // A UTF-16 unit is at most 3 bytes of UTF-8: short text needs no look.
  if (text.length * 3 <= MAX_BYTES) return { value: text, truncated_byte_count: 0 }
  const bytes = Buffer.from(text)
  if (bytes.length <= MAX_BYTES) return { value: text, truncated_byte_count: 0 }
  let end = MAX_BYTES
  while ((bytes[end]! & 0xc0) === 0x80) end-- // continuation bytes belong to the character before
  return { value: bytes.toString('utf8', 0, end), truncated_byte_count: bytes.length - end }
}
