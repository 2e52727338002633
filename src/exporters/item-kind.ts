import type { Metric } from '../metrics/data/metric.js'

/** The kind of an exported item, recognized by its properties. */
type ItemKind = 'metric' | 'span' | 'item'

export function itemKind(item: unknown): ItemKind {
  if (typeof item !== 'object' || item === null) return 'item'
  if (isMetric(item)) return 'metric'
  return 'name' in item && ('spanId' in item || 'context' in item) ? 'span' : 'item'
}

export function isMetric(item: unknown): item is Metric {
  return typeof item === 'object' && item !== null && 'descriptor' in item && 'timeSeries' in item
}

/** The name of an item; empty if it has none. */
export function itemName(item: unknown): string {
  if (isMetric(item)) return item.descriptor.name
  const name = typeof item === 'object' && item !== null && 'name' in item ? item.name : undefined
  return typeof name === 'string' ? name : ''
}
