import { FRAME, FrameWriter } from './frame-writer.js'
import { LabelWriter } from './label-strings.js'

/** Frames are closed at this length: a few hundred rows, which are applied well within a slice. See bench/cluster. */
const FRAME_BYTES = 4_096

/** Writes rows into frames, one after the other. All rows of a frame have the same kind and family. */
export class FrameBuilder {
  readonly writer: FrameWriter = new FrameWriter()
  #kind = 0
  #family = -1
  #row = 0
  readonly #labels = new LabelWriter()

  /** Closes and returns the open frame if it is full or for other rows; undefined otherwise. Call before {@link row}. */
  finishFor(kind: number, family: number): Uint8Array | undefined {
    const isSame = this.#kind === kind && this.#family === family && this.writer.length < FRAME_BYTES
    return isSame ? undefined : this.finish()
  }

  /** Closes and returns the open frame, if there is one. */
  finish(): Uint8Array | undefined {
    this.#kind = 0
    return this.writer.length === 0 ? undefined : this.writer.end()
  }

  /** Begins a row in the open frame, or in a new one. */
  row(kind: number, family: number, row: number): FrameWriter {
    if (this.writer.length === 0) {
      this.writer.begin(kind).varint(family)
      this.#kind = kind
      this.#family = family
      this.#row = 0
    }
    this.writer.signed(row - this.#row)
    this.#row = row
    return this.writer
  }

  label(text: string | undefined): void {
    this.#labels.write(this.writer, text)
  }

  /** Begins a stream, or ends its first part. The reader forgets its strings too. No frame may be open. */
  boundary(kind: typeof FRAME.RESTART | typeof FRAME.COMPLETE): Uint8Array {
    this.#labels.forget()
    return this.single(kind)
  }

  /** A frame without rows. No frame may be open. */
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
