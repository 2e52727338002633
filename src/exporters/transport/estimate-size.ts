import type { SpanData } from '../../trace/data/span-data.js'
import { itemKind } from '../item-kind.js'

/** The maximum number of values that are visited in one item. The size of longer lists is extrapolated. */
const MAX_VALUES = 1_000
const MAX_DEPTH = 8
const OBJECT_BYTES = 32
const VALUE_BYTES = 8
const SPAN_BYTES = 500

interface Budget {
  values: number
}

/**
 * Estimates the memory of an item in bytes, from the lengths of its strings and a constant for everything else. Much cheaper than its
 * JSON, and bounded in time. Rethrows errors of the item's getters.
 */
export function estimateSize(item: unknown): number {
  const bytes = (item as Partial<SpanData> | null | undefined)?.textBytes
  if (typeof bytes === 'number') return SPAN_BYTES + bytes // the usual case: spans of this package
  const budget = { values: MAX_VALUES }
  if (itemKind(item) !== 'span') return bytesOf(item, MAX_DEPTH, budget)
  // Spans may have getters in their class, which iterating over own properties does not find.
  const { name, attributes, annotations, messageEvents, links, stackTrace } = item as Partial<SpanData>
  const stackBytes = stackTrace?.textBytes ?? bytesOf(stackTrace, MAX_DEPTH, budget)
  return SPAN_BYTES + stackBytes + bytesOf([name, attributes, annotations, messageEvents, links], MAX_DEPTH, budget)
}

function bytesOf(value: unknown, depth: number, budget: Budget): number {
  budget.values--
  if (typeof value === 'string') return VALUE_BYTES + value.length
  if (typeof value !== 'object' || value === null) return VALUE_BYTES
  if (depth === 0) return OBJECT_BYTES
  if (Array.isArray(value)) return OBJECT_BYTES + listBytes(value, depth - 1, budget)
  if (ArrayBuffer.isView(value)) return OBJECT_BYTES + value.byteLength
  let bytes = OBJECT_BYTES
  for (const key in value) {
    if (budget.values <= 0) break
    bytes += VALUE_BYTES + key.length + bytesOf((value as Record<string, unknown>)[key], depth - 1, budget)
  }
  return bytes
}

function listBytes(list: readonly unknown[], depth: number, budget: Budget): number {
  let bytes = 0
  for (let i = 0; i < list.length; i++) {
    if (budget.values <= 0 && i > 0) return (bytes * list.length) / i
    bytes += bytesOf(list[i], depth, budget)
  }
  return bytes
}
