import { damaged } from './frame-error.js'
import type { FrameWriter } from './frame-writer.js'
import type { PayloadReader } from './payload-reader.js'

/** Strings that both sides of a stream remember. At this number the writer forgets all, and the reader overwrites them. */
const MAX_KEPT = 4_096
/** Longer strings are sent each time, which limits the memory of a stream. */
const MAX_KEPT_LENGTH = 64
/** The codes of a label without a value, and of a string that follows and is not remembered. */
const [NOT_SET, UNKEPT] = [0, 1]

/**
 * Writes label values: each string once, then its number. String n has the code `2n`, or `2n + 1` if the string itself follows. A frame
 * that is applied twice sets the same strings. Writer and reader remember the same strings, because both call `forget` at RESTART and
 * COMPLETE, in `FrameBuilder.boundary` and in `MemberContributor`.
 */
export class LabelWriter {
  readonly #numbers = new Map<string, number>()

  write(writer: FrameWriter, text: string | undefined): void {
    if (text === undefined) return void writer.varint(NOT_SET)
    const known = this.#numbers.get(text)
    if (known !== undefined) return void writer.varint(2 * known)
    if (text.length > MAX_KEPT_LENGTH) return void writer.varint(UNKEPT).text(text)
    if (this.#numbers.size === MAX_KEPT) this.#numbers.clear()
    const number = this.#numbers.size + 1
    this.#numbers.set(text, number)
    writer.varint(2 * number + 1).text(text)
  }

  forget(): void {
    this.#numbers.clear()
  }
}

/** Reads what a {@link LabelWriter} has written. */
export class LabelReader {
  readonly #strings: (string | undefined)[] = []

  read(reader: PayloadReader): string | undefined {
    const code = reader.varintUpTo(2 * MAX_KEPT + 1, 'the number of a string')
    if (code === NOT_SET) return undefined
    if (code === UNKEPT) return reader.text()
    const number = code >>> 1
    if ((code & 1) === 1) this.#strings[number] = readKept(reader)
    const text = this.#strings[number]
    if (text === undefined) throw damaged(`string ${number} is not known`)
    return text
  }

  forget(): void {
    this.#strings.length = 0
  }
}

function readKept(reader: PayloadReader): string {
  const text = reader.text()
  if (text.length > MAX_KEPT_LENGTH) throw damaged('a string is too long to be kept')
  return text
}
