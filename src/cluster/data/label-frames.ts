import type { FrameWriter } from './frame-writer.js'
import type { PayloadReader } from './payload-reader.js'

/** Writes labels as numbers; a string that the frame does not have yet stands behind its number. 0 is a label that is not set. */
export function writeLabel(writer: FrameWriter, text: string | undefined, numbers: Map<string, number>): void {
  if (text === undefined) return void writer.varint(0)
  const known = numbers.get(text)
  if (known !== undefined) return void writer.varint(known)
  const number = numbers.size + 1
  writer.varint(number).text(text)
  numbers.set(text, number)
}

/** Reads the labels of one row. @param texts By number, those of the frame so far; the first is undefined. */
export function readLabels(reader: PayloadReader, count: number, texts: (string | undefined)[]): (string | undefined)[] {
  const labels: (string | undefined)[] = []
  for (let at = 0; at < count; at++) {
    const number = reader.varintUpTo(texts.length, 'the number of a string')
    if (number === texts.length) texts.push(reader.text())
    labels.push(texts[number])
  }
  return labels
}
