import { warnOnce } from '../../base/logger.js'
import { type Family, isRowSource, type RowChunk, type RowSource } from '../../metrics/data/row-source.js'
import type { ExportCounts } from '../export-counts.js'

/**
 * The families of one resource, those of one name together. Receivers take one metric of a name: families of several producers that are
 * of one type and unit become one. Of others the first stays; what is left out is counted, and logged once.
 */
export function familiesByName(families: readonly Family[], counts: ExportCounts): readonly (readonly Family[])[] {
  const groups = new Map<string, Family[]>()
  for (const family of families) {
    const { name, unit } = family.descriptor
    const group = groups.get(name)
    const first = group?.[0]!.descriptor
    if (first === undefined) groups.set(name, [family])
    else if (kindOf(first) === kindOf(family.descriptor) && first.unit === unit) group!.push(family)
    else {
      counts.dropped('name_clash', pointsOf(family))
      const why = `another producer has it as ${describe(first)}, and this one is ${describe(family.descriptor)}`
      warnOnce('TALLYSCOPE_FAMILY_LEFT_OUT', `${name} otlp`, `${name} is left out of exports by OTLP: ${why}`)
    }
  }
  return [...groups.values()]
}

/** The rows of families that become one metric, without those that an earlier family has: points of one identity are an error. */
export class DistinctRows {
  readonly #seen = new Set<string>()
  readonly #counts: ExportCounts

  constructor(counts: ExportCounts) {
    this.#counts = counts
  }

  /** Returns false for a row whose labels have been seen. */
  add(source: RowSource, chunk: RowChunk, cell: number): boolean {
    const before = this.#seen.size
    if (this.#seen.add(identityOf(source, chunk, cell)).size > before) return true
    const { name } = source.descriptor
    this.#counts.dropped('duplicate', 1)
    const message = `series of ${name} are left out of exports by OTLP: another producer has series of the same labels`
    warnOnce('TALLYSCOPE_FAMILY_LEFT_OUT', `${name} otlp series`, message)
    return false
  }
}

function identityOf({ descriptor }: RowSource, chunk: RowChunk, cell: number): string {
  const labels = descriptor.labelKeys
    .map((key, at) => [key, chunk.labelValue(cell, at) ?? ''] as const)
    .filter(([, value]) => value !== '') // an empty value is not sent
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify([chunk.isOverflow(cell), labels])
}

/** Whole numbers and others may be points of one metric. */
function kindOf({ type }: Family['descriptor']): string {
  return type.replace(/_(?:INT64|DOUBLE)$/, '')
}

function describe({ type, unit }: Family['descriptor']): string {
  return unit === '' ? type : `${type} in ${unit}`
}

function pointsOf(family: Family): number {
  if (!isRowSource(family)) return family.timeSeries.length
  let points = 0
  for (const chunk of family.chunks) for (let cell = 0; cell < chunk.size; cell++) if (chunk.isLive(cell)) points++
  return points
}
