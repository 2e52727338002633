import { chunkOf, chunkRows, chunkStart } from '../../metrics/store/chunk-layout.js'

/** Numbers by row, `width` for each row, 0 until they are set. Pages are allocated when they are first used; the first ones are small. */
export class Pages<A extends Float64Array | Int32Array | Uint32Array> {
  readonly width: number
  readonly #make: (length: number) => A
  readonly #pages: (A | undefined)[] = []

  constructor(width: number, make: (length: number) => A) {
    this.width = width
    this.#make = make
  }

  get(row: number, at = 0): number {
    const chunk = chunkOf(row)
    const page = this.#pages[chunk]
    return page === undefined ? 0 : page[(row - chunkStart(chunk)) * this.width + at]!
  }

  set(row: number, value: number, at = 0): void {
    const chunk = chunkOf(row)
    let page = this.#pages[chunk]
    if (page === undefined) {
      page = this.#make(chunkRows(chunk) * this.width)
      while (this.#pages.length < chunk) this.#pages.push(undefined)
      this.#pages[chunk] = page
    }
    page[(row - chunkStart(chunk)) * this.width + at] = value
  }
}

export const doubles = (width = 1): Pages<Float64Array> => new Pages(width, (length) => new Float64Array(length))
export const words = (width = 1): Pages<Int32Array> => new Pages(width, (length) => new Int32Array(length))
export const unsignedWords = (width = 1): Pages<Uint32Array> => new Pages(width, (length) => new Uint32Array(length))
