const LINE_FEED = 0x0a
const COMMENT = 0x23

/** Whole lines of a text document, and the number of samples in them. */
export interface LinePart {
  readonly chunks: readonly Uint8Array[]
  readonly samples: number
}

/** Splits a document at line ends into parts of about `maxBytes`, which is called for each part. Comments do not count as samples. */
export async function* lineParts(document: AsyncIterable<Uint8Array>, maxBytes: () => number): AsyncGenerator<LinePart> {
  let chunks: Uint8Array[] = []
  let bytes = 0
  const count = new SampleCount()
  for await (const chunk of document) {
    bytes += chunk.length
    const end = bytes >= maxBytes() ? chunk.lastIndexOf(LINE_FEED) + 1 : 0
    if (end > 0) {
      const last = chunk.subarray(0, end)
      count.add(last)
      yield { chunks: [...chunks, last], samples: count.take() }
      chunks = []
      bytes = chunk.length - end
    }
    const rest = chunk.subarray(end)
    count.add(rest)
    chunks.push(rest)
  }
  const samples = count.take()
  if (samples > 0) yield { chunks, samples }
}

/** Splits a part into two of about the same size, both with samples. Returns undefined if there are fewer than two samples. */
export function halfParts({ chunks }: LinePart): readonly [LinePart, LinePart] | undefined {
  const bytes = Buffer.concat(chunks)
  const ends: number[] = []
  for (let at = 0, end = 0; at < bytes.length; at = end) {
    end = bytes.indexOf(LINE_FEED, at) + 1 || bytes.length
    if (bytes[at] !== COMMENT) ends.push(end)
  }
  if (ends.length < 2) return undefined
  const after = ends.findIndex((end) => end > bytes.length / 2)
  const first = Math.min(Math.max(after, 1), ends.length - 1)
  const middle = ends[first - 1]!
  return [
    { chunks: [bytes.subarray(0, middle)], samples: first },
    { chunks: [bytes.subarray(middle)], samples: ends.length - first },
  ]
}

/** Counts the lines that are not comments, chunk by chunk. */
class SampleCount {
  #samples = 0
  #isLineStart = true

  add(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; ) {
      if (this.#isLineStart && chunk[at] !== COMMENT) this.#samples++
      const end = chunk.indexOf(LINE_FEED, at)
      this.#isLineStart = end >= 0
      if (end < 0) return
      at = end + 1
    }
  }

  take(): number {
    const samples = this.#samples
    this.#samples = 0
    return samples
  }
}
