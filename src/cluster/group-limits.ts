import { checkNumber, checkOptions, type OptionNames, optionNames } from '../base/check-options.js'
import { type DataLimits, DEFAULT_DATA_LIMITS } from './frames/contributor.js'

export interface GroupLimits {
  /** Processes and threads. Further ones are refused and counted. Default 256. */
  readonly members?: number
  /** Families that one member may have, and a fourth of those of the group. Each 4 kB of a definition count as one more. Default 10 000. */
  readonly definitions?: number
  /** Rows that one member may have. Each 64 buckets of a row count as one more. Default 100 000. */
  readonly rows?: number
  /** Rows of all merged families together, buckets counted in the same way. Further rows are added to overflow rows. Default 100 000. */
  readonly mergedRows?: number
  /**
   * Bytes of one message between members, 64 KiB to 64 MiB, and at least 160 for each member. A row that needs more is not sent, and
   * counted. Pass the same to all members. Default 1 MiB.
   */
  readonly frameBytes?: number
  /** Bytes of unread messages of each member, 64 KiB to 64 MiB. A member waits while this limit is reached. Default 1 MiB. */
  readonly queueBytes?: number
}

type ResolvedGroupLimits = DataLimits & { readonly members: number }

const LIMITS: OptionNames<GroupLimits> = optionNames('members definitions rows mergedRows frameBytes queueBytes')
const MAX = 10_000_000
const BYTES = { min: 1 << 16, max: 1 << 26 }
/** The list of all members is one message, with an entry of this size for each. */
const BYTES_PER_MEMBER = 160

/** @throws {@link DefinitionError} `ERR_OPTION` for an unknown limit, `ERR_GROUP_OPTION` for one that is not a whole number or out of range. */
export function readGroupLimits(limits: GroupLimits = {}): ResolvedGroupLimits {
  checkOptions('limits of shareMetrics', limits, LIMITS)
  const read = (name: keyof GroupLimits, otherwise: number, { min = 1, max = MAX } = {}): number =>
    checkNumber('ERR_GROUP_OPTION', `limits.${name}`, limits[name] ?? otherwise, { min, max, integer: true })
  const members = read('members', 256, { max: 4_096 })
  return {
    members,
    definitions: read('definitions', DEFAULT_DATA_LIMITS.definitions),
    rows: read('rows', DEFAULT_DATA_LIMITS.rows),
    mergedRows: read('mergedRows', DEFAULT_DATA_LIMITS.mergedRows),
    frameBytes: read('frameBytes', DEFAULT_DATA_LIMITS.frameBytes, { ...BYTES, min: Math.max(BYTES.min, BYTES_PER_MEMBER * members) }),
    queueBytes: read('queueBytes', DEFAULT_DATA_LIMITS.queueBytes, BYTES),
  }
}
