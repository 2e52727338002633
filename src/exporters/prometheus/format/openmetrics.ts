import type { Metric } from '../../../metrics/data/metric.js'
import { snapshotOf } from '../../../metrics/data/snapshot.js'
import { type Family, isRowSource, type RowSource } from '../../../metrics/data/row-source.js'
import { type SelectedFamily, selectFamilies } from './select-families.js'
import type { Encoder } from './encoder.js'
import type { ExposedFamily } from './names.js'
import { OpenMetricsRows } from './openmetrics-rows.js'
import { groupedSeries, openMetricsHead, type OpenMetricsOptions, openMetricsSeries } from './openmetrics-text.js'
import { OutputBuffer } from './output-buffer.js'
import { hasRows, textOf } from './text-encoder.js'
import { TimeSlicer } from '../../../base/time-slicer.js'

const SERIES_A_STEP = 32

/**
 * OpenMetrics text 1.0.0: units, exemplars, info and state sets, and an end that tells a whole document from a part.
 * Writes the bytes of {@link formatOpenMetrics}, from rows and in slices.
 */
export function openMetricsEncoder({ created = false }: OpenMetricsOptions = {}): Encoder {
  const kept = new WeakMap<RowSource, OpenMetricsRows>()
  const rowsOf = (family: SelectedFamily<RowSource>): OpenMetricsRows => {
    let rows = kept.get(family.source)
    if (rows === undefined) {
      rows = new OpenMetricsRows(family.source, family.exposed, textOf(family), created)
      kept.set(family.source, rows)
    }
    return rows
  }
  return {
    format: 'openmetrics',
    contentType: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
    accepts: (mediaType, parameters) => mediaType === 'application/openmetrics-text' && (parameters.get('version') ?? '1.0.0') === '1.0.0',

    async *encode(families: readonly Family[], signal?: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
      const slicer = new TimeSlicer(signal)
      const out = new OutputBuffer()
      for (const { source, exposed } of selectFamilies(families)) {
        const steps =
          isRowSource(source) && exposed.openMetricsType !== 'stateset'
            ? rowSteps(rowsOf({ source, exposed }), source, out)
            : seriesSteps(exposed, isRowSource(source) ? snapshotOf(source, 0) : source, created, out)
        for (const _ of steps) {
          if (out.hasFull) yield* out.takeFull()
          if (slicer.isOver) await slicer.nextSlice()
        }
      }
      out.write(Buffer.from('# EOF\n'))
      if (out.hasFull) yield* out.takeFull()
      yield out.takeRest()
    },
  }
}

function* rowSteps(rows: OpenMetricsRows, { chunks, structure }: RowSource, out: OutputBuffer): Generator<void> {
  if (!chunks.some(hasRows)) return
  rows.writeHead(out)
  for (const at of chunks.keys()) {
    rows.writeChunk(at, structure, out)
    yield
  }
}

function* seriesSteps(family: ExposedFamily, { timeSeries }: Metric, created: boolean, out: OutputBuffer): Generator<void> {
  let head = openMetricsHead(family)
  for (const [i, series] of groupedSeries(family, timeSeries).entries()) {
    const text = openMetricsSeries(family, series, created)
    if (text !== '') {
      out.write(Buffer.from(head + text.toWellFormed()))
      head = ''
    }
    if (i % SERIES_A_STEP === 0) yield
  }
}
