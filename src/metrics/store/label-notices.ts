import { warnOnce } from '../../base/logger.js'
import { nearest } from '../../base/nearest-name.js'
import { internalCount, internalCounter } from '../../base/internal-metrics.js'
import { areOfTagMap, type Labels } from './shared-tag-map.js'

const UNKNOWN = internalCounter(
  'tallyscope_unknown_tags_total',
  'Rows made by records with a tag that neither a view nor the definition knows.',
  'measure',
  'key',
)
const MISSING = internalCounter(
  'tallyscope_missing_tags_total',
  'Rows made by records without a tag that is declared and that a view breaks down by.',
  'measure',
  'key',
)

/** As long as a key may be. */
const MAX_LENGTH = 255

export interface ExpectedLabels {
  /** The measure or the instrument. */
  readonly name: string
  /** Keys that the rows are broken down by. */
  readonly keys: readonly string[]
  /** Keys that must be given; undefined if none was declared, so that any may be left out, and any further ones given. */
  readonly declared: readonly string[] | undefined
  /** Further keys that are known. */
  isKnown(key: string): boolean
}

/**
 * Counts, and warns once of, tags that are probably a mistake: an unknown one, and a declared one that is missing.
 * Called when a row is made, so that warm records pay nothing. Never throws.
 *
 * Tags of a tag map may come from the async context and be meant for other measures: there, and for measures that declare
 * no tag keys, an unknown key is taken for a mistake only if it is similar to one that is missing.
 */
export function noticeLabels(labels: Labels, expected: ExpectedLabels): void {
  try {
    const absent = expected.keys.filter((key) => !(key in labels))
    const isPlain = expected.declared !== undefined && !areOfTagMap(labels)
    const explained = new Set<string>()
    for (const key of Object.keys(labels)) {
      if (expected.keys.includes(key) || expected.isKnown(key)) continue
      const near = nearest(key.slice(0, MAX_LENGTH), absent)
      if (near !== undefined) explained.add(near)
      if (isPlain || near !== undefined) unknown(expected, key.slice(0, MAX_LENGTH), near)
    }
    for (const key of absent) if (expected.declared?.includes(key)) missing(expected.name, key, explained.has(key))
  } catch {
    // A proxy among the labels threw; it is counted when they are read for the row.
  }
}

function unknown({ name, keys }: ExpectedLabels, key: string, near: string | undefined): void {
  internalCount(UNKNOWN, name, key).value++
  const hint = near === undefined ? `known are ${keys.join(', ') || 'none'}` : `perhaps ${near}`
  warnOnce('TALLYSCOPE_UNKNOWN_TAG', `${name} ${key}`, `${name} was given the tag ${JSON.stringify(key)}, which nobody knows (${hint})`)
}

function missing(name: string, key: string, isExplained: boolean): void {
  internalCount(MISSING, name, key).value++
  if (isExplained) return // the warning about the similar tag covers it
  warnOnce(
    'TALLYSCOPE_MISSING_TAG',
    `${name} ${key}`,
    `${name} was given no tag ${JSON.stringify(key)}, neither with the value nor by the async context; its row has none`,
  )
}
