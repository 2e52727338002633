import { memoize } from '../../../base/memoize.js'
import { type RowChunk, type RowSource, isVisibleIn } from '../../../metrics/data/row-source.js'
import { seriesOf } from '../../../metrics/data/snapshot.js'
import { SnapshotRows } from '../../../metrics/data/snapshot-rows.js'
import { formatNumber } from './format-number.js'
import { HistogramTextCache, HistogramLines } from './histogram-text-cache.js'
import { labelPairs } from './sample-line.js'
import type { ExposedFamily } from './names.js'
import type { OutputBuffer } from './output-buffer.js'
import { SampleTextCache } from './sample-text-cache.js'
import { seriesText, textHead } from './text.js'
import type { SourceWriter } from './text-document.js'

/** The lines before the samples, by family. Families are immutable, so that entries are never invalid. */
const headOf = memoize((family: ExposedFamily) => Buffer.from(textHead(family)))

/** Writes the rows of one source in text 0.0.4, and caches the text between scrapes. */
export class FamilyTextCache implements SourceWriter {
  readonly head: Buffer
  readonly #source: RowSource
  readonly #family: ExposedFamily
  readonly #lines: HistogramLines | undefined
  readonly #samples: SampleTextCache[] = []
  readonly #histograms: HistogramTextCache[] = []

  constructor(source: RowSource, family: ExposedFamily) {
    this.head = headOf(family)
    this.#source = source
    this.#family = family
    if (source.kind === 'distribution')
      this.#lines = new HistogramLines(
        family.name,
        source.bounds.map((bound) => family.formatBound(bound)),
      )
  }

  writeChunk(at: number, generation: number, out: OutputBuffer): void {
    if (this.#lines !== undefined) this.writeHistograms(at, generation, this.#lines, out)
    else if (this.#source.kind === 'scalar') this.writeSamples(at, generation, out)
    else this.#writeSummaries(this.#chunk(at), generation, out)
  }

  /** Writes the scalars of a chunk, one line each. They are the same in both text formats. */
  writeSamples(at: number, generation: number, out: OutputBuffer): void {
    const chunk = this.#chunk(at)
    const { name, labelNames } = this.#family
    const prefix = (cell: number): string => {
      const labels = labelPairs(labelNames, chunk, cell)
      return labels === '' ? `${name} ` : `${name}{${labels}} `
    }
    if (this.#source instanceof SnapshotRows) {
      // A snapshot is read only once, so that a cache is useless.
      writeRows(chunk, generation, out, (cell) => `${prefix(cell)}${formatNumber(chunk.value(cell))}\n`)
      return
    }
    const cache = (this.#samples[at] ??= new SampleTextCache())
    cache.update(chunk, this.#source.epoch, generation, prefix)
    out.write(cache.bytes, cache.length)
  }

  /**
   * Writes the distributions of a chunk with the lines of a format. Both text formats share the cached labels.
   * @param special Returns the text of a row that needs more than the plain lines, undefined for other rows.
   */
  writeHistograms(
    at: number,
    generation: number,
    lines: HistogramLines,
    out: OutputBuffer,
    special?: (cell: number) => string | undefined,
  ): void {
    const cache = (this.#histograms[at] ??= new HistogramTextCache())
    const chunk = this.#chunk(at)
    const { labelNames } = this.#family
    cache.update(chunk, (cell) => labelPairs(labelNames, chunk, cell))
    cache.write(chunk, generation, lines, out, special)
  }

  #writeSummaries(chunk: RowChunk, generation: number, out: OutputBuffer): void {
    writeRows(chunk, generation, out, (cell) => seriesText(this.#family, seriesOf(this.#source, chunk, cell, 0)))
  }

  #chunk(at: number): RowChunk {
    return this.#source.chunks[at]!
  }
}

/** Writes the rows of a chunk without a cache. */
export function writeRows(chunk: RowChunk, generation: number, out: OutputBuffer, textOf: (cell: number) => string): void {
  let text = ''
  for (let cell = 0; cell < chunk.size; cell++) if (isVisibleIn(generation, chunk, cell)) text += textOf(cell)
  out.write(Buffer.from(text))
}
