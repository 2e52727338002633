import { warnOnce } from '../../base/logger.js'
import { type Family, isRowSource, type RowChunk, type RowSource } from '../../metrics/data/row-source.js'
import type { ExportCounts } from '../export-counts.js'

/**
 * Groups the families of one resource by name, since receivers accept only one metric of a name. Families of the same type and unit become
 * one metric. A family that differs from the first of its name is dropped, counted and logged once.
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
      const why = `it is ${describe(family.descriptor)}, but another producer defines it as ${describe(first)}`
      warnOnce('TALLYSCOPE_FAMILY_LEFT_OUT', `${name} otlp`, `${name} is left out of OTLP exports: ${why}`)
    }
  }
  return [...groups.values()]
}

/** Detects rows of the same labels in families that become one metric. OTLP allows only one point of an identity. */
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
    const message = `series of ${name} are left out of OTLP exports: another producer has series with the same labels`
    warnOnce('TALLYSCOPE_FAMILY_LEFT_OUT', `${name} otlp series`, message)
    return false
  }
}

function identityOf({ descriptor }: RowSource, chunk: RowChunk, cell: number): string {
  const labels = descriptor.labelKeys
    .map((key, at) => [key, chunk.labelValue(cell, at) ?? ''] as const)
    .filter(([, value]) => value !== '') // empty values are not sent
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify([chunk.isOverflow(cell), labels])
}

/** The type without the kind of its numbers: integers and doubles may be points of one metric. */
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
