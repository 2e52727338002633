import { type SliceOwner, TimeSlicer } from '../../../base/time-slicer.js'
import type { Family, RowSource } from '../../../metrics/data/row-source.js'
import { SnapshotRows } from '../../../metrics/data/snapshot-rows.js'
import type { ExposedFamily } from './names.js'
import { OutputBuffer } from './output-buffer.js'
import { sourcesOf } from './select-families.js'
import type { SelectedFamily } from './selected-family.js'

/** Writes the rows of one source in a text format. */
export interface SourceWriter {
  /** The lines before the samples of the family. */
  readonly head: Buffer
  /**
   * Writes the rows of chunk number `at`. The time slice is checked after each chunk.
   * @param generation The generation of the source when its first chunk was written.
   */
  writeChunk(at: number, generation: number, out: OutputBuffer): void
}

export type ForSource<T> = (source: RowSource, family: ExposedFamily) => T

/** Caches the result of `make` by source, as long as the family stays the same. Snapshots are not cached. */
export function oncePerSource<T>(make: ForSource<T>): ForSource<T> {
  const made = new WeakMap<RowSource, { readonly family: ExposedFamily; readonly value: T }>()
  return (source, family) => {
    if (source instanceof SnapshotRows) return make(source, family)
    let entry = made.get(source)
    if (entry?.family !== family) {
      entry = { family, value: make(source, family) }
      made.set(source, entry)
    }
    return entry.value
  }
}

/** Encodes a document of a text format in slices. The head of a family without samples is omitted. */
export async function* encodeText(
  families: readonly SelectedFamily<Family>[],
  writerOf: ForSource<SourceWriter>,
  signal?: AbortSignal,
  owner?: SliceOwner,
  end: Buffer = Buffer.alloc(0),
): AsyncGenerator<Uint8Array, void, undefined> {
  const slicer = new TimeSlicer(signal, owner)
  const out = new OutputBuffer()
  try {
    for (const _ of writeFamilies(families, writerOf, out)) {
      if (out.hasFull) yield* out.takeFull()
      if (slicer.isOver) await slicer.nextSlice()
    }
    out.begin(undefined)
    out.write(end)
    if (out.hasFull) yield* out.takeFull()
    const rest = out.takeRest()
    if (rest.length > 0) yield rest
  } finally {
    out.close()
  }
}

/** Writes all families. Yields after each chunk. */
function* writeFamilies(
  families: readonly SelectedFamily<Family>[],
  writerOf: ForSource<SourceWriter>,
  out: OutputBuffer,
): Generator<void> {
  for (const selected of families) {
    for (const [index, source] of sourcesOf(selected).entries()) {
      const writer = writerOf(source, selected.exposed)
      if (index === 0) out.begin(writer.head)
      const { generation, chunks } = source
      const { length } = chunks
      for (let at = 0; at < length; at++) {
        writer.writeChunk(at, generation, out)
        yield
      }
    }
  }
}
