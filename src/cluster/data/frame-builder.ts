import { FRAME, FrameWriter, writeLabel } from './frame-writer.js'

/** Frames are closed at this length: a few hundred rows, which are applied well within a slice. See bench/cluster. */
const FRAME_BYTES = 4_096

/** The frames of a stream, one after the other: opens one for rows of a kind and family, and closes it if others follow. */
export class FrameBuilder {
  readonly writer: FrameWriter = new FrameWriter()
  #kind = 0
  #family = -1
  #row = 0
  #texts = new Map<string, number>()

  /** The open frame if it is not one for these rows or is full; call before {@link row}. */
  finishFor(kind: number, family: number): Uint8Array | undefined {
    const isSame = this.#kind === kind && this.#family === family && this.writer.length < FRAME_BYTES
    return isSame ? undefined : this.finish()
  }

  /** The open frame, if there is one. */
  finish(): Uint8Array | undefined {
    this.#kind = 0
    return this.writer.length === 0 ? undefined : this.writer.end()
  }

  /** Begins a row, in a frame that is open for it or in a new one. */
  row(kind: number, family: number, row: number): FrameWriter {
    if (this.writer.length === 0) {
      this.writer.begin(kind).varint(family)
      this.#kind = kind
      this.#family = family
      this.#row = 0
      this.#texts = new Map()
    }
    this.writer.signed(row - this.#row)
    this.#row = row
    return this.writer
  }

  label(text: string | undefined): void {
    writeLabel(this.writer, text, this.#texts)
  }

  /** A frame without rows. No other may be open. */
  single(kind: number, family?: number): Uint8Array {
    this.writer.begin(kind)
    if (family !== undefined) this.writer.varint(family)
    return this.writer.end()
  }

  /** @param part Distinguishes families of one member that have the same definition. */
  define(family: number, part: number, definition: string): Uint8Array {
    return this.writer.begin(FRAME.DEFINE).varint(family).varint(part).text(definition).end()
  }
}
