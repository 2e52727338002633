import type { RowChunk, RowSource } from '../../../metrics/data/row-source.js'
import { seriesOf } from '../../../metrics/data/snapshot.js'
import { type FamilyTextCache, writeRows } from './family-text-cache.js'
import { formatCanonicalBound } from './format-number.js'
import { HistogramLines } from './histogram-text-cache.js'
import type { ExposedFamily } from './names.js'
import { allowsSum, allowsValue, hasCreated, openMetricsHead, openMetricsSeries } from './openmetrics-text.js'
import type { OutputBuffer } from './output-buffer.js'
import type { SourceWriter } from './text-document.js'

/**
 * Writes the rows of one source in OpenMetrics text. Rows without exemplars and `_created` are the same as in text 0.0.4, except for the
 * format of bounds, and use its cache. Other rows are not cached.
 */
export class OpenMetricsRows implements SourceWriter {
  readonly head: Buffer
  readonly #source: RowSource
  readonly #family: ExposedFamily
  readonly #text: FamilyTextCache
  readonly #created: boolean
  readonly #lines: HistogramLines | undefined

  constructor(source: RowSource, family: ExposedFamily, text: FamilyTextCache, created: boolean) {
    this.head = Buffer.from(openMetricsHead(family))
    this.#source = source
    this.#family = family
    this.#text = text
    this.#created = created && hasCreated(family)
    if (source.kind === 'distribution') this.#lines = new HistogramLines(family.baseName, source.bounds.map(formatCanonicalBound))
  }

  writeChunk(at: number, generation: number, out: OutputBuffer): void {
    const chunk = this.#source.chunks[at]!
    const rowText = (cell: number): string => openMetricsSeries(this.#family, seriesOf(this.#source, chunk, cell, 0), this.#created)
    if (this.#lines !== undefined) {
      this.#text.writeHistograms(at, generation, this.#lines, out, (cell) =>
        this.#isPlainHistogram(chunk, cell) ? undefined : rowText(cell),
      )
    } else if (this.#arePlainSamples(chunk)) {
      this.#text.writeSamples(at, generation, out)
    } else {
      writeRows(chunk, generation, out, rowText)
    }
  }

  #arePlainSamples(chunk: RowChunk): boolean {
    const { openMetricsType: type } = this.#family
    if (type === 'gauge' || type === 'unknown') return true
    if (this.#created || type === 'stateset' || this.#source.kind === 'summary') return false
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
