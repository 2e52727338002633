import type { DistributionValue, SummaryValue } from '../../metrics/data/metric.js'
import type { RowChunk, RowSource } from '../../metrics/data/row-source.js'
import { distributionOf } from '../../metrics/data/snapshot.js'
import { chunkOf, chunkStart } from '../../metrics/store/chunk-layout.js'
import type { View } from './view.js'

/** The aggregated data of one row. */
export type AggregationData =
  | { readonly kind: 'count'; readonly value: number }
  | { readonly kind: 'sum'; readonly value: number }
  | { readonly kind: 'lastValue'; readonly value: number }
  | DistributionValue
  | SummaryValue

export interface ViewRow<D = AggregationData> {
  /** Values by key: tag keys first, then context tags. Undefined if the tag was not set. */
  readonly tagValues: Readonly<Record<string, string | undefined>>
  /** True for the overflow row, which has the values of all tags beyond the limit of rows. */
  readonly overflow: boolean
  readonly startTimeUnixMs: number
  readonly data: D
}

/** A snapshot of a view and its rows. Immutable. */
export interface ViewData {
  readonly view: View
  /** When the view was registered. */
  readonly startTimeUnixMs: number
  readonly endTimeUnixMs: number
  readonly rows: readonly ViewRow[]
}

export function viewRows(view: View, source: RowSource): ViewRow[] {
  const rows: ViewRow[] = []
  for (const chunk of source.chunks) {
    for (let cell = 0; cell < chunk.size; cell++) {
      if (chunk.isLive(cell)) rows.push(viewRow(view, chunk, cell))
    }
  }
  return rows
}

/** @param row The number of the row in its store; negative if there is none. */
export function viewRowOf(view: View, source: RowSource, row: number): ViewRow | undefined {
  const at = row < 0 ? -1 : chunkOf(row)
  const chunk = source.chunks[at]
  return chunk && viewRow(view, chunk, row - chunkStart(at))
}

function viewRow(view: View, chunk: RowChunk, cell: number): ViewRow {
  const tagValues: Record<string, string | undefined> = Object.create(null)
  for (const [at, key] of view.descriptor.labelKeys.entries()) tagValues[key] = chunk.labelValue(cell, at)
  return {
    tagValues,
    overflow: chunk.isOverflow(cell),
    startTimeUnixMs: chunk.startTimeUnixMs(cell),
    data: dataOf(view, chunk, cell),
  }
}

function dataOf({ aggregation }: View, chunk: RowChunk, cell: number): AggregationData {
  switch (aggregation.kind) {
    case 'distribution':
    case 'exponential':
      return distributionOf(aggregation.bounds, chunk, cell)
    case 'percentiles':
      return chunk.summary!(cell)
    default:
      return { kind: aggregation.kind, value: chunk.value(cell) }
  }
}
