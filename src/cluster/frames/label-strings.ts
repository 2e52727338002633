import { damaged } from './frame-error.js'
import type { LabelIds } from '../../metrics/store/stored-rows.js'
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
  /** By list of strings: the code of each id, 0 if it has none yet. */
  #known = new WeakMap<LabelIds['strings'], Int32Array>()

  /** Writes the values of one label: the codes, then the strings that follow. */
  write(writer: FrameWriter, { ids, strings }: LabelIds): void {
    const codes = new Int32Array(ids.length)
    const added: string[] = []
    let known = this.#knownOf(strings)
    for (let at = nextUnknown(known, ids, codes, 0); at < ids.length; at = nextUnknown(known, ids, codes, at + 1)) {
      const text = strings[ids[at]!]
      if (text === undefined) continue
      const number = this.#numbers.get(text)
      if (number === undefined) added.push(text)
      codes[at] = number === undefined ? this.#codeOf(text) : 2 * number
      known = this.#knownOf(strings) // because the numbers may have been forgotten
      known[ids[at]!] = codes[at]! & ~1
    }
    writer.varints(codes)
    for (const text of added) writer.text(text)
  }

  /** Returns the code of a string that is not known, and remembers it. */
  #codeOf(text: string): number {
    if (text.length > MAX_KEPT_LENGTH) return UNKEPT
    if (this.#numbers.size === MAX_KEPT) this.forget()
    const number = this.#numbers.size + 1
    this.#numbers.set(text, number)
    return 2 * number + 1
  }

  #knownOf(strings: LabelIds['strings']): Int32Array {
    const known = this.#known.get(strings)
    if (known !== undefined && known.length >= strings.length) return known
    const larger = new Int32Array(Math.max(strings.length, 2 * (known?.length ?? 0)))
    if (known !== undefined) larger.set(known)
    this.#known.set(strings, larger)
    return larger
  }

  forget(): void {
    this.#numbers.clear()
    this.#known = new WeakMap()
  }
}

/** Sets the codes from index `at` on, up to an id that has none, and returns its index. */
function nextUnknown(known: Int32Array, ids: Int32Array, codes: Int32Array, at: number): number {
  for (; at < ids.length; at++) {
    const code = known[ids[at]!]!
    if (code === 0) return at
    codes[at] = code
  }
  return at
}

/** The values of one label of the rows of a frame. */
export interface LabelColumn {
  /** The number of each row's string in the {@link LabelReader}, 0 if the label is not set. Not to be used if there are `texts`. */
  readonly numbers: readonly number[]
  /** The strings, if a number does not stand for each of them, because it is not remembered or was replaced. */
  texts: (string | undefined)[] | undefined
}

/** Reads what a {@link LabelWriter} has written. */
export class LabelReader {
  readonly #strings: (string | undefined)[] = []
  /** Rises when a number stands for another string than before. */
  generation = 0

  /** Reads all labels of the rows of a frame. Their numbers are valid until `generation` rises. */
  read(reader: PayloadReader, labels: number, count: number): LabelColumn[] {
    const columns: LabelColumn[] = []
    while (columns.length < labels) this.#readColumn(reader, columns, count)
    return columns
  }

  /** Returns the string of a number. */
  text(number: number): string | undefined {
    return this.#strings[number]
  }

  #readColumn(reader: PayloadReader, columns: LabelColumn[], count: number): void {
    const numbers = reader.varints(count, 2 * MAX_KEPT + 1, 'the number of a string')
    const strings = this.#strings
    const column: LabelColumn = { numbers, texts: undefined }
    columns.push(column)
    for (let at = 0; at < count; at++) {
      if (column.texts === undefined) at = halveKnown(numbers, at, strings)
      if (at === count) return
      const code = numbers[at]!
      const number = code >>> 1
      numbers[at] = number
      if ((code & 1) === 1) this.#readAdded(reader, code, columns, at)
      else if (number !== NOT_SET && strings[number] === undefined) throw damaged(`string ${number} is not known`)
      else if (column.texts !== undefined) column.texts[at] = strings[number]
    }
  }

  #readAdded(reader: PayloadReader, code: number, columns: LabelColumn[], at: number): void {
    const text = reader.text()
    const number = code >>> 1
    const column = columns.at(-1)!
    if (code === UNKEPT) {
      column.texts ??= this.#texts(column.numbers, at)
    } else {
      if (text.length > MAX_KEPT_LENGTH) throw damaged('a string is too long to be kept')
      const known = this.#strings[number]
      if (known !== undefined && known !== text) this.#replace(columns, at)
      this.#strings[number] = text
    }
    if (column.texts !== undefined) column.texts[at] = text
  }

  /** Looks up all strings of the frame so far, because one of their numbers is about to stand for another string. */
  #replace(columns: readonly LabelColumn[], at: number): void {
    this.generation++
    for (const column of columns) column.texts ??= this.#texts(column.numbers, column === columns.at(-1) ? at : column.numbers.length)
  }

  #texts(numbers: readonly number[], count: number): (string | undefined)[] {
    const texts = new Array<string | undefined>(numbers.length)
    for (let at = 0; at < count; at++) texts[at] = this.#strings[numbers[at]!]
    return texts
  }

  forget(): void {
    this.#strings.length = 0
    this.generation++
  }
}

/** Replaces the codes of known strings from index `at` on by their numbers, up to another code. Returns the index of that one. */
function halveKnown(numbers: number[], at: number, strings: readonly (string | undefined)[]): number {
  for (; at < numbers.length; at++) {
    const code = numbers[at]!
    if ((code & 1) === 1 || (code !== 0 && strings[code >>> 1] === undefined)) return at
    numbers[at] = code >>> 1
  }
  return at
}
