import type { DistributionValue, SummaryValue } from '../../metrics/data/metric.js'
import type { RowChunk, RowSource } from '../../metrics/data/row-source.js'
import { distributionOf } from '../../metrics/data/snapshot.js'
import type { View } from './view.js'

/** What an aggregation has made of the values of one row. */
export type AggregationData =
  | { readonly kind: 'count'; readonly value: number }
  | { readonly kind: 'sum'; readonly value: number }
  | { readonly kind: 'lastValue'; readonly value: number }
  | DistributionValue
  | SummaryValue

export interface ViewRow<D = AggregationData> {
  /** By key, those of the context after the tag keys; undefined if the tag was not set. */
  readonly tagValues: Readonly<Record<string, string | undefined>>
  /** True for the one row that took what came after the limit. */
  readonly overflow: boolean
  readonly startTimeUnixMs: number
  readonly data: D
}

/** A view and its rows at one moment; immutable. */
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
