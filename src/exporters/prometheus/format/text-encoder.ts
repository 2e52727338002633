import { type Family, isRowSource, type RowChunk, type RowSource } from '../../../metrics/data/row-source.js'
import { selectFamilies, type SelectedFamily } from './select-families.js'
import type { Encoder } from './encoder.js'
import { FamilyTextCache, type TextDialect } from './family-text-cache.js'
import { formatBound } from './format-number.js'
import type { Metric } from '../../../metrics/data/metric.js'
import type { ExposedFamily } from './names.js'
import { OutputBuffer } from './output-buffer.js'
import { seriesText, textHead } from './text.js'
import { TimeSlicer } from '../../../base/time-slicer.js'

const SERIES_A_STEP = 32
const DIALECT: TextDialect = { head: textHead, formatBound }

// Rendered text goes with its rows: it is shared by all handlers of the process and ends with the view.
const texts = new WeakMap<RowSource, FamilyTextCache>()

/** The kept text of a family of rows, for this format and for those that share lines with it. */
export function textOf({ source, exposed }: SelectedFamily<RowSource>): FamilyTextCache {
  let text = texts.get(source)
  if (text === undefined) {
    text = new FamilyTextCache(source, exposed, DIALECT)
    texts.set(source, text)
  }
  return text
}

/** Whether any row of a chunk is in use. */
export function hasRows(chunk: RowChunk): boolean {
  for (let cell = 0; cell < chunk.size; cell++) if (chunk.isLive(cell)) return true
  return false
}

/** Prometheus text 0.0.4: what every scraper reads. Writes the bytes of `formatText`, from rows and in slices. */
export const textEncoder: Encoder = {
  format: 'text',
  contentType: 'text/plain; version=0.0.4; charset=utf-8',
  accepts: (mediaType, parameters) => mediaType === 'text/plain' && (parameters.get('version') ?? '0.0.4') === '0.0.4',

  async *encode(families: readonly Family[], signal?: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
    const slicer = new TimeSlicer(signal)
    const out = new OutputBuffer()
    for (const { source, exposed } of selectFamilies(families)) {
      if (!isRowSource(source)) {
        for (const _ of seriesSteps(exposed, source, out)) {
          if (out.hasFull) yield* out.takeFull()
          if (slicer.isOver) await slicer.nextSlice()
        }
        continue
      }
      const text = textOf({ source, exposed })
      const { structure } = source
      const { length } = source.chunks
      if (source.chunks.some(hasRows)) text.writeHead(out)
      for (let at = 0; at < length; at++) {
        text.writeChunk(at, structure, out)
        if (out.hasFull) yield* out.takeFull()
        if (slicer.isOver) await slicer.nextSlice()
      }
    }
    const rest = out.takeRest()
    if (rest.length > 0) yield rest
  },
}

/** A snapshot is written some series at a time: one of a large view would hold the event loop for long. */
function* seriesSteps(family: ExposedFamily, { timeSeries }: Metric, out: OutputBuffer): Generator<void> {
  let head = textHead(family)
  for (let at = 0; at < timeSeries.length; at += SERIES_A_STEP) {
    const samples = timeSeries
      .slice(at, at + SERIES_A_STEP)
      .map((series) => seriesText(family, series))
      .join('')
    if (samples !== '') {
      out.write(Buffer.from((head + samples).toWellFormed()))
      head = ''
    }
    yield
  }
}
