import { warnOnce } from '../../../base/logger.js'

/** Compresses bytes as a Snappy block. Receivers reject the framed format. */
export type Compress = (bytes: Uint8Array) => Uint8Array | Promise<Uint8Array>

/** The maximum length of a literal with a length of two bytes. */
const LITERAL_BYTES = 65_536
const LONG_LITERAL = 61 << 2
/** The maximum length of a literal with its length in the tag. */
const SHORT_BYTES = 60

/**
 * Encodes bytes as a valid Snappy block without compression, which is 3 bytes longer per 64 KiB.
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

/** Loads the package `snappy`, which compresses off the main thread. Without it, logs this once and returns {@link literalBlock}. */
export async function loadSnappy(): Promise<Compress> {
  try {
    const loaded = (await import(/* webpackIgnore: true */ 'snappy')) as { compress?: unknown; default?: { compress?: unknown } }
    const compress = loaded.compress ?? loaded.default?.compress
    if (typeof compress !== 'function') throw new Error('it has no compress')
    return ({ buffer, byteOffset, length }) => (compress as (bytes: Buffer) => Promise<Uint8Array>)(Buffer.from(buffer, byteOffset, length))
  } catch {
    const message = 'remote write is not compressed: install the package snappy or set the option compress'
    warnOnce('TALLYSCOPE_SNAPPY_MISSING', 'remote write', message)
    return literalBlock
  }
}
