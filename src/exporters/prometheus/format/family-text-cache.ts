import type { RowSource } from '../../../metrics/data/row-source.js'
import { HistogramTextCache, HistogramLines } from './histogram-text-cache.js'
import { labelPairs } from './label-pairs.js'
import type { ExposedFamily } from './names.js'
import type { OutputBuffer } from './output-buffer.js'
import { SampleTextCache } from './sample-text-cache.js'

/** How a text format spells what differs between them. */
export interface TextDialect {
  /** The lines above the samples of a family. */
  head(family: ExposedFamily): string
  formatBound(bound: number): string
}

/** The text of one family, written from its rows; what was rendered of it is kept from scrape to scrape. */
export class FamilyTextCache {
  readonly #source: RowSource
  readonly #family: ExposedFamily
  readonly #head: Buffer
  readonly #lines: HistogramLines | undefined
  readonly #scalars: SampleTextCache[] = []
  readonly #distributions: HistogramTextCache[] = []

  constructor(source: RowSource, family: ExposedFamily, dialect: TextDialect) {
    this.#source = source
    this.#family = family
    this.#head = Buffer.from(dialect.head(family))
    if (source.kind === 'distribution') this.#lines = new HistogramLines(family.name, source.bounds.map(dialect.formatBound))
  }

  writeHead(out: OutputBuffer): void {
    out.write(this.#head)
  }

  /**
   * Writes the rows of chunk number `at`: the unit of work between two looks at the clock.
   * @param structure That of the source when its first chunk was written.
   */
  writeChunk(at: number, structure: number, out: OutputBuffer): void {
    if (this.#lines === undefined) this.#writeScalars(at, structure, out)
    else this.writeHistograms(at, structure, this.#lines, out)
  }

  #writeScalars(at: number, structure: number, out: OutputBuffer): void {
    const chunk = this.#source.chunks[at]!
    const page = (this.#scalars[at] ??= new SampleTextCache())
    page.update(chunk, this.#source.epoch, structure, (cell) => {
      const labels = this.#labels(at, cell)
      return labels === '' ? `${this.#family.name} ` : `${this.#family.name}{${labels}} `
    })
    out.write(page.bytes, page.length)
  }

  /**
   * Writes the distributions of a chunk with the lines of another dialect, which so shares the rendered labels.
   * @param special The text of a row that needs more than its plain lines, undefined for all others.
   */
  writeHistograms(
    at: number,
    structure: number,
    lines: HistogramLines,
    out: OutputBuffer,
    special?: (cell: number) => string | undefined,
  ): void {
    const chunk = this.#source.chunks[at]!
    const page = (this.#distributions[at] ??= new HistogramTextCache())
    page.update(chunk, (cell) => this.#labels(at, cell))
    page.write(chunk, structure, lines, out, special)
  }

  #labels(at: number, cell: number): string {
    const chunk = this.#source.chunks[at]!
    return labelPairs(this.#family.labelNames, (key) => chunk.labelValue(cell, key), chunk.isOverflow(cell))
  }
}
