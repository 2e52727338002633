/** The lines of one export, with the index of the item of each. Items without a line are skipped. */
export class Batch {
  readonly lines: Buffer[]
  readonly #items: number[] = []
  #seen = 0

  constructor(lines: Buffer[]) {
    this.lines = lines
  }

  /** Call after each item, when its line has been added to `lines` if it has one. */
  next(): void {
    if (this.lines.length > this.#items.length) this.#items.push(this.#seen)
    this.#seen++
  }

  itemOfLine(line: number): number {
    return this.#items[line] ?? this.#seen
  }
}
