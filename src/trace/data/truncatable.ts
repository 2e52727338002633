import { Buffer } from 'node:buffer'

const MAX_BYTES = 128

/** A string in OpenCensus JSON documents. */
export interface TruncatableString {
  readonly value: string
  readonly truncated_byte_count: number
}

/** Truncates a string to `maxBytes` bytes of UTF-8, never inside a character. `truncated_byte_count` is the excess. */
export function truncatable(text: string, maxBytes: number = MAX_BYTES): TruncatableString {
  // A UTF-16 unit is at most 3 bytes of UTF-8: a short string needs no check.
  if (text.length * 3 <= maxBytes) return { value: text, truncated_byte_count: 0 }
  const bytes = Buffer.from(text)
  if (bytes.length <= maxBytes) return { value: text, truncated_byte_count: 0 }
  let end = maxBytes
  while ((bytes[end]! & 0xc0) === 0x80) end-- // continuation bytes belong to the previous character
  return { value: bytes.toString('utf8', 0, end), truncated_byte_count: bytes.length - maxBytes }
}
