import type { LabelIds } from '../../metrics/store/stored-rows.js'
import { FRAME, FrameWriter, fits } from './frame-writer.js'
import { LabelWriter } from './label-strings.js'

/** A frame is closed at this length, a few hundred rows, so that applying it takes a short part of a slice. See bench/cluster. */
const FRAME_BYTES = 4_096

/** Writes rows into frames. All rows of a frame have the same kind and family. */
export class FrameBuilder {
  readonly writer: FrameWriter
  #kind = 0
  #family = -1
  #row = 0
  /** Where the newest row begins in the open frame; 0 if it is the first one. */
  #start = 0
  readonly #labels = new LabelWriter()

  /** @param frameBytes The greatest frame, its length included. */
  constructor(frameBytes: number) {
    this.writer = new FrameWriter(frameBytes)
  }

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
      this.#start = 0
    } else this.#start = this.writer.length
    this.writer.signed(row - this.#row)
    this.#row = row
    return this.writer
  }

  /** Begins a frame of new rows. No frame may be open. The numbers are written as runs that follow each other. */
  rows(family: number, numbers: Int32Array): FrameWriter {
    this.writer.begin(FRAME.ROWS).varint(family).varint(numbers.length)
    let before = 0
    for (let at = 0, next = 0; at < numbers.length; at = next) {
      const first = numbers[at]!
      next = endOfRun(numbers, at)
      this.writer.signed(first - before).varint(next - at)
      before = first + next - at
    }
    return this.writer
  }

  /** Drops the open frame, which is too large. */
  dropFrame(): void {
    this.#labels.forget() // strings that only this frame had were dropped with it
    this.writer.cutTo(0)
    this.#kind = 0
  }

  /** Drops the last row, which does not fit into the frame. Returns true if it was the only row; otherwise the frame counts as full. */
  dropRow(): boolean {
    this.writer.cutTo(this.#start)
    this.#kind = 0
    return this.#start === 0
  }

  /** Writes the values of one label of all rows of the open frame. */
  labels(values: LabelIds): void {
    this.#labels.write(this.writer, values)
  }

  /** Returns the frame that begins a stream, or ends its first part. The reader forgets its strings too. No frame may be open. */
  boundary(kind: typeof FRAME.RESTART | typeof FRAME.COMPLETE): Uint8Array {
    this.#labels.forget()
    return this.single(kind)
  }

  /** Returns a frame without rows. No frame may be open. */
  single(kind: number, family?: number): Uint8Array {
    this.writer.begin(kind)
    if (family !== undefined) this.writer.varint(family)
    return this.writer.end()
  }

  /**
   * Returns the frame of a definition; undefined if it is too large.
   * @param part Distinguishes families of one member that have the same definition.
   */
  define(family: number, part: number, definition: string): Uint8Array | undefined {
    const isWhole = fits(() => void this.writer.begin(FRAME.DEFINE).varint(family).varint(part).text(definition))
    if (isWhole) return this.writer.end()
    this.writer.cutTo(0)
    return undefined
  }
}

/** The index after the numbers from index `at` on that follow each other. */
function endOfRun(numbers: Int32Array, at: number): number {
  const first = numbers[at]! - at
  let next = at + 1
  while (next < numbers.length && numbers[next] === first + next) next++
  return next
}
