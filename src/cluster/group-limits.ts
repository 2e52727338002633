import { checkNumber, checkOptions, type OptionNames } from '../base/check-options.js'
import { type DataLimits, DEFAULT_DATA_LIMITS } from './data/contributor.js'

export interface GroupLimits {
  /** Processes and threads; further ones are refused and counted. Default 256. */
  readonly members?: number
  /** Families that one member may have. Default 10 000. */
  readonly definitions?: number
  /** Rows that one member may have. Each 64 buckets of a row count as one more. Default 100 000. */
  readonly rows?: number
  /** Rows of all merged families together, with buckets counted alike; the rest is in their overflow rows. Default 100 000. */
  readonly mergedRows?: number
}

export type ResolvedGroupLimits = DataLimits & { readonly members: number }

const LIMITS: OptionNames<GroupLimits> = { members: true, definitions: true, rows: true, mergedRows: true }
const MAX = 10_000_000

/** @throws {@link DefinitionError} `ERR_OPTION` for an unknown limit, `ERR_GROUP_OPTION` for one that is not a whole number from 1. */
export function readGroupLimits(limits: GroupLimits = {}): ResolvedGroupLimits {
  checkOptions('limits of shareMetrics', limits, LIMITS)
  const read = (name: keyof GroupLimits, otherwise: number, max = MAX): number =>
    checkNumber('ERR_GROUP_OPTION', `limits.${name}`, limits[name] ?? otherwise, { min: 1, max, integer: true })
  return {
    members: read('members', 256, 4_096),
    definitions: read('definitions', DEFAULT_DATA_LIMITS.definitions),
    rows: read('rows', DEFAULT_DATA_LIMITS.rows),
    mergedRows: read('mergedRows', DEFAULT_DATA_LIMITS.mergedRows),
  }
}
