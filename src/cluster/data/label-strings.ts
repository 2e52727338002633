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

  /** Writes the values of one label: the codes, then the strings that follow. */
  write(writer: FrameWriter, texts: readonly (string | undefined)[]): void {
    const numbers = this.#numbers
    const codes: number[] = []
    const added: string[] = []
    for (let at = 0; at < texts.length; at++) {
      const text = texts[at]
      const known = text === undefined ? 0 : numbers.get(text)
      if (known === undefined) added.push(text!)
      codes.push(known === undefined ? this.#codeOf(text!) : 2 * known)
    }
    writer.varints(codes)
    for (const text of added) writer.text(text)
  }

  /** Returns the code of a string that is not known, and remembers it. */
  #codeOf(text: string): number {
    if (text.length > MAX_KEPT_LENGTH) return UNKEPT
    if (this.#numbers.size === MAX_KEPT) this.#numbers.clear()
    const number = this.#numbers.size + 1
    this.#numbers.set(text, number)
    return 2 * number + 1
  }

  forget(): void {
    this.#numbers.clear()
  }
}

/** Reads what a {@link LabelWriter} has written. */
export class LabelReader {
  readonly #strings: (string | undefined)[] = []

  /** Reads the values of one label of `count` rows. */
  read(reader: PayloadReader, count: number): (string | undefined)[] {
    const codes = reader.varints(count, 2 * MAX_KEPT + 1, 'the number of a string')
    const strings = this.#strings
    const texts = new Array<string | undefined>(count)
    for (let at = 0; at < count; at++) {
      const code = codes[at]!
      if ((code & 1) === 1) {
        texts[at] = this.#readAdded(reader, code)
        continue
      }
      const text = strings[code >>> 1]
      if (text === undefined && code !== NOT_SET) throw damaged(`string ${code >>> 1} is not known`)
      texts[at] = text
    }
    return texts
  }

  #readAdded(reader: PayloadReader, code: number): string {
    const text = reader.text()
    if (code === UNKEPT) return text
    if (text.length > MAX_KEPT_LENGTH) throw damaged('a string is too long to be kept')
    this.#strings[code >>> 1] = text
    return text
  }

  forget(): void {
    this.#strings.length = 0
  }
}
