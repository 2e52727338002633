import type { TimeSeries } from '../../../metrics/data/metric.js'
import type { RowChunk } from '../../../metrics/data/row-source.js'
import { escapeValue } from './escape.js'
import { type ExposedFamily, OVERFLOW_LABEL } from './names.js'

/** Formats one line. `labels` is the content of the braces, which are omitted if it is empty. */
export function sampleLine(name: string, labels: string, value: string): string {
  return labels === '' ? `${name} ${value}\n` : `${name}{${labels}} ${value}\n`
}

/** Appends a label to the labels of a series. */
export function withLabel(labels: string, name: string, value: string): string {
  return labels === '' ? `${name}="${value}"` : `${labels},${name}="${value}"`
}

/**
 * Formats the labels of a row, without braces. Labels that are not set are omitted. It calls no closure: the first page of a process is
 * formatted by code that is not compiled yet, in which calls are expensive. See bench/exporters/prometheus/first-scrape.bench.js.
 */
export function labelPairs(names: readonly string[], rows: Pick<RowChunk, 'labelValue' | 'isOverflow'>, cell: number): string {
  let text = ''
  for (let at = 0; at < names.length; at++) {
    const value = rows.labelValue(cell, at)
    if (value !== undefined && value !== '') text += `${text === '' ? '' : ','}${names[at]}="${escapeValue(value)}"`
  }
  return rows.isOverflow(cell) ? `${text === '' ? '' : `${text},`}${OVERFLOW_LABEL}="true"` : text
}

/** Formats the labels of a snapshot's series as {@link labelPairs} does. */
export function seriesLabels({ labelNames }: ExposedFamily, { labelValues, overflow = false }: TimeSeries): string {
  return labelPairs(labelNames, { labelValue: (_, at) => labelValues[at], isOverflow: () => overflow }, 0)
}
