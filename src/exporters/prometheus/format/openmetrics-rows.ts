import { type RowChunk, type RowSource, standsIn } from '../../../metrics/data/row-source.js'
import { seriesOf } from '../../../metrics/data/snapshot.js'
import { HistogramLines } from './histogram-text-cache.js'
import type { FamilyTextCache } from './family-text-cache.js'
import type { ExposedFamily } from './names.js'
import { formatCanonicalBound } from './format-number.js'
import { allowsSum, allowsValue, hasCreated, openMetricsHead, openMetricsSeries } from './openmetrics-text.js'
import type { OutputBuffer } from './output-buffer.js'

/**
 * The OpenMetrics lines of one family of rows. A row without exemplar or start time reads as in text 0.0.4, but for the
 * spelling of bounds: it is written from the text that is kept for that format. The others are put together anew.
 */
export class OpenMetricsRows {
  readonly #source: RowSource
  readonly #family: ExposedFamily
  readonly #text: FamilyTextCache
  readonly #created: boolean
  readonly #head: Buffer
  readonly #lines: HistogramLines | undefined

  constructor(source: RowSource, family: ExposedFamily, text: FamilyTextCache, created: boolean) {
    this.#source = source
    this.#family = family
    this.#text = text
    this.#created = created && hasCreated(family)
    this.#head = Buffer.from(openMetricsHead(family))
    if (source.kind === 'distribution') this.#lines = new HistogramLines(family.baseName, source.bounds.map(formatCanonicalBound))
  }

  writeHead(out: OutputBuffer): void {
    out.write(this.#head)
  }

  /** @param structure That of the source when its first chunk was written. */
  writeChunk(at: number, structure: number, out: OutputBuffer): void {
    const chunk = this.#source.chunks[at]!
    if (this.#lines !== undefined) {
      this.#text.writeHistograms(at, structure, this.#lines, out, (cell) =>
        this.#isPlainHistogram(chunk, cell) ? undefined : this.#rowText(chunk, cell),
      )
    } else if (this.#arePlain(chunk)) {
      this.#text.writeChunk(at, structure, out)
    } else {
      for (let cell = 0; cell < chunk.size; cell++) {
        if (standsIn(structure, chunk, cell)) out.write(Buffer.from(this.#rowText(chunk, cell)))
      }
    }
  }

  #rowText(chunk: RowChunk, cell: number): string {
    return openMetricsSeries(this.#family, seriesOf(this.#source, chunk, cell, 0), this.#created)
  }

  #arePlain(chunk: RowChunk): boolean {
    const { openMetricsType: type } = this.#family
    if (type === 'gauge' || type === 'unknown') return true
    if (this.#created) return false
    for (let cell = 0; cell < chunk.size; cell++) {
      if (!chunk.isLive(cell)) continue
      if (!allowsValue(this.#family, chunk.value(cell))) return false
      if (type === 'counter' && chunk.exemplar(cell, 0) !== undefined) return false
    }
    return true
  }

  #isPlainHistogram(chunk: RowChunk, cell: number): boolean {
    const { bounds } = this.#source
    if (this.#created || !allowsSum(chunk.value(cell), bounds)) return false
    for (let bucket = 0; bucket <= bounds.length; bucket++) if (chunk.exemplar(cell, bucket) !== undefined) return false
    return true
  }
}
