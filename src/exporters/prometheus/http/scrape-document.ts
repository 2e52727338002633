import { TimeSlicer } from '../../../base/time-slicer.js'

/** Documents up to this size are encoded before the first byte is sent, and are not streamed. Of larger ones, the first part is. */
export const WHOLE_BYTES = 786_432

/** A document whose first parts are encoded. */
export interface ScrapeDocument {
  /** The parts that are not sent yet. Sent parts are released, even while the client stalls. */
  readonly parts: Uint8Array[]
  /** Size before compression of what was encoded so far. */
  readonly bytes: number
  /** Undefined if `parts` is the whole document. */
  readonly rest: AsyncIterator<Uint8Array> | undefined
  /** True if `parts` are compressed. */
  readonly isCompressed: boolean
  /** Identifies the memory of `parts`, which several scrapes may share. */
  readonly memory: object
}

/** Takes chunks until there are no more, or until they are larger than `maxBytes`. */
export async function renderDocument(chunks: AsyncIterable<Uint8Array>, maxBytes: number): Promise<ScrapeDocument> {
  const iterator = chunks[Symbol.asyncIterator]()
  const parts: Uint8Array[] = []
  let bytes = 0
  while (bytes <= maxBytes) {
    const next = await iterator.next()
    if (next.done === true) return { parts, bytes, rest: undefined, isCompressed: false, memory: {} }
    if (next.value.length > 0) parts.push(next.value)
    bytes += next.value.length
  }
  return { parts, bytes, rest: iterator, isCompressed: false, memory: {} }
}

const FIRST_BYTES = 16_384

/** Makes a small copy the first part, so that a client which never reads holds no chunk. */
export function divideFirst(parts: Uint8Array[]): void {
  const [first] = parts
  if (first === undefined || first.length <= FIRST_BYTES) return
  parts.splice(0, 1, Buffer.from(first.subarray(0, FIRST_BYTES)), first.subarray(FIRST_BYTES))
}

/** Throws if a reader has transferred the bytes, which scrapes share. The others would otherwise send an incomplete document. */
export function intact(part: Uint8Array): Uint8Array {
  if (part.length === 0) throw new Error('a reader has transferred bytes that scrapes share')
  return part
}

/** Iterates over the whole document. Calls `onBytes` with the size of each part of the rest. */
export async function* allParts(
  { parts, rest }: Pick<ScrapeDocument, 'parts' | 'rest'>,
  onBytes: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  const slicer = new TimeSlicer(undefined, 'client')
  try {
    for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
      // Bytes that are encoded already take time too: the system takes up to 4 MB for each reader.
      if (slicer.isOver) await slicer.nextSlice()
      yield intact(part)
    }
    for (let next = await rest?.next(); next?.done === false; next = await rest?.next()) {
      onBytes(next.value.length)
      yield next.value
    }
  } finally {
    await rest?.return?.()
  }
}
