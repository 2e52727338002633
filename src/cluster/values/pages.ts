const PAGE_BITS = 9
/** Rows of a page: 512. */
export const PAGE_ROWS: number = 1 << PAGE_BITS
const FIRST_ROWS = 32

/** Numbers by row, `width` for each row, 0 until they are set. A page is allocated when it is first used. The first one grows. */
export class Pages<A extends Float64Array | Int32Array | Uint32Array> {
  readonly width: number
  readonly #make: (length: number) => A
  readonly #pages: (A | undefined)[] = []

  constructor(width: number, make: (length: number) => A) {
    this.width = width
    this.#make = make
  }

  get(row: number, at = 0): number {
    const page = this.#pages[row >>> PAGE_BITS]
    return page === undefined ? 0 : (page[(row & (PAGE_ROWS - 1)) * this.width + at] ?? 0)
  }

  set(row: number, value: number, at = 0): void {
    const index = (row & (PAGE_ROWS - 1)) * this.width + at
    let page = this.#pages[row >>> PAGE_BITS]
    if (page === undefined || index >= page.length) page = this.#grow(row)
    page[index] = value
  }

  /** Sets the numbers of consecutive rows. Only for one number a row. */
  setRun(first: number, values: A): void {
    for (let from = 0; from < values.length; ) {
      const start = (first + from) & (PAGE_ROWS - 1)
      const count = Math.min(values.length - from, PAGE_ROWS - start)
      const last = first + from + count - 1
      const known = this.#pages[last >>> PAGE_BITS]
      const page = known === undefined || start + count > known.length ? this.#grow(last) : known
      page.set(values.subarray(from, from + count), start)
      from += count
    }
  }

  /**
   * Sets the numbers of these rows to `first`, `first + 1` and so on, up to a row that is negative or has a number already. Returns how many
   * it has set. Only for one number a row.
   */
  setFree(rows: Int32Array, first: number): number {
    for (let at = 0; at < rows.length; ) {
      const row = rows[at]!
      if (row < 0) return at
      const page = this.pageOf(row)
      const start = row & ~(PAGE_ROWS - 1)
      for (; at < rows.length; at++) {
        const index = rows[at]! - start
        if (index < 0 || index >= page.length) break
        if (page[index] !== 0) return at
        page[index] = first + at
      }
    }
    return rows.length
  }

  /** Returns the page of a row, which is made if there is none. The number of the row has the index `row & (PAGE_ROWS - 1)`, times `width`. */
  pageOf(row: number): A {
    const page = this.#pages[row >>> PAGE_BITS]
    return page === undefined || (row & (PAGE_ROWS - 1)) * this.width >= page.length ? this.#grow(row) : page
  }

  /** Returns the numbers of the first rows, of which there must be as many, at most {@link PAGE_ROWS}. They share the memory of the page. */
  firstRows(rows: number): A {
    return this.#pages[0]!.subarray(0, rows) as A
  }

  #grow(row: number): A {
    const at = row >>> PAGE_BITS
    let rows = at === 0 ? FIRST_ROWS : PAGE_ROWS
    while (at === 0 && rows <= row) rows *= 2
    const page = this.#make(rows * this.width)
    const before = this.#pages[at]
    if (before !== undefined) page.set(before)
    while (this.#pages.length < at) this.#pages.push(undefined)
    this.#pages[at] = page
    return page
  }
}

export const doubles = (width = 1): Pages<Float64Array> => new Pages(width, (length) => new Float64Array(length))
export const words = (width = 1): Pages<Int32Array> => new Pages(width, (length) => new Int32Array(length))
export const unsignedWords = (width = 1): Pages<Uint32Array> => new Pages(width, (length) => new Uint32Array(length))
