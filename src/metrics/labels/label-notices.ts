import { warnOnce } from '../../base/logger.js'
import { nearest } from '../../base/strings/nearest-name.js'
import { internalCount, internalCounter } from '../../base/internal-metrics.js'
import { areOfTagMap, type Labels } from './shared-tag-map.js'

const UNKNOWN = internalCounter(
  'tallyscope_unknown_tags_total',
  'Rows made by records with a tag that is neither a key of a view nor declared by the measure.',
  'measure',
  'key',
)
const MISSING = internalCounter(
  'tallyscope_missing_tags_total',
  'Rows made by records without a declared tag that is a key of a view.',
  'measure',
  'key',
)

/** Limit of a key's length. */
const MAX_LENGTH = 255

export interface ExpectedLabels {
  /** The measure or the instrument. */
  readonly name: string
  /** Keys of the rows. */
  readonly keys: readonly string[]
  /** Keys that must be given; undefined if none were declared: then any key may be missing or added. */
  readonly declared: readonly string[] | undefined
  /** True for further known keys. */
  isKnown(key: string): boolean
}

/**
 * Counts tags that are probably a mistake, and warns once about each: unknown ones, and declared ones that are missing. Called when a row
 * is made, so that later records are not affected. Never throws.
 *
 * Tags of a tag map may come from the async context and be intended for other measures. For them, and for measures that declare no tag
 * keys, an unknown key counts as a mistake only if it is similar to a missing one.
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
      if (isPlain || near !== undefined) reportUnknown(expected, key.slice(0, MAX_LENGTH), near)
    }
    for (const key of absent) if (expected.declared?.includes(key)) reportMissing(expected.name, key, explained.has(key))
  } catch {
    // A proxy threw. It is counted when the labels are read for the row.
  }
}

function reportUnknown({ name, keys }: ExpectedLabels, key: string, near: string | undefined): void {
  internalCount(UNKNOWN, name, key).value++
  const hint = near === undefined ? `known are ${keys.join(', ') || 'none'}` : `perhaps ${near}`
  warnOnce('TALLYSCOPE_UNKNOWN_TAG', `${name} ${key}`, `${name} was given the unknown tag ${JSON.stringify(key)} (${hint})`)
}

function reportMissing(name: string, key: string, isExplained: boolean): void {
  internalCount(MISSING, name, key).value++
  if (isExplained) return // the warning about the similar tag covers it
  warnOnce(
    'TALLYSCOPE_MISSING_TAG',
    `${name} ${key}`,
    `${name} was recorded without the tag ${JSON.stringify(key)}, which neither the call nor the async context has`,
  )
}

/**
 * Warns once that a store of rows is full, and names the label with the most values.
 * @param rowLimit The limit of the store if that is reached; undefined if it is the limit for all stores, `allRows`.
 * @param counts The number of values of each key.
 */
export function reportFull(
  name: string,
  rowLimit: number | undefined,
  allRows: number,
  keys: readonly string[],
  counts: readonly number[],
): void {
  const limit = rowLimit === undefined ? `the limit of ${allRows} rows for all together` : `its limit of ${rowLimit} rows`
  const most = Math.max(0, ...counts)
  const label = most === 0 ? '' : `; tag ${JSON.stringify(keys[counts.indexOf(most)])} has ${most} values`
  warnOnce('TALLYSCOPE_OVERFLOW', name, `${name} has reached ${limit}, further ones are added up in one${label}`)
}
