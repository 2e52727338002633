import { warnOnce } from '../../../base/logger.js'

/** Turns a body into a block of Snappy; not the framed format, which receivers call corrupt. */
export type Compress = (bytes: Uint8Array) => Uint8Array | Promise<Uint8Array>

/** The greatest length of a literal whose length is in two bytes after the tag. */
const LITERAL_BYTES = 65_536
const LONG_LITERAL = 61 << 2
/** A literal of up to so many bytes has its length in the tag. */
const SHORT_BYTES = 60

/**
 * A block of Snappy that holds the bytes as they are: valid, and 3 bytes longer for each 64 KiB.
 * @see https://github.com/google/snappy/blob/main/format_description.txt
 */
export function literalBlock(bytes: Uint8Array): Uint8Array {
  const head: number[] = []
  let rest = bytes.length
  for (; rest > 127; rest = Math.floor(rest / 128)) head.push((rest % 128) | 128)
  head.push(rest)
  const block = new Uint8Array(head.length + bytes.length + 3 * Math.ceil(bytes.length / LITERAL_BYTES))
  block.set(head)
  let to = head.length
  for (let from = 0; from < bytes.length; from += LITERAL_BYTES) {
    const literal = bytes.subarray(from, from + LITERAL_BYTES)
    const last = literal.length - 1
    if (literal.length <= SHORT_BYTES) block[to++] = last << 2
    else {
      block[to++] = LONG_LITERAL
      block[to++] = last & 255
      block[to++] = last >> 8
    }
    block.set(literal, to)
    to += literal.length
  }
  return block.subarray(0, to)
}

/** Compresses by the package `snappy`, off the main thread; without it bodies are sent as they are, and this is logged once. */
export async function loadSnappy(): Promise<Compress> {
  try {
    const loaded = (await import('snappy')) as { compress?: unknown; default?: { compress?: unknown } }
    const compress = loaded.compress ?? loaded.default?.compress
    if (typeof compress !== 'function') throw new Error('it has no compress')
    return ({ buffer, byteOffset, length }) => (compress as (bytes: Buffer) => Promise<Uint8Array>)(Buffer.from(buffer, byteOffset, length))
  } catch {
    const message = 'remote write sends without compression: install the package snappy, or give compress'
    warnOnce('TALLYSCOPE_SNAPPY_MISSING', 'remote write', message)
    return literalBlock
  }
}
