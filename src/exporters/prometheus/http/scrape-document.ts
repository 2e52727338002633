import type { Family } from '../../../metrics/data/row-source.js'
import type { Encoder } from '../format/encoder.js'

/** A document whose first parts are encoded. */
export interface ScrapeDocument {
  /** The parts that are not sent yet. Sent parts are released, even while the client stalls. */
  readonly parts: Uint8Array[]
  readonly bytes: number
  /** Undefined if `parts` is the whole document. */
  readonly rest: AsyncIterator<Uint8Array> | undefined
}

/** Encodes a document until it is complete or larger than `maxBytes`. */
export async function renderDocument(
  encoder: Encoder,
  families: readonly Family[],
  maxBytes: number,
  signal: AbortSignal | undefined,
): Promise<ScrapeDocument> {
  const chunks = encoder.encode(families, signal, 'client')[Symbol.asyncIterator]()
  const parts: Uint8Array[] = []
  let bytes = 0
  while (bytes <= maxBytes) {
    const next = await chunks.next()
    if (next.done === true) return { parts, bytes, rest: undefined }
    parts.push(next.value)
    bytes += next.value.length
  }
  return { parts, bytes, rest: chunks }
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts)
}

/** Iterates over the whole document. Calls `onBytes` with the size of each part of the rest. */
export async function* allParts({ parts, rest }: ScrapeDocument, onBytes: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  try {
    for (let part = parts.shift(); part !== undefined; part = parts.shift()) yield part
    for (let next = await rest?.next(); next?.done === false; next = await rest?.next()) {
      onBytes(next.value.length)
      yield next.value
    }
  } finally {
    await rest?.return?.()
  }
}
