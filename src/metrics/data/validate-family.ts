import { isObject } from '../../base/check-options.js'
import { type Family, isRowSource } from './row-source.js'

/**
 * Describes what a metric of a foreign producer lacks, or undefined if every reader can read it. Values are not checked: a point that does
 * not match the type of its metric is left out when it is read.
 */
export function familyFault(family: unknown): string | undefined {
  if (!isObject(family) || !isObject(family.descriptor)) return 'has no descriptor'
  const given = family as unknown as Family
  const { name, labelKeys } = given.descriptor
  if (typeof name !== 'string') return 'has no name'
  if (!areStrings(labelKeys)) return `has no list of label keys: ${name}`
  if (isRowSource(given)) return undefined
  if (!Array.isArray(given.timeSeries)) return `has no list of time series: ${name}`
  return given.timeSeries.every(isSeries) ? undefined : `has a series without a list of label values or points: ${name}`
}

function areStrings(list: unknown): boolean {
  return Array.isArray(list) && list.every((element) => typeof element === 'string')
}

function isSeries(series: unknown): boolean {
  return isObject(series) && Array.isArray(series.labelValues) && Array.isArray(series.points)
}
