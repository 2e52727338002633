/** The lines of one export, and which item each of them is. */
export class Batch {
  readonly lines: Buffer[]
  readonly #items: number[] = []
  #seen = 0

  constructor(lines: Buffer[]) {
    this.lines = lines
  }

  /** Call after each item: its line, if it has one, is the last of `lines`. */
  next(): void {
    if (this.lines.length > this.#items.length) this.#items.push(this.#seen)
    this.#seen++
  }

  itemOfLine(line: number): number {
    return this.#items[line] ?? this.#seen
  }
}
