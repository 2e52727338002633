import { type SliceOwner, TimeSlicer } from '../../../base/time-slicer.js'
import type { Family, RowSource } from '../../../metrics/data/row-source.js'
import { SnapshotRows } from '../../../metrics/data/snapshot-rows.js'
import type { ExposedFamily } from './names.js'
import { OutputBuffer } from './output-buffer.js'
import { sourcesOf } from './select-families.js'
import type { SelectedFamily } from './selected-family.js'

/** Writes the rows of one source in a text format. */
export interface SourceWriter {
  /** The lines above the samples of the family. */
  readonly head: Buffer
  /**
   * Writes the rows of chunk number `at`: the unit of work between two looks at the clock.
   * @param generation That of the source when its first chunk was written.
   */
  writeChunk(at: number, generation: number, out: OutputBuffer): void
}

export type ForSource<T> = (source: RowSource, family: ExposedFamily) => T

/** Makes something for a source once, until its family is exposed in another way. A snapshot is used for one document. */
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

/** A document of a text format, written in slices. A family without samples has no head. */
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
    for (const selected of families) {
      let isFirst = true
      for (const source of sourcesOf(selected)) {
        const writer = writerOf(source, selected.exposed)
        if (isFirst) out.begin(writer.head)
        isFirst = false
        const { generation, chunks } = source
        const { length } = chunks
        for (let at = 0; at < length; at++) {
          writer.writeChunk(at, generation, out)
          if (out.hasFull) yield* out.takeFull()
          if (slicer.isOver) await slicer.nextSlice()
        }
      }
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
